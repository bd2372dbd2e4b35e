"""Keeps what is to be done in a case, by whom, until when."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from investigations.models.cases import Case


class CaseTaskQuerySet(models.QuerySet["CaseTask"]):
    def in_working_order(self) -> "CaseTaskQuerySet":
        """Open ones first, of them what is due first; the others as they were made."""
        is_settled = models.Case(models.When(state=CaseTask.State.OPEN, then=0), default=1)
        return self.order_by(is_settled, models.F("due").asc(nulls_last=True), "number")

    def open_for(self, user: User) -> "CaseTaskQuerySet":
        """What this person has to do, in cases that are worked on and that they may still see."""
        cases = Case.objects.visible_to(user).not_closed().values("pk")
        return self.filter(assignee=user, state=CaseTask.State.OPEN, case__in=cases)


class CaseTask(models.Model):
    """Something to be done. `number` counts within the case; `revision` counts changes of its words, as that of a case does.

    `foreign_assignee` is who was to do it at the console that the case came from, who is nobody's user here.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        DROPPED = "dropped", "Not needed"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tasks")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    foreign_assignee = models.CharField(max_length=200, blank=True)
    due = models.DateField(null=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    settled_by_name = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True)

    objects = CaseTaskQuerySet.as_manager()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="task_numbered_once"),)
        indexes = (models.Index(fields=("assignee",), condition=Q(state="open"), name="open_tasks_of_somebody"),)

    def __str__(self) -> str:
        return f"T{self.number} {self.title}"

    @property
    def assignee_name(self) -> str:
        """Whose it is, of this console or of another; empty where it is nobody's."""
        return str(self.assignee) if self.assignee else self.foreign_assignee

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == CaseTask.State.OPEN

    def is_late(self, today: date) -> bool:
        """Whether it should have been done by now."""
        return self.is_open and self.due is not None and self.due < today
