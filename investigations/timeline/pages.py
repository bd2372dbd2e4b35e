"""Reads a timeline page by page: by keys, folded where events are alike, with no more copies read than a page shows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import groupby

from django.db.models import Q
from django.utils import timezone

from investigations.models import Case, Evidence
from investigations.models.evidence import EvidenceQuerySet
from trail.search.execute import sortable_time
from trail.times import NotATime, format_datetime, parse_time

Rows = EvidenceQuerySet
# The place in time, the event's id, and the evidence's own key: two cases may hold the same event.
Key = tuple[str, str, int]
# Pieces of evidence whose sentence a page says; more that are alike are one line, which is opened by itself.
SHOWN, INLINE = 200, 24
# Keys that are read for a page; what is alike beyond them goes on on the next one.
MOST_KEYS = 2_000
_LABEL = re.compile(r"(?:(C-[0-9]{4}-[0-9]{1,8})-)?E([0-9]{1,8})")
_FIRST: Key = ("", "", 0)


@dataclass(frozen=True, slots=True)
class EntryKey:
    """Where a piece of evidence stands in time, in which case, and what it is folded by; not at all where that is empty."""

    place: Key
    pk: int
    number: int
    case_id: int
    timestamp: str
    fold: str

    @property
    def label(self) -> str:
        """How people call it: E7."""
        return f"E{self.number}"


@dataclass(frozen=True, slots=True)
class KeyPage:
    """The entries of a page, each the keys that are alike in order of time; whether there is something earlier and later.

    `goes_on` says that the last entry has more on the next page.
    """

    entries: list[list[EntryKey]]
    has_earlier: bool
    has_later: bool
    goes_on: bool = False

    @property
    def first(self) -> EntryKey | None:
        """The earliest of the page."""
        return self.entries[0][0] if self.entries else None

    @property
    def last(self) -> EntryKey | None:
        """The latest of the page."""
        return self.entries[-1][-1] if self.entries else None


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a page begins: at a key, or after it; or where it ends: before it. `label` is what it is to show."""

    key: Key = _FIRST
    is_after: bool = False
    is_before: bool = False
    label: str = ""


def read_place(cases: Sequence[Case], query: Mapping[str, str], *, is_short: bool = False) -> PagePlace:
    """The place that an address names: `at`, `after` or `before` a piece of evidence, on a `day`, or at a `time`.

    Evidence is E12 where there is one case, and C-2026-0042-E12 where there are several. The beginning where the address names
    none that there is, and `at` where the whole timeline `is_short` enough for one page. One query at most.
    """
    for word in ("at", "after", "before"):
        if match := _LABEL.fullmatch(query.get(word, "").strip()):
            of = cases[:1] if len(cases) == 1 else [case for case in cases if case.number == match[1]]
            rows = Evidence.objects.filter(case__in=[case.pk for case in of], number=int(match[2]))
            key = rows.values_list("event_place", "event_id", "pk").first()
            if key is None or (is_short and word == "at"):
                return PagePlace(label=match[0])
            return PagePlace(key, word == "after", word == "before", match[0])
    return PagePlace(_read_time(query))


def _read_time(query: Mapping[str, str]) -> Key:
    """The key before everything of a day in the active zone, or of a time; the first one of an address that names none."""
    try:
        day = date.fromisoformat(query.get("day", "").strip())
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
        return sortable_time(format_datetime(midnight)), "", 0
    except (ValueError, OverflowError):
        pass
    text = query.get("time", "").strip()
    try:
        parse_time(text)
    except NotATime:
        return _FIRST
    return (sortable_time(text), "", 0) if text.endswith("Z") else _FIRST


