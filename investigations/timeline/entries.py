"""Folds a case's evidence into the entries of its timeline: what is alike and follows one upon the other is one entry."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from investigations.models import Evidence
from investigations.presentation.statements import describe_evidence
from trail.documents import get

# What two events have in common that are one entry.
_ALIKE = (
    "token.operation",
    "event.action",
    "event.outcome",
    "event.reason",
    "user.id",
    "source.ip",
    "token.id",
    "service.name",
)


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that is pinned, what it tells in a sentence, and how it ended in a word."""

    evidence: Evidence
    sentence: str
    outcome: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One or more items that are alike, in the order of time."""

    items: tuple[TimelineItem, ...]

    @property
    def first(self) -> TimelineItem:
        """The earliest."""
        return self.items[0]

    @property
    def last(self) -> TimelineItem:
        """The latest."""
        return self.items[-1]


def fold_entries(evidence: Iterable[Evidence]) -> list[TimelineEntry]:
    """The entries, in the order of the evidence. A statement, and a revocation, is never folded."""
    return [TimelineEntry(tuple(map(_build_item, group))) for _, group in groupby(evidence, _name_kind)]


def _name_kind(evidence: Evidence) -> tuple[object, ...]:
    document = evidence.document
    if evidence.is_statement or get(document, "token.operation") == "token.revoke":
        return (evidence.number,)
    return (evidence.reason, *(str(get(document, name)) for name in _ALIKE))


def _build_item(evidence: Evidence) -> TimelineItem:
    outcome = "statement" if evidence.is_statement else str(get(evidence.document, "event.outcome"))
    return TimelineItem(evidence, describe_evidence(evidence), outcome)
