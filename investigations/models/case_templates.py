"""Keeps the templates of cases: what a kind of investigation begins with."""

from django.db import models

from investigations.models.library import SavedQuery
from investigations.models.severity import Severity


class CaseTemplateQuerySet(models.QuerySet["CaseTemplate"]):
    def offered(self) -> "CaseTemplateQuerySet":
        """What a case may be opened from."""
        return self.filter(retired=False)


class CaseTemplate(models.Model):
    """What a case of a kind begins with. `tasks` are titles, one a line. `revision` counts its changes."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120, unique=True)
    summary = models.TextField(blank=True, max_length=20_000)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.MEDIUM)
    tags = models.CharField(max_length=900, blank=True)
    tasks = models.TextField(blank=True, max_length=10_000)
    queries = models.ManyToManyField(SavedQuery, related_name="case_templates")
    retired = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_by_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = CaseTemplateQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def task_titles(self) -> list[str]:
        """What is to be done in a case of this kind, in order."""
        return self.tasks.splitlines()
