"""Keeps how the report of a case is put together, and the templates from which that may begin."""

from django.db import models

from investigations.models.cases import Case


class ReportTemplateQuerySet(models.QuerySet["ReportTemplate"]):
    def offered(self) -> "ReportTemplateQuerySet":
        """What a report may be put together by."""
        return self.filter(retired=False)


class ReportTemplate(models.Model):
    """What reports of a kind begin with: sections as in a CaseReport, and what stands before and behind them, in Markdown.

    `revision` counts its changes. A report that was put together by it keeps what the template said then.
    """

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120, unique=True)
    introduction = models.TextField(blank=True, max_length=20_000)
    closing = models.TextField(blank=True, max_length=20_000)
    sections = models.JSONField(default=list)
    left_out = models.JSONField(default=list)
    retired = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_by_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = ReportTemplateQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class CaseReport(models.Model):
    """`sections` are the keys of all sections in the order of the report, and `left_out` those that it does not show.

    `introduction` and `closing` are Markdown, and sections as any. `revision` counts the changes, as that of a case does. An
    empty title stands for the case's own.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="report")
    title = models.CharField(max_length=200, blank=True)
    sections = models.JSONField(default=list)
    left_out = models.JSONField(default=list)
    introduction = models.TextField(blank=True, max_length=20_000)
    closing = models.TextField(blank=True, max_length=20_000)
    is_draft = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_by_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Report of {self.case}"