def read_page(streams: Sequence[Rows], place: PagePlace) -> KeyPage:
    """The page of a timeline that begins, or ends, at a place. Several streams, each of one case, stand in one order.

    Two queries for each stream.
    """
    keys = list(_read_keys(streams, place))
    whole = keys[:MOST_KEYS]
    groups = [list(group) for _, group in groupby(whole, key=_kind)]
    is_cut = len(keys) > MOST_KEYS
    if is_cut and len(groups) > 1:
        del groups[-1]  # which goes on beyond these keys, and stands whole on the next page
    entries = list(_take(groups))
    beyond = is_cut or len(entries) < len(groups)
    if place.is_before:
        entries = [list(reversed(entry)) for entry in reversed(entries)]
        later = _has_beyond(streams, place.key, is_later=True, is_inclusive=True)
        return KeyPage(entries, beyond, later)
    earlier = _has_beyond(streams, entries[0][0].place if entries else place.key, is_later=False)
    goes_on = is_cut and bool(entries) and len(entries) == len(groups) and bool(entries[-1][-1].fold)
    return KeyPage(entries, earlier, beyond, goes_on)


def read_next_place(rows: Rows, last: EntryKey | None) -> str | None:
    """Where the evidence after the last of a page stands in time; None after all. One query."""
    place = PagePlace(last.place, is_after=True) if last else PagePlace()
    return _from(rows, place).in_time_order().values_list("event_place", flat=True).first()


def read_alike(rows: Rows, place: PagePlace) -> tuple[list[EntryKey], bool]:
    """What is alike from a place on, as many as a page shows, and whether there are more of them. One query."""
    keys = list(_read_keys([rows], place, SHOWN))
    alike = next((list(group) for _, group in groupby(keys, key=_kind)), [])
    return alike[:SHOWN], len(alike) > SHOWN


def _kind(key: EntryKey) -> tuple[object, ...]:
    return (key.case_id, key.fold) if key.fold else (key.pk,)


def _take(groups: Iterable[list[EntryKey]]) -> Iterator[list[EntryKey]]:
    """As many entries as a page shows."""
    shown = 0
    for group in groups:
        shown += len(group) if len(group) <= INLINE else 1
        if shown > SHOWN and shown > len(group):
            return
        yield group


def _read_keys(streams: Sequence[Rows], place: PagePlace, most: int = MOST_KEYS) -> Iterator[EntryKey]:
    parts = [_read_stream(rows, place, most) for rows in streams]
    ordered = merge(*parts, key=lambda key: key.place, reverse=place.is_before)
    return (key for key, _ in zip(ordered, range(most + 1), strict=False))


def _read_stream(rows: Rows, place: PagePlace, most: int) -> list[EntryKey]:
    names = ("event_place", "event_id", "pk", "number", "case_id", "event_timestamp", "fact__fold")
    part = _from(rows, place)
    ordered = part.order_by("-event_place", "-event_id", "-pk") if place.is_before else part.in_time_order()
    columns = ordered.values_list(*names)[: most + 1]
    return [
        EntryKey((at, event, pk), pk, number, case, time, fold or "")
        for at, event, pk, number, case, time, fold in columns
    ]


def _from(rows: Rows, place: PagePlace) -> Rows:
    """What stands at a place and after it, or before it."""
    at, event, pk = place.key
    if place.is_before:
        before = Q(event_id__lt=event) | Q(event_id=event, pk__lt=pk)
        return rows.filter(event_place__lte=at).filter(Q(event_place__lt=at) | before)
    if place.key == _FIRST:
        return rows
    same = Q(pk__gt=pk) if place.is_after else Q(pk__gte=pk)
    beyond = Q(event_id__gt=event) | (Q(event_id=event) & same)
    return rows.filter(event_place__gte=at).filter(Q(event_place__gt=at) | beyond)


def _has_beyond(streams: Sequence[Rows], key: Key, *, is_later: bool, is_inclusive: bool = False) -> bool:
    """Whether any stream has something before a key, or after it."""
    place = PagePlace(key, is_after=is_later and not is_inclusive, is_before=not is_later)
    # Each is asked, so that a page takes as many queries wherever it begins.
    answers = [_from(rows, place).order_by().exists() for rows in streams]
    return any(answers)
