"""Keeps detections, which are searches that run by themselves over what arrives, and their findings, which stay for ever."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from core.records import new_public_id
from investigations.models.cases import Case


class Detection(models.Model):
    """A search asked again and again of what has arrived in the trail since the last look.

    `place` says of each shard of the trail up to which of the engine's numbers it has looked (trail.questions.new_events): once
    and in full; the next look begins right after it. It is None until the first look of a detection from before there were
    places, which goes on from `looked_until` by `event.ingested`. `looked_until` is when the numbers of the last look were
    read. It is asked on nobody's behalf: it finds no event of the console itself. `failures` are looks in a row that failed;
    `revision` counts the changes of what a person may change.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=120)
    search = models.JSONField()
    words = models.CharField(max_length=2_000)
    severity = models.CharField(max_length=10, choices=Case.Severity, default=Case.Severity.MEDIUM)
    minutes = models.PositiveIntegerField(default=5, validators=[MinValueValidator(1), MaxValueValidator(1440)])
    enabled = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)
    place = models.JSONField(null=True)
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
    """What one look found: in what arrived from `window_start` to `window_end`, both included, `count` events.

    `events` are the first of them, as (index, id). `search` finds exactly these where their ids fit into an address; of more
    it finds what the detection finds among events with the same times of `event.ingested`. A window raises one finding at
    most.
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
