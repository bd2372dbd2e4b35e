"""Builds the sections of a report about what happened, who and what it was about, and what is thought of it."""

from collections.abc import Iterable, Iterator

from investigations.entities.services import EntitySummary
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.hypotheses.services import list_numbers
from investigations.models import Hypothesis, Verdict
from investigations.presentation.times import format_day, format_sentence, to_utc_text
from investigations.reports.case_record import MOST_ROWS, CaseMerge, CaseRecord
from investigations.reports.prose import read_prose
from investigations.reports.structure import (
    Block,
    Paragraph,
    ReportColumn,
    ReportTable,
    Subheading,
    TableCell,
    TextLine,
    TextList,
    TextSpan,
    cell,
    line,
    paragraph,
    span,
)
from trail.times import is_event_time

_VERDICT_LOOKS = {
    Verdict.Word.COMPROMISED: "bad",
    Verdict.Word.MALICIOUS: "bad",
    Verdict.Word.SUSPICIOUS: "bad",
    Verdict.Word.VICTIM: "unclear",
    Verdict.Word.CLEARED: "good",
}
_STATE_LOOKS = {Hypothesis.State.OPEN: "unclear", Hypothesis.State.SUPPORTED: "good", Hypothesis.State.REFUTED: "bad"}
_JUDGED_HEADS = (
    ReportColumn("Entity", 3),
    ReportColumn("Kind"),
    ReportColumn("Verdict", 4),
    ReportColumn("Evidence", 2),
)


def write_instant(time: str) -> str:
    """A time as evidence has it, to the last digit: `2026-10-29 21:01:33.214`. What is no time stays as it is."""
    return time.removesuffix("Z").replace("T", " ") if is_event_time(time) else time


def limit_note(shown: int, total: int, what: str) -> Iterator[Block]:
    """That a part is not the whole, where it is not."""
    if shown < total:
        yield paragraph(
            f"This lists the first {shown:,} of {total:,} {what}. The other {total - shown:,} are in the case.", "note"
        )


def build_introduction(record: CaseRecord) -> Iterator[Block]:
    """What the report says of itself before it begins; nothing where it says nothing."""
    yield from read_prose(record.introduction)


def build_closing(record: CaseRecord) -> Iterator[Block]:
    """What the report says at its end, such as who may read it; nothing where it says nothing."""
    yield from read_prose(record.closing)


def build_summary(record: CaseRecord) -> Iterator[Block]:
    """What happened, as the people of the case tell it; and of a closed case how it ended."""
    yield from read_prose(record.case.description, "lead") or [paragraph("Nobody has written yet what happened.")]
    if not record.case.is_open and record.case.closed_at:
        closed = format_sentence(to_utc_text(record.case.closed_at))
        yield paragraph(f"The case was closed on {closed} UTC as: {record.case.get_disposition_display()}.")
        yield Paragraph(cell(record.case.closing_reason))


def build_entities(record: CaseRecord) -> Iterator[Block]:
    """What the evidence is about: with the verdict on each and its reason, and by kind what nobody has judged."""
    if not record.entities:
        yield paragraph("The case names no user, token, address, service or resource.")
        return
    if record.counts["events"] > len(record.events):
        yield paragraph(f"Counted in the first {len(record.events):,} events of the case alone.", "note")
    shown = record.entities[:MOST_ROWS]
    yield from limit_note(len(shown), len(record.entities), "entities, those that were judged first")
    if judged := [entity for entity in shown if entity.verdict]:
        yield ReportTable(_JUDGED_HEADS, tuple(map(_write_judged, judged)))
    if others := [entity for entity in shown if not entity.verdict]:
        kinds = dict.fromkeys(entity.kind for entity in others)
        rows = ((cell(kind), _write_others(entity for entity in others if entity.kind == kind)) for kind in kinds)
        yield ReportTable((ReportColumn("Not judged"), ReportColumn("with the evidence that names it", 1)), tuple(rows))


def _write_judged(entity: EntitySummary) -> tuple[TableCell, ...]:
    evidence = cell(write_numbers(entity.numbers), "code")
    return cell(entity.value, "code"), cell(entity.kind), _write_verdict(entity.verdict), evidence


def _write_others(entities: Iterable[EntitySummary]) -> TableCell:
    pieces: list[TextSpan] = []
    for entity in entities:
        pieces += (span("; "),) if pieces else ()
        pieces += (span(entity.value, "code"), span(f" ({write_numbers(entity.numbers)})", "quiet"))
    return (tuple(pieces),)


