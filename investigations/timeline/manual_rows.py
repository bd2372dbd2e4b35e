"""Sets what was entered by hand, and the phases that begin with it, among the entries of a page of a timeline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from django.db.models import Q, QuerySet

from investigations.models import Case, ManualEvent, Phase
from investigations.timeline.entries import PageEntry
from investigations.timeline.pages import EntryKey, KeyPage, PagePlace, Rows, read_next_place

# So many that were entered by hand stand on one page; the others are on a page of their own.
MOST = 200


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """An entry of evidence, or an event that was entered by hand. `phase` is what begins there, in words."""

    entry: PageEntry | None = None
    manual: ManualEvent | None = None

    @property
    def phase(self) -> str:
        """The phase that begins with it; empty where none does."""
        return str(self.manual.get_phase_display()) if self.manual and self.manual.phase else ""


@dataclass(frozen=True, slots=True)
class ManualEvents:
    """What was entered by hand and stands on a page, in order of time; how much more does; and the milestone before it."""

    events: Sequence[ManualEvent]
    left_out: int
    before: ManualEvent | None

    @property
    def places(self) -> list[str]:
        """Where each stands in time."""
        return [event.place for event in self.events]


def list_milestones(case: Case) -> list[ManualEvent]:
    """Those events that begin a phase, in order of time. One query."""
    return list(case.manual_events.not_withdrawn().exclude(phase="")[:MOST])


def select_phase(milestones: Sequence[ManualEvent], phase: str, column: str) -> Q:
    """What lies in a phase, each time that it was one, by the place in time that a `column` holds; nothing of one that there is
    not."""
    wanted = Q(pk__in=())
    for milestone, after in zip(milestones, (*milestones[1:], None), strict=True):
        if milestone.phase == phase:
            until = Q(**{f"{column}__lt": after.place}) if after else Q()
            wanted |= Q(**{f"{column}__gte": milestone.place}) & until
    return wanted


def list_phases(milestones: Sequence[ManualEvent]) -> list[tuple[str, str]]:
    """The phases that the case has, each once, in the order of Phase."""
    present = {milestone.phase for milestone in milestones}
    return [(value, words) for value, words in Phase.choices if value in present]


def read_manual_events(
    entered: QuerySet[ManualEvent], page: KeyPage, rows: Rows, milestones: Sequence[ManualEvent] = ()
) -> ManualEvents:
    """Of what was `entered` by hand, what stands in the time of a page, which goes to the first evidence of the next one. Three
    queries."""
    wanted = entered
    if page.has_earlier:  # a page behind all evidence has none of them: they stand on the last one that has some
        wanted = wanted.filter(place__gte=page.first.place[0]) if page.first else entered.none()
    after = read_next_place(rows, page.last)
    if page.has_later and after:
        wanted = wanted.filter(place__lt=after)
    events = list(wanted.select_related("case").order_by("place", "case", "number")[: MOST + 1])
    number = wanted.count() if len(events) > MOST else len(events)
    start = page.first.place[0] if page.has_earlier and page.first else ""
    before = next((milestone for milestone in reversed(milestones) if milestone.place < start), None)
    return ManualEvents(events[:MOST], number - len(events[:MOST]), before)


def select_entered(case: Case, milestones: Sequence[ManualEvent], phase: str) -> QuerySet[ManualEvent]:
    """What was entered by hand into a case, in a phase where one is named."""
    entered = case.manual_events.not_withdrawn()
    return entered.filter(select_phase(milestones, phase, "place")) if phase else entered


def part_entries(page: KeyPage, places: Sequence[str]) -> KeyPage:
    """The page whose entries are parted where something was entered by hand between two that are alike."""
    return replace(page, entries=[part for entry in page.entries for part in _part(entry, places)])


def _part(entry: Sequence[EntryKey], places: Sequence[str]) -> Iterator[list[EntryKey]]:
    for _, keys in groupby(entry, key=lambda key: sum(place <= key.place[0] for place in places)):
        yield list(keys)


def cut_alike(alike: Sequence[EntryKey], case: Case, place: PagePlace) -> tuple[list[EntryKey], bool]:
    """Of what is alike from a place on, what stands before the next event that was entered by hand; whether that is all. One
    query."""
    later = case.manual_events.not_withdrawn().filter(place__gt=place.key[0]).order_by("place")
    until = later.values_list("place", flat=True).first()
    before = [key for key in alike if until is None or key.place[0] < until]
    return before, len(before) == len(alike)


def merge_rows(page: KeyPage, entries: Iterable[PageEntry], events: Sequence[ManualEvent]) -> list[TimelineRow]:
    """The rows of a page in order of time; of two at one time what was entered by hand stands first."""
    keyed = [(keys[0].place[0], 1, TimelineRow(entry=entry)) for keys, entry in zip(page.entries, entries, strict=True)]
    keyed += [(event.place, 0, TimelineRow(manual=event)) for event in events]
    return [row for _, _, row in sorted(keyed, key=lambda each: each[:2])]
