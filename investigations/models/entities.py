"""Keeps what cases are about, the users, tokens, addresses, services and resources of their evidence, with verdicts on each."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.records import Record
from investigations.models.cases import Case


class CaseEntity(models.Model):
    """Something that stands in a case's evidence, or that somebody named: the value of a field that identifies.

    `events` is in how many pinned events it stands that are not withdrawn. `is_shared` says that another case has it too.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="entities")
    field = models.CharField(max_length=40)
    value = models.CharField(max_length=512)
    events = models.PositiveIntegerField(default=0)
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ("field", "value")
        constraints = (models.UniqueConstraint(fields=("case", "field", "value"), name="entity_once"),)
        indexes = (
            models.Index(fields=("field", "value"), name="cases_of_an_entity"),
            models.Index(fields=("case", "-events", "field", "value"), name="entities_by_events"),
            models.Index(fields=("case", "field", "events"), name="entities_by_field"),
            models.Index(fields=("case",), condition=Q(is_shared=True), name="shared_entities_of_case"),
        )
        verbose_name_plural = "case entities"

    def __str__(self) -> str:
        return f"{self.field} {self.value}"


class Verdict(Record):
    """What somebody thinks of an entity, and why; the latest counts, those before stay."""

    class Word(models.TextChoices):
        COMPROMISED = "compromised", "Compromised"
        MALICIOUS = "malicious", "Malicious"
        SUSPICIOUS = "suspicious", "Suspicious"
        VICTIM = "victim", "Victim"
        CLEARED = "cleared", "Cleared"

    entity = models.ForeignKey(CaseEntity, on_delete=models.PROTECT, related_name="verdicts")
    word = models.CharField(max_length=20, choices=Word)
    reason = models.CharField(max_length=500, blank=True)
    # Nobody of this console where it came from another.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.entity}: {self.word}"
