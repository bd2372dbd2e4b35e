"""Keeps what is counted, folded and drawn of pinned events, read from their frozen copies once."""

from django.db import models
from django.db.models import Q

from investigations.models.cases import Case
from investigations.models.evidence import Evidence

_COUNTED_BY = {
    "time": ("time", "outcome"),
    "outcome": ("outcome", "time"),
    "operation": ("operation", "time"),
    "token": ("token_id", "time", "outcome"),
    "fingerprint": ("fingerprint", "time", "outcome"),
    "address": ("address", "time", "outcome"),
    "user": ("user_id", "time", "outcome"),
    "client": ("client", "time", "outcome"),
    "service": ("service", "time", "outcome"),
    "session": ("session", "time"),
}


class EvidenceFactQuerySet(models.QuerySet["EvidenceFact"]):
    def not_withdrawn(self) -> "EvidenceFactQuerySet":
        """Those of what has not been withdrawn."""
        return self.filter(is_withdrawn=False)


class EvidenceFact(models.Model):
    """One pinned event without its copy; an absence has none, for it is no event.

    `time` is in nanoseconds since 1970. `fold` is equal for events that are one entry where they follow one upon the other, and
    empty for what is never folded. The other texts are values of the event's fields as far as a column holds them, empty
    where the event has none. `session` is the id of the session that it was part of. `is_shared` says that another case has
    the same event, withdrawn or not.

    Of several values of a field the column holds the first in the order of their texts; the others are EvidenceFactValues.

    It is made of the copy and may be made anew from it at any time: it is no evidence of anything.
    """

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, primary_key=True, related_name="fact")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="facts", db_index=False)
    is_withdrawn = models.BooleanField(default=False)
    is_shared = models.BooleanField(default=False)
    time = models.BigIntegerField()
    fold = models.CharField(max_length=32, blank=True)
    operation = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    token_id = models.CharField(max_length=512, blank=True)
    fingerprint = models.CharField(max_length=512, blank=True)
    address = models.CharField(max_length=512, blank=True)
    user_id = models.CharField(max_length=512, blank=True)
    client = models.CharField(max_length=512, blank=True)
    service = models.CharField(max_length=512, blank=True)
    token_kind = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=200, blank=True)
    session = models.CharField(max_length=512, blank=True)
    resource_type = models.CharField(max_length=200, blank=True)

    objects = EvidenceFactQuerySet.as_manager()

    class Meta:
        # Each holds all that one part of a picture counts, so that no row is read for it.
        indexes = (
            *(
                models.Index(fields=("case", *fields), condition=Q(is_withdrawn=False), name=f"facts_by_{name}")
                for name, fields in _COUNTED_BY.items()
            ),
            models.Index(fields=("case",), condition=Q(is_shared=True), name="shared_events_of_case"),
        )

    def __str__(self) -> str:
        return f"fact of {self.evidence_id}"


class EvidenceFactValue(models.Model):
    """A further value of a field of which an event has several, such as its addresses.

    `column` is that of the fact which holds the first one. As the fact it is made of the copy.
    """

    fact = models.ForeignKey(EvidenceFact, on_delete=models.CASCADE, related_name="further_values", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    column = models.CharField(max_length=20)
    value = models.CharField(max_length=512)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("fact", "column", "value"), name="one_further_value_of_a_fact"),)
        indexes = (models.Index(fields=("case", "column", "value", "fact"), name="further_values_of_case"),)

    def __str__(self) -> str:
        return f"{self.column} of {self.fact_id}"