def _write_verdict(verdict: Verdict | None) -> TableCell:
    if verdict is None:
        return ()
    word = Verdict.Word(verdict.word)
    who = f"{verdict.by_name}, {format_sentence(to_utc_text(verdict.at))}"
    reason = cell(f"{who}: {verdict.reason}" if verdict.reason else who, "quiet")
    return (*cell(word.label.lower(), _VERDICT_LOOKS[word]), *reason)


def build_hypotheses(record: CaseRecord) -> Iterator[Block]:
    """What people supposed, the evidence for it and against it, and what it came to."""
    if not record.hypotheses:
        yield paragraph("No question was put in this case.")
    yield from limit_note(len(record.hypotheses), record.counts["hypotheses"], "questions")
    for hypothesis in record.hypotheses:
        yield Subheading((span(f"H{hypothesis.number} "), span(hypothesis.statement)))
        yield Paragraph((_describe_hypothesis(hypothesis),))
        yield from read_prose(hypothesis.answer)


def _describe_hypothesis(hypothesis: Hypothesis) -> TextLine:
    look = _STATE_LOOKS[Hypothesis.State(hypothesis.state)]
    sides = ((word, list_numbers(hypothesis, speaks_for=side)) for word, side in (("For", True), ("against", False)))
    evidence = "; ".join(f"{word} it: {write_numbers(numbers) or 'nothing'}" for word, numbers in sides)
    return span(hypothesis.get_state_display(), look), span(f". {evidence}. "), span(_sign(hypothesis), "quiet")


def _sign(hypothesis: Hypothesis) -> str:
    """By whom it was put or answered last, and when."""
    if hypothesis.changed_at:
        return f"{hypothesis.changed_by_name}, {format_sentence(to_utc_text(hypothesis.changed_at))}"
    return f"{hypothesis.created_by_name}, {format_sentence(to_utc_text(hypothesis.created_at))}"


def build_tasks(record: CaseRecord) -> Iterator[Block]:
    """What is still open, with whose it is and until when, and how much is not open any more."""
    if not record.tasks:
        yield paragraph("Nothing is left to do.")
    yield from limit_note(len(record.tasks), record.counts["tasks"], "open tasks")
    items = []
    for task in record.tasks:
        whose = task.assignee_name or "nobody's yet"
        due = f", by {format_day(f'{task.due.isoformat()}T00:00:00Z')} {task.due.year}" if task.due else ""
        pieces = (span(f"T{task.number} ", "code"), span(task.title), span(f" ({whose}{due})", "quiet"))
        items.append((Paragraph((pieces,)),))
    if items:
        yield TextList(tuple(items))
    if settled := record.counts["settled_tasks"]:
        words = "1 task of this case is" if settled == 1 else f"{settled:,} tasks of this case are"
        yield paragraph(f"{words} done or not needed.", "note")


def build_people(record: CaseRecord) -> Iterator[Block]:
    """Who is in the case, and as what."""
    since = format_sentence(to_utc_text(record.case.opened_at))
    yield paragraph(f"The case was opened by {record.case.opened_by_name} on {since} UTC.")
    yield from (paragraph(_describe_merge(merge)) for merge in record.merges)
    yield from limit_note(len(record.people), record.counts["people"], "people")
    rows = (
        (cell(str(each.user)), cell(each.get_level_display()), cell(format_sentence(to_utc_text(each.added_at))))
        for each in record.people
    )
    yield ReportTable(
        (ReportColumn("Person", 2), ReportColumn("In the case", 2), ReportColumn("Since, UTC", 2)), tuple(rows)
    )


def _describe_merge(merge: CaseMerge) -> str:
    when = f"on {format_sentence(to_utc_text(merge.at))} UTC"
    by = f" by {merge.by_name}" if merge.by_name else ""
    if merge.is_into:
        return f"This case was merged into {merge.name}{by} {when}; work went on there."
    name = merge.name[:1].upper() + merge.name[1:]
    return f"{name} was merged into this case{by} {when}: what was worked on there is copied here."


def build_notes(record: CaseRecord) -> Iterator[Block]:
    """The notes as they read now."""
    if not record.notes:
        yield paragraph("There is no note in this case.")
    yield from limit_note(len(record.notes), record.counts["notes"], "notes")
    for note in record.notes:
        written = format_sentence(to_utc_text(note.written_at))
        yield Subheading(line(f"{note.author_name}, {written}, version {note.version}"))
        yield from read_prose(note.text)
