"""Exports: a file made in the background from a case's timeline or a run's results, with its digest."""

from django.db import models

from investigations.models.cases import Case
from investigations.models.jobs import Job
from investigations.models.runs import Run


class Export(Job):
    """The file is `public_id` in the exports folder; it exists, whole, exactly when the state is finished."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSON Lines"
        BUNDLE = "bundle", "bundle with proofs"

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="exports")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="exports")
    format = models.CharField(max_length=10, choices=Format)
    name = models.CharField(max_length=120)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta(Job.Meta):
        pass

    def __str__(self) -> str:
        return self.name
