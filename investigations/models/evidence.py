"""Keeps evidence: an event pinned to a case as a frozen copy with its digest, or a statement, as that there is none such."""

from typing import Any

import orjson
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from investigations.models.cases import Case

FROZEN = frozenset(
    {"kind", "frozen", "digest", "event_id", "event_index", "event_timestamp", "case_id", "number", "reason"}
)


# What the statement of a kind begins with, in a few words.
STATEMENT_WORDS = {"absence": "No event", "result_set": "Result set", "finding": "Finding"}


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def not_withdrawn(self) -> "EvidenceQuerySet":
        """What has not been withdrawn."""
        return self.filter(withdrawn_at=None)

    def in_time_order(self) -> "EvidenceQuerySet":
        """By the events' own time to the nanosecond, then by id: the order of every timeline and export."""
        return self.order_by("event_place", "event_id")


class Evidence(models.Model):
    """`frozen` is the event as the trail held it, as JSON; `digest` the SHA-256 of its canonical form (see trail.events).

    Of an absence, a result set or a finding `frozen` is a statement (trail.questions.statements), `event_id` is the event of the
    trail that put it on record and names its digest, and the time is that up to which it holds.
    Withdrawn evidence stays: with who withdrew it, when, and why. `search` and `run` say how it was found. `relevance` and its
    tags are what people think of it, and may change; `revision` counts these changes, as that of a case does.
    """

    class Kind(models.TextChoices):
        EVENT = "event", "an event"
        ABSENCE = "absence", "an absence"
        RESULT_SET = "result_set", "a result set"
        FINDING = "finding", "a finding"

    class Relevance(models.TextChoices):
        KEY = "key", "Key"
        SUPPORTING = "supporting", "Supporting"
        CONTEXT = "context", "Context"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.EVENT)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="evidence")
    number = models.PositiveIntegerField()
    event_id = models.CharField(max_length=512)
    event_index = models.CharField(max_length=255)
    event_timestamp = models.CharField(max_length=40)
    # The time in text of equal length, so that a database sorts it to the nanosecond.
    event_place = models.CharField(max_length=40, db_index=True)
    # Bytes, for a database's own JSON keeps no NUL, and numbers as it sees fit.
    frozen = models.BinaryField()
    digest = models.CharField(max_length=64)
    # The number of the event in the sealed log, once it is known: with it the copy is proved though the index be gone.
    leaf = models.PositiveBigIntegerField(null=True)
    reason = models.TextField(max_length=2_000)
    search = models.JSONField(default=dict)
    run = models.ForeignKey("investigations.Run", null=True, on_delete=models.PROTECT, related_name="+")
    relevance = models.CharField(max_length=10, choices=Relevance, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    # Nobody of this console where it came from another.
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    pinned_by_name = models.CharField(max_length=200)
    pinned_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_name = models.CharField(max_length=200, blank=True)
    withdrawn_reason = models.TextField(max_length=2_000, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ("event_place", "event_id")
        verbose_name_plural = "evidence"
        constraints = (
            models.UniqueConstraint(fields=("case", "number"), name="numbered_once"),
            models.UniqueConstraint(fields=("case", "event_id"), condition=Q(withdrawn_at=None), name="pinned_once"),
        )
        # A case may hold very much, and its copies are large: what a page counts and orders by is read from these alone.
        indexes = (
            models.Index(
                fields=("case", "event_place", "event_id"), condition=Q(withdrawn_at=None), name="timeline_of_case"
            ),
            models.Index(fields=("case", "kind"), condition=Q(withdrawn_at=None), name="kinds_of_case"),
            models.Index(fields=("case", "kind"), condition=Q(withdrawn_at=None, leaf=None), name="unproved_of_case"),
            models.Index(
                fields=("case", "event_place"), condition=Q(withdrawn_at__isnull=False), name="withdrawn_of_case"
            ),
            models.Index(fields=("case", "relevance"), name="relevance_of_case"),
            models.Index(fields=("event_id",), name="cases_of_an_event"),
        )

    def __str__(self) -> str:
        return f"E{self.number} {self.event_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only a withdrawal, a leaf and what people think of it may be noted later, and only by naming the fields."""
        changed = set(kwargs.get("update_fields") or ())
        if self.pk is not None and (not changed or changed & FROZEN):
            raise TypeError(
                "evidence is frozen: only its withdrawal, its leaf and what people think of it are recorded later"
            )
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: evidence is kept for ever. Raises TypeError."""
        raise TypeError("evidence is kept for ever; withdraw it instead")

    @property
    def document(self) -> dict[str, Any]:
        """The frozen copy, or the statement; parsed once for these bytes, and not to be changed."""
        parsed: tuple[Any, dict[str, Any]] | None = self.__dict__.get("_parsed")
        if parsed is None or parsed[0] is not self.frozen:
            parsed = (self.frozen, orjson.loads(self.frozen))
            self.__dict__["_parsed"] = parsed
        return parsed[1]

    @property
    def is_statement(self) -> bool:
        """Whether it is a statement and no event: of what a search did not find, what it found, or what a detection raised."""
        return self.kind != Evidence.Kind.EVENT

    @property
    def what(self) -> str:
        """In a few words, what it shows."""
        if self.is_statement:
            return f"{STATEMENT_WORDS[self.kind]}: {self.document['query']['words']}"
        return str(self.document["event"]["action"])

    @property
    def label(self) -> str:
        """How people call it: E7."""
        return f"E{self.number}"


class EvidenceTag(models.Model):
    """One of the words by which evidence of a case is found."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=40, db_index=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("evidence", "name"), name="evidence_tagged_once"),)

    def __str__(self) -> str:
        return self.name
