"""Keeps which events of a large case a query on its timeline finds, part by part, so that no page holds all of them."""

from django.conf import settings
from django.db import models

from investigations.models.cases import Case
from investigations.models.evidence import Evidence


class EvidenceQuery(models.Model):
    """One query of one person on the timeline of one case, and how far it has been asked.

    `digest` is the SHA-256 of what is asked, of which evidence, within which scope, and in which span of time it began: what is
    equal is answered alike. `last_key` is the key of the last evidence that was asked about, `queried` how many events that were,
    `absent` how many of them the trail does not show. It is derived and short-lived: it proves nothing, and
    is deleted when it is old.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    last_key = models.BigIntegerField(default=0)
    queried = models.PositiveBigIntegerField(default=0)
    absent = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "evidence queries"
        constraints = (models.UniqueConstraint(fields=("owner", "digest"), name="one_row_for_an_evidence_query"),)
        indexes = (models.Index(fields=("began_at",)),)

    def __str__(self) -> str:
        return f"query of {self.case_id}"


class EvidenceMatch(models.Model):
    """One event that an evidence query finds."""

    query = models.ForeignKey(EvidenceQuery, on_delete=models.CASCADE, related_name="matches", db_index=False)
    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = "evidence matches"
        constraints = (models.UniqueConstraint(fields=("query", "evidence"), name="one_match_of_an_evidence_query"),)

    def __str__(self) -> str:
        return f"match of {self.query_id}"
