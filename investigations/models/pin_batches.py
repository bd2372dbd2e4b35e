"""Keeps pin batches: all results of a run pinned to a case in the background, step by step."""

from django.db import models

from investigations.models.cases import Case
from investigations.models.evidence import Evidence
from investigations.models.hypotheses import Hypothesis
from investigations.models.jobs import Job
from investigations.models.runs import Run


class PinBatchQuerySet(models.QuerySet["PinBatch"]):
    def under_way(self) -> "PinBatchQuerySet":
        """Those that wait, and those that are worked on."""
        return self.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))


class PinBatch(Job):
    """`done` counts the events of the run that are in the case now: `pinned` by this batch, `already` there before.

    `steps` is how many chunks of the run are done, and `place` how many events of the next one, from which another worker goes
    on. Each event that is pinned speaks for a `hypothesis`, or against it, where one is named. `event_id` is the trail's record
    that it began; `ids_digest` the SHA-256 of the ids of all events of the run (trail.questions.id_digest), once it has finished.
    `address` and `client` are those of the request that asked for it.
    """

    TASK = "investigations.tasks.pin_results"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pin_batches")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="pin_batches")
    reason = models.TextField(max_length=2_000)
    relevance = models.CharField(max_length=10, choices=Evidence.Relevance, blank=True)
    tags = models.CharField(max_length=1_000, blank=True)
    hypothesis = models.ForeignKey(Hypothesis, null=True, on_delete=models.PROTECT, related_name="+")
    speaks_for = models.BooleanField(default=True)
    steps = models.PositiveIntegerField(default=0)
    place = models.PositiveIntegerField(default=0)
    pinned = models.PositiveBigIntegerField(default=0)
    already = models.PositiveBigIntegerField(default=0)
    ids_digest = models.CharField(max_length=64, blank=True)
    event_id = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=1_000, blank=True)

    objects = PinBatchQuerySet.as_manager()

    class Meta(Job.Meta):
        verbose_name_plural = "pin batches"
        constraints = (
            models.UniqueConstraint(
                fields=("case", "run"),
                condition=models.Q(state__in=("queued", "running")),
                name="run_pinned_once_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"all results of {self.run_id} to {self.case_id} ({self.state})"
