"""Keeps cases: who works on them, what was noted, what was done to them. Knows nothing of the trail."""

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.roles import may_investigate, sees_every_case
from core.records import Record, new_public_id
from investigations.models.case_templates import CaseTemplate
from investigations.models.severity import Severity


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> "CaseQuerySet":
        """The cases this person may know of: those they are in, and for a lead every one that is not restricted."""
        if sees_every_case(user):
            return self.filter(Q(is_restricted=False) | _is_in(user))
        return self.filter(memberships__user=user)

    def hidden_from(self, user: User) -> "CaseQuerySet":
        """The restricted cases that this person is not in."""
        return self.filter(~_is_in(user), is_restricted=True)

    def with_origin(self) -> "CaseQuerySet":
        """The same, each of which knows whether it `is_foreign`."""
        return self.annotate(has_origin=Q(foreign__isnull=False))

    def not_closed(self) -> "CaseQuerySet":
        """The cases that are worked on: those that are open or contained."""
        return self.exclude(status=Case.Status.CLOSED)

    def writable_by(self, user: User) -> "CaseQuerySet":
        """The open cases this person may pin to."""
        cases = self.not_closed()
        if not may_investigate(user):
            return cases.none()
        if sees_every_case(user):
            return cases.filter(Q(is_restricted=False) | _is_in(user, Membership.WRITERS))
        return cases.filter(memberships__user=user, memberships__level__in=Membership.WRITERS)


def _is_in(user: User, levels: Sequence[str] = ()) -> Q:
    """That the person is in a case, at one of the levels where some are named."""
    places = Membership.objects.filter(user=user)
    return Q(pk__in=(places.filter(level__in=levels) if levels else places).values("case"))


class Case(models.Model):
    """An investigation. Its evidence, notes and activity hang on it and are never deleted.

    `number` is how people call it (C-2026-0042), `public_id` how addresses and the audit log do. `revision` counts the
    changes of its own words (title, summary, severity, assignee, tags), so that who changes them from a page that was shown
    before another's change is told. A restricted case is known to its members alone, leads included. A case that was
    merged into another stays closed, and keeps its number and what it holds.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CONTAINED = "contained", "Contained"
        CLOSED = "closed", "Closed"

    class Disposition(models.TextChoices):
        TRUE_POSITIVE = "true_positive", "True positive: it was an incident"
        BENIGN = "benign", "Benign: it was expected"
        FALSE_POSITIVE = "false_positive", "False positive: it did not happen"
        DUPLICATE = "duplicate", "Duplicate of another case"
        INCONCLUSIVE = "inconclusive", "Inconclusive"

    Severity = Severity

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    number = models.CharField(max_length=16, unique=True, editable=False)
    title = models.CharField(max_length=200)
    description = models.TextField("summary", blank=True, max_length=20_000)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.MEDIUM)
    disposition = models.CharField(max_length=20, choices=Disposition, blank=True)
    closing_reason = models.TextField(blank=True, max_length=2_000)
    closed_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_cases")
    template = models.ForeignKey(CaseTemplate, null=True, on_delete=models.PROTECT, related_name="cases")
    is_restricted = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
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
    def is_foreign(self) -> bool:
        """Whether it came from another console, where it was read `with_origin`."""
        return bool(getattr(self, "has_origin", False))

    @property
    def is_open(self) -> bool:
        """Whether it takes evidence, notes and changes."""
        return self.status != Case.Status.CLOSED

    @property
    def disposition_words(self) -> str:
        """What it turned out to be, in a word or two; the empty text for a case that is not closed."""
        return str(self.get_disposition_display()).partition(":")[0].lower()

    @property
    def outward_name(self) -> str:
        """How another case calls it, whose people may not know of it: by its number, unless it is restricted."""
        return "a restricted case" if self.is_restricted else self.number

    def name_evidence(self, number: int) -> str:
        """How another case calls evidence of this one: C-2026-0042-E3."""
        return f"E{number} of {self.outward_name}" if self.is_restricted else f"{self.number}-E{number}"

    def membership_of(self, user: User) -> "Membership | None":
        """Runs one query."""
        return self.memberships.filter(user=user).first()


class CaseSerial(models.Model):
    """The last number that was given to a case of a year."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class CaseTag(models.Model):
    """One of the words by which a case is found."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40, db_index=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("case", "name"), name="tagged_once"),)

    def __str__(self) -> str:
        return self.name


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


class Activity(Record):
    """One thing done to a case; `event_id` is the same thing's event in the trail."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="activities")
    at = models.DateTimeField(default=timezone.now, editable=False)
    # Nobody of this console where it came from another.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=40)
    summary = models.CharField(max_length=500)
    event_id = models.CharField(max_length=80)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.summary}"
