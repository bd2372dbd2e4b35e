"""A search that runs by itself over what arrives, and what it found. Findings are kept for ever."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.records import new_public_id
from investigations.models.cases import Case


class Detection(models.Model):
    """A search asked again and again of what the trail took in since the last look, by `event.ingested`.

    What was taken in up to `looked_until` has been looked at, once and in full; the next look begins right after it. It is
    asked of nobody's behalf: it finds no event of the console itself. `failures` are looks in a row that failed.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=120)
    search = models.JSONField()
    words = models.CharField(max_length=2_000)
    severity = models.CharField(max_length=10, choices=Case.Severity, default=Case.Severity.MEDIUM)
    minutes = models.PositiveIntegerField(default=5, validators=[MinValueValidator(1), MaxValueValidator(1440)])
    enabled = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)
    looked_until = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("name", "pk")
        indexes = (models.Index(fields=("next_at",), condition=models.Q(enabled=True), name="detections_due"),)

    def __str__(self) -> str:
        return self.name


class Finding(models.Model):
    """What one look found: in what was taken in from `window_start` to `window_end`, both included, `count` events.

    `events` are the first of them, as (index, id); `search` finds exactly these. A window raises one finding at most.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    detection = models.ForeignKey(Detection, on_delete=models.PROTECT, related_name="findings")
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    found_at = models.DateTimeField(auto_now_add=True)
    severity = models.CharField(max_length=10, choices=Case.Severity)
    count = models.PositiveBigIntegerField()
    events = models.JSONField()
    search = models.JSONField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=2_000, blank=True)

    class Meta:
        ordering = ("-found_at", "-pk")
        constraints = (models.UniqueConstraint(fields=("detection", "window_start"), name="one_finding_of_a_window"),)
        indexes = (models.Index(fields=("-found_at",), condition=models.Q(acknowledged_at=None), name="new_findings"),)

    def __str__(self) -> str:
        return f"{self.detection}: {self.count}"
