"""Keeps what people enter into the timeline of a case by hand, with every version of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.records import Record
from investigations.models.cases import Case


class Phase(models.TextChoices):
    """Where an incident stands: the tactics of ATT&CK Enterprise that tokens are used for, then the steps of a response to it
    (NIST SP 800-61, 3)."""

    INITIAL_ACCESS = "initial_access", "Initial access"
    PERSISTENCE = "persistence", "Persistence"
    PRIVILEGE_ESCALATION = "privilege_escalation", "Privilege escalation"
    CREDENTIAL_ACCESS = "credential_access", "Credential access"
    DISCOVERY = "discovery", "Discovery"
    LATERAL_MOVEMENT = "lateral_movement", "Lateral movement"
    COLLECTION = "collection", "Collection"
    EXFILTRATION = "exfiltration", "Exfiltration"
    IMPACT = "impact", "Impact"
    DETECTED = "detected", "Detected"
    CONTAINED = "contained", "Contained"
    ERADICATED = "eradicated", "Eradicated"
    RECOVERED = "recovered", "Recovered"


class ManualEventQuerySet(models.QuerySet["ManualEvent"]):
    def not_withdrawn(self) -> "ManualEventQuerySet":
        """What has not been withdrawn."""
        return self.filter(withdrawn_at=None)


class ManualEvent(models.Model):
    """Something that no log says and somebody entered: a call, a decision, a span. It is marked as that wherever it stands.

    `starts` and `ends` are RFC 3339 in UTC; `ends` is empty where it took no time. `place` is `starts` as text of equal length,
    which sorts among the places of evidence. With a `phase` it is a milestone: that phase begins there. `number` counts within
    the case, and people call it M3.
    """

    class Kind(models.TextChoices):
        OBSERVATION = "observation", "Observation"
        CALL = "call", "Call"
        MESSAGE = "message", "Message"
        DECISION = "decision", "Decision"
        ACTION = "action", "Action"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="manual_events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.OBSERVATION)
    title = models.CharField(max_length=300)
    details = models.TextField(blank=True, max_length=5_000)
    starts = models.CharField(max_length=40)
    ends = models.CharField(max_length=40, blank=True)
    place = models.CharField(max_length=40)
    phase = models.CharField(max_length=30, choices=Phase, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_name = models.CharField(max_length=200, blank=True)
    withdrawn_reason = models.TextField(max_length=2_000, blank=True)

    objects = ManualEventQuerySet.as_manager()

    class Meta:
        ordering = ("place", "number")
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="manual_event_numbered_once"),)
        indexes = (models.Index(fields=("case", "place"), name="manual_events_in_order"),)

    def __str__(self) -> str:
        return f"{self.label} {self.title}"

    @property
    def label(self) -> str:
        """How people call it: M3."""
        return f"M{self.number}"


class ManualEventVersion(Record):
    """The words of a hand-made event as they were from one change to the next."""

    event = models.ForeignKey(ManualEvent, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    words = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("event", "number"), name="manual_event_version_once"),)

    def __str__(self) -> str:
        return f"{self.event}, version {self.number}"
