"""Keeps the custody of evidence: what was done with each piece, by whom, when and from where."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.records import Record
from investigations.models.cases import Case
from investigations.models.evidence import Evidence
from investigations.models.exports import Export


class CustodyQuerySet(models.QuerySet["CustodyEntry"]):
    """Rows are added and read. Raises TypeError for whoever would change or delete some."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused. Raises TypeError."""
        raise TypeError("custody is written once and not changed")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused. Raises TypeError."""
        raise TypeError("custody is written once and not changed")

    def delete(self) -> NoReturn:
        """Refused. Raises TypeError."""
        raise TypeError("custody is kept for ever")


class CustodyEntry(Record):
    """One act on one piece of evidence.

    `by` is empty where the schedule did it; `address` and `client` are empty where no request asked for it.
    `detail` says what the act came to: the name of an export (`export`), what a verification found, what was annotated.
    `event_id` is the event of the trail that records the act, where one does.
    """

    class Action(models.TextChoices):
        PIN = "pin", "Pinned"
        VIEW = "view", "Viewed"
        ANNOTATE = "annotate", "Annotated"
        VERIFY = "verify", "Verified"
        EXPORT = "export", "Exported"
        DOWNLOAD = "download", "Downloaded"
        WITHDRAW = "withdraw", "Withdrawn"
        IMPORT = "import", "Imported"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="custody")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="custody")
    action = models.CharField(max_length=10, choices=Action)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=1_000, blank=True)
    export = models.ForeignKey(Export, null=True, on_delete=models.PROTECT, related_name="custody")
    detail = models.CharField(max_length=500, blank=True)
    event_id = models.CharField(max_length=80, blank=True)

    objects = CustodyQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name_plural = "custody entries"
        indexes = (
            models.Index(fields=("case", "id"), name="custody_of_case"),
            models.Index(fields=("evidence", "action", "id"), name="custody_of_evidence"),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.by_name}"
