"""A case: who works on it, what was noted, what happened to it. Knows nothing of the trail."""

from django.conf import settings
from django.db import models

from accounts.models import User
from accounts.records import Record, new_public_id
from accounts.roles import may_investigate, sees_every_case


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> "CaseQuerySet":
        """The cases this person may know of: those they are in, and every one for a lead."""
        return self if sees_every_case(user) else self.filter(memberships__user=user)

    def writable_by(self, user: User) -> "CaseQuerySet":
        """The open cases this person may pin to."""
        found = self.filter(status=Case.Status.OPEN)
        if sees_every_case(user):
            return found
        if not may_investigate(user):
            return found.none()
        return found.filter(memberships__user=user, memberships__level__in=Membership.WRITERS)


class Case(models.Model):
    """An investigation. Its evidence, notes and activity hang on it and are never deleted."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    class Severity(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        CRITICAL = "critical", "Critical"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=20_000)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.MEDIUM)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_by_name = models.CharField(max_length=200)
    opened_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ("-changed_at", "-pk")

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.status == Case.Status.OPEN

    def membership_of(self, user: User) -> "Membership | None":
        """Runs one query."""
        return self.memberships.filter(user=user).first()


class Membership(models.Model):
    """A person in a case. Readers see it; members write; the case's leads choose who is in it."""

    class Level(models.TextChoices):
        LEAD = "lead", "Leads the case"
        MEMBER = "member", "Member"
        READER = "reader", "Reads only"

    WRITERS = (Level.LEAD, Level.MEMBER)

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    level = models.CharField(max_length=10, choices=Level)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("added_at", "pk")
        constraints = (models.UniqueConstraint(fields=("case", "user"), name="one_membership_each"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.case}"


class Note(Record):
    """What somebody wrote down in a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField(max_length=20_000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=200)
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("written_at", "pk")

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:40]}"


class Activity(Record):
    """One thing done to a case; `event_id` is the same thing's event in the trail."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="activities")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=40)
    summary = models.CharField(max_length=500)
    event_id = models.CharField(max_length=80)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.summary}"
