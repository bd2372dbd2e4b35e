"""Keeps how the report of a case is put together: its title, its sections in order, and whether it is a draft."""

from django.db import models

from investigations.models.cases import Case


class CaseReport(models.Model):
    """`sections` are the keys of all sections in the order of the report, and `left_out` those that it does not show.

    `revision` counts the changes, as that of a case does. An empty title stands for the case's own.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="report")
    title = models.CharField(max_length=200, blank=True)
    sections = models.JSONField(default=list)
    left_out = models.JSONField(default=list)
    is_draft = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_by_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Report of {self.case}"
