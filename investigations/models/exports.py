"""Keeps exports: files made in the background from a case's timeline or a run's results, with their digests."""

from django.db import models

from investigations.models.case_verifications import CaseVerification
from investigations.models.cases import Case
from investigations.models.jobs import Job
from investigations.models.redaction import RedactionProfile
from investigations.models.runs import Run

# In an export's `cases`: every case there is, but for those that stand there behind NOT_CASE.
EVERY_CASE, NOT_CASE = "*", "!"


class Export(Job):
    """The file is `public_id` in the exports folder; it exists, whole, exactly when the state is finished, until it is
    deleted at `removed_at`. The row stays."""

    TASK = "investigations.tasks.write_export"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSON Lines"
        BUNDLE = "bundle", "bundle with proofs"
        CASE_BUNDLE = "case_bundle", "case bundle"
        XLSX = "xlsx", "Excel workbook"
        TIMESKETCH_CSV = "timesketch_csv", "Timesketch CSV"
        TIMESKETCH_JSONL = "timesketch_jsonl", "Timesketch JSON Lines"
        PARQUET = "parquet", "Parquet"
        STIX = "stix", "STIX 2.1"
        OCSF = "ocsf", "OCSF 1.2"

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="exports")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="exports")
    format = models.CharField(max_length=20, choices=Format)
    name = models.CharField(max_length=120)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Outside a case: the cases whose records its starter could find when the file was written. None where that is not known, as
    # of files of older versions; of a lead's EVERY_CASE, and behind NOT_CASE each restricted case that they were not in.
    cases = models.JSONField(null=True)
    # The witnesses who had not cosigned the checkpoint of a bundle, by name.
    uncosigned = models.JSONField(default=list)
    # In which the person read times who asked for it; the file itself has them in UTC.
    time_zone = models.CharField(max_length=64, default="UTC")
    # Of a case's evidence, before the file was written; none in exports of runs and of older versions.
    verification = models.ForeignKey(CaseVerification, null=True, on_delete=models.PROTECT, related_name="exports")
    # Of the request that asked for it, for the custody of what it holds.
    address = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=1_000, blank=True)
    # By which what it holds was redacted; none of a file that says all.
    redaction = models.ForeignKey(RedactionProfile, null=True, on_delete=models.PROTECT, related_name="exports")
    # Of a CSV: the columns that were chosen, none where it has all; and whether a byte order mark stands first.
    columns = models.JSONField(default=list)
    has_bom = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True)

    class Meta(Job.Meta):
        pass

    def __str__(self) -> str:
        return self.name
