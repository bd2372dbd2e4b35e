"""Folds a case's evidence into the entries of its timeline: what is alike and follows one upon the other is one entry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from investigations.clock_skews.services import ClockSkews, CorrectedTime
from investigations.models import Evidence
from investigations.presentation.statements import describe_evidence
from investigations.timeline.facts import compute_fold
from investigations.timeline.pages import INLINE, EntryKey, KeyPage
from trail.documents import get

FoldKind = tuple[object, ...]
# So many that are alike stand open.
UNFOLDED = 5


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that is pinned: what it tells in a sentence, how it ended in a word, its true time where a clock was wrong."""

    evidence: Evidence
    sentence: str
    outcome: str
    corrected: CorrectedTime | None = None


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


@dataclass(frozen=True, slots=True)
class PageEntry:
    """An entry as a page shows it: how many are alike, the last one's time, and what the page says of them.

    `items` are all of them, or the first alone where there are so many that they are asked for by themselves. `is_open` says that
    they stand unfolded, `goes_on` that there are more on the next page.
    """

    items: tuple[TimelineItem, ...]
    count: int
    last_timestamp: str
    is_open: bool
    goes_on: bool

    @property
    def first(self) -> TimelineItem:
        """The earliest."""
        return self.items[0]

    @property
    def is_whole(self) -> bool:
        """Whether the page says all of them."""
        return len(self.items) == self.count


def fold_entries(evidence: Iterable[Evidence], kinds: Mapping[int, FoldKind] | None = None) -> list[TimelineEntry]:
    """The entries, in the order of the evidence. A statement, and a revocation, is never folded. `kinds` are those of the
    evidence by its number, where its copies do not tell any more what was alike."""
    groups = groupby(evidence, lambda each: kinds[each.number] if kinds is not None else _name_kind(each))
    return [TimelineEntry(tuple(map(_build_item, group))) for _, group in groups]


def name_kinds(evidence: Iterable[Evidence]) -> dict[int, FoldKind]:
    """What is equal for evidence that is one entry where it follows one upon the other, by its number."""
    return {each.number: _name_kind(each) for each in evidence}


def build_entries(page: KeyPage, label: str = "", skews: ClockSkews | None = None) -> list[PageEntry]:
    """The entries of a page; that with the evidence of this `label` stands open. Two queries."""
    shown = {entry[0].pk: entry if len(entry) <= INLINE else entry[:1] for entry in page.entries}
    items = build_items((key for keys in shown.values() for key in keys), skews)
    entries = []
    for entry in page.entries:
        is_last = entry is page.entries[-1]
        entries.append(
            PageEntry(
                items=tuple(items[key.pk] for key in shown[entry[0].pk]),
                count=len(entry),
                last_timestamp=entry[-1].timestamp,
                is_open=len(entry) <= UNFOLDED or any(key.label == label for key in entry),
                goes_on=is_last and page.goes_on,
            )
        )
    return entries


def build_items(keys: Iterable[EntryKey], skews: ClockSkews | None = None) -> dict[int, TimelineItem]:
    """What each of these tells, by its key in the database, in the same order. Two queries."""
    wanted = [key.pk for key in keys]
    rows = Evidence.objects.select_related("case").prefetch_related("tags").defer("search").in_bulk(wanted)
    return {pk: _build_item(rows[pk], skews) for pk in wanted}


def _name_kind(evidence: Evidence) -> FoldKind:
    document = evidence.document
    if evidence.is_statement or get(document, "token.operation") == "token.revoke":
        return (evidence.number,)
    return (compute_fold(evidence.reason, document),)


def _build_item(evidence: Evidence, skews: ClockSkews | None = None) -> TimelineItem:
    outcome = "statement" if evidence.is_statement else str(get(evidence.document, "event.outcome"))
    corrected = skews.correct_time(evidence.document) if skews and not evidence.is_statement else None
    return TimelineItem(evidence, describe_evidence(evidence), outcome, corrected)
