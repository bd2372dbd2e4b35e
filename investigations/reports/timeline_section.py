"""Builds the section of a report that tells what happened on one line of time: the picture, and the same as rows."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby

from investigations.clock_skews.services import describe_skew
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.models import Evidence, ManualEvent
from investigations.presentation.case_picture import build_case_lifeline
from investigations.presentation.lifeline.choice import LANES_OF
from investigations.presentation.manual_picture import ManualPicture
from investigations.presentation.times import format_sentence
from investigations.redaction.redactor import MASKED
from investigations.reports.case_record import CaseRecord
from investigations.reports.figure import draw_figure
from investigations.reports.sections import limit_note
from investigations.reports.structure import (
    Block,
    ReportColumn,
    ReportFigure,
    ReportTable,
    TableCell,
    cell,
    line,
    paragraph,
)
from investigations.timeline.entries import FoldKind, TimelineEntry, fold_entries
from investigations.timeline.spans import collect_spans
from trail.times import is_event_time

_CAPTION = (
    "Figure 1. Times are UTC. Shaded columns are breaks in the scale; their length stands below."
    " The table has the same events."
)
_MORE = " Of the lifetimes of tokens and of the sessions in these lanes the first are drawn; {:,} more are not."
_MASKED_LANE = f" The lane {MASKED} holds all that is masked there, which may be of more than one."
# The lanes of the picture are its values.
LANE_FIELD = LANES_OF["case"][0].field
_HEADS = (ReportColumn("Time, UTC"), ReportColumn("What happened", 1), ReportColumn("Evidence"))
Row = tuple[TableCell, ...]


def build_timeline(record: CaseRecord) -> Iterator[Block]:
    """The picture of what is pinned, and the same as rows, where what is alike is folded; with what was entered by hand."""
    if not (record.events or record.absences or record.statements or record.manual_events):
        yield paragraph("Nothing is pinned in this case.")
        return
    yield from limit_note(len(record.events), record.counts["events"], "events, in the order of time")
    yield from limit_note(len(record.manual_events), record.counts["manual_events"], "events that were entered by hand")
    yield from _draw(record)
    yield ReportTable(_HEADS, tuple(_write_rows(record)))
    for skew in record.clock_skews:
        yield paragraph(
            f"The clock of {skew.value} was {describe_skew(skew)} ({skew.reason}). Its events stand with their own times.",
            "note",
        )


def number_absences(record: CaseRecord) -> dict[int, str]:
    """What the report calls each absence, by its number in the case: N1."""
    return {each.number: f"N{place}" for place, each in enumerate(record.absences, 1)}


def _draw(record: CaseRecord) -> Iterator[Block]:
    places = {each.event_id: f"#{each.label}" for each in record.events}
    documents = [each.document for each in record.events]
    milestones = [event for event in record.manual_events if event.phase]
    manual = ManualPicture(record.case.public_id, record.manual_events, milestones)
    spans = collect_spans(documents, LANE_FIELD) if record.spans is None else record.spans
    drawn = build_case_lifeline(record.case.title, documents, places, {}, record.made_at, manual, spans.spans)
    if picture := drawn.get("picture"):
        more = _MORE.format(spans.left_out) if spans.left_out else ""
        masked = _MASKED_LANE if any(lane.name == MASKED for lane in picture.lanes) else ""
        yield ReportFigure(draw_figure(picture), picture.label, line(_CAPTION + more + masked))


def _write_rows(record: CaseRecord) -> Iterator[Row]:
    """What is pinned, folded, parted where something was entered by hand."""
    rows = (record.events, record.absences, record.statements)
    pinned = merge(*rows, key=lambda each: (each.event_place, each.event_id))
    numbers = number_absences(record)
    left = list(record.manual_events)
    places = [event.place for event in left]
    for before, part in groupby(pinned, key=lambda each: sum(place <= each.event_place for place in places)):
        yield from _write_manual_events(left, len(places) - before)
        yield from _write_evidence(part, numbers, record.kinds)
    yield from _write_manual_events(left, 0)


def _write_manual_events(left: list[ManualEvent], keep: int) -> Iterator[Row]:
    """The next that were entered by hand, until so many are left."""
    while len(left) > keep:
        yield from _write_manual_event(left.pop(0))


def _write_evidence(
    evidence: Iterable[Evidence], absences: dict[int, str], kinds: Mapping[int, FoldKind] | None
) -> Iterator[Row]:
    yield from (_write_entry(entry, absences) for entry in fold_entries(evidence, kinds))


def _write_manual_event(event: ManualEvent) -> Iterator[Row]:
    # In one row with what begins it, so that no page ends between the two.
    phase = cell(str(event.get_phase_display()), "strong") if event.phase else ()
    times = (*cell(_write_time(event.starts)), *(cell(f"to {_write_time(event.ends)}", "quiet") if event.ends else ()))
    words = (
        *phase,
        *cell(event.title),
        *cell(f"{event.get_kind_display()}, entered by hand by {event.created_by_name}", "quiet"),
    )
    yield times, words, cell(event.label, "strong", "code")


def _write_entry(entry: TimelineEntry, absences: dict[int, str]) -> Row:
    first, last = (_write_time(item.evidence.event_timestamp) for item in (entry.first, entry.last))
    if name := absences.get(entry.first.evidence.number):
        return cell(first), cell(entry.first.sentence), cell(name, "strong", "code")
    numbers = write_numbers(item.evidence.number for item in entry.items)
    if len(entry.items) == 1:
        return cell(first), cell(entry.first.sentence), cell(numbers, "strong", "code")
    sentence = f"{len(entry.items):,} alike, the first: {entry.first.sentence}"
    if last.partition(",")[0] == first.partition(",")[0]:
        last = last.partition(", ")[2]
    return (*cell(first), *cell(f"to {last}", "quiet")), cell(sentence), cell(numbers, "strong", "code")


def _write_time(time: str) -> str:
    """A time as a sentence has it: `29 Oct 2026, 21:01:33`."""
    return format_sentence(time) if is_event_time(time) else time
