"""Models failures of the trail itself, from the first sign of one until a person has said what it was. Never deleted."""

from typing import Any

from django.conf import settings
from django.db import models

from core.records import Record, new_public_id


class Incident(models.Model):
    """One failure with one cause. While it is not resolved, the same thing failing again is the same incident."""

    class Kind(models.TextChoices):
        OUTAGE = "outage", "A part is down"
        NOT_WRITTEN = "not_written", "An event was not made durable"
        CONFLICT = "conflict", "Two events claim one id"
        REJECTED = "rejected", "Events were rejected"
        GAP = "gap", "Events never arrived"
        SILENCE = "silence", "A writer fell silent"
        TAMPERED = "tampered", "The trail is not what was sealed"
        NOT_SEALED = "not_sealed", "Events are not sealed"
        CHECK = "check", "The trail is not kept as it should be"
        SNAPSHOT = "snapshot", "A snapshot failed or is late"
        DETECTION = "detection", "A detection cannot look"
        PRIVILEGE = "privilege", "Somebody was given rights"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    # What failed, or whose event: a part, an index, a writer. With the kind it tells one incident from another.
    subject = models.CharField(max_length=200)
    what = models.CharField(max_length=1_000)
    latest = models.CharField(max_length=1_000)
    opened_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    failures = models.PositiveBigIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    # Since when it does not fail any more; empty while it does. A person resolves it all the same.
    over_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_name = models.CharField(max_length=200, blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by_name = models.CharField(max_length=200, blank=True)
    resolution = models.CharField(max_length=2_000, blank=True)

    class Meta:
        ordering = ("-opened_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject"), condition=models.Q(resolved_at=None), name="one_open_incident_each"
            ),
        )
        # The header of every page counts these.
        indexes = (
            models.Index(fields=("over_at",), condition=models.Q(resolved_at=None), name="unresolved_incidents"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def state(self) -> str:
        """In one word: failing, over or resolved."""
        if self.resolved_at is not None:
            return "resolved"
        return "failing" if self.over_at is None else "over"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Always raises TypeError."""
        raise TypeError("An incident is kept for ever")


class IncidentWriter(models.Model):
    """Whose events an incident touched, and how many."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="writers")
    writer = models.CharField(max_length=200)
    events = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("writer",)
        constraints = (models.UniqueConstraint(fields=("incident", "writer"), name="one_line_for_each_writer"),)

    def __str__(self) -> str:
        return f"{self.writer}: {self.events}"


class IncidentStep(Record):
    """One step in the life of an incident. `by_name` is empty where nobody but the console itself took it."""

    class Kind(models.TextChoices):
        OPENED = "opened", "opened"
        OVER = "over", "over"
        AGAIN = "again", "failing again"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        NOTED = "noted", "noted"
        RESOLVED = "resolved", "resolved"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    by_name = models.CharField(max_length=200, blank=True)
    by_role = models.CharField(max_length=10, blank=True)
    # Since when the trail holds the record of it; what the console itself did needs none.
    recorded_at = models.DateTimeField(null=True)
    text = models.CharField(max_length=2_000, blank=True)

    class Meta:
        ordering = ("at", "pk")

    @property
    def awaits_record(self) -> bool:
        """Whether the trail still lacks the record of what a person did."""
        return bool(self.by_name) and self.recorded_at is None

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"
