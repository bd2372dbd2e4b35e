"""Includes the addresses of every area, and says how a kind of identifier stands in an address."""

from django.urls import include, path, register_converter

from investigations.cases.numbers import CaseNumber
from investigations.event_addresses import EventId
from investigations.presentation.identifiers import WORDS


class EntityKind:
    """The kind of an identifier, as the word that stands in its address: `users` is `user`."""

    regex = "|".join(WORDS)

    def to_python(self, word: str) -> str:
        """The kind."""
        return WORDS[word]

    def to_url(self, kind: str) -> str:
        """The word that stands in an address."""
        return next(word for word, name in WORDS.items() if name == kind)


# Before the areas' addresses are read, which use them.
register_converter(EventId, "event_id")
register_converter(CaseNumber, "case_number")
register_converter(EntityKind, "entity_kind")

AREAS = (
    "home",
    "search",
    "questions",
    "proofs",
    "case_templates",
    "report_templates",
    "cases",
    "notes",
    "case_tasks",
    "entities",
    "hypotheses",
    "attachments",
    "manual_events",
    "clock_skews",
    "timeline",
    "evidence_search",
    "evidence",
    "case_merge",
    "case_verification",
    "library",
    "runs",
    "pin_batches",
    "detections",
    "exports",
    "case_import",
    "redaction",
    "reports",
    "notices",
)
urlpatterns = [path("", include(f"investigations.{area}.urls")) for area in AREAS]
# The last: what lies below /api/v1/ and is none of its addresses ends there.
urlpatterns.append(path("", include("investigations.api.urls")))
