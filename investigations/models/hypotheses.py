"""Keeps what people of a case suppose, with the evidence for and against it, and what it came to."""

from django.db import models
from django.utils import timezone

from investigations.models.cases import Case
from investigations.models.evidence import Evidence


class Hypothesis(models.Model):
    """Something that may be so. `number` counts within the case; `revision` counts changes, as that of a case does."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SUPPORTED = "supported", "Supported"
        REFUTED = "refuted", "Refuted"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="hypotheses")
    number = models.PositiveIntegerField()
    statement = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answer = models.TextField(blank=True, max_length=5_000)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_by_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("number",)
        verbose_name_plural = "hypotheses"
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="hypothesis_numbered_once"),)

    def __str__(self) -> str:
        return f"H{self.number} {self.statement}"


class HypothesisEvidence(models.Model):
    """A piece of evidence that speaks for a hypothesis or against it."""

    hypothesis = models.ForeignKey(Hypothesis, on_delete=models.CASCADE, related_name="evidence_links")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="hypothesis_links")
    speaks_for = models.BooleanField()

    class Meta:
        ordering = ("evidence__number",)
        constraints = (models.UniqueConstraint(fields=("hypothesis", "evidence"), name="speaks_once"),)

    def __str__(self) -> str:
        return f"{self.evidence.label} {'for' if self.speaks_for else 'against'} {self.hypothesis}"
