"""Builds the report of a case from one read of it, so that every format says the same."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.utils import timezone

from accounts.models import User
from investigations.models import CaseReport, ReportTemplate
from investigations.presentation.times import format_sentence
from investigations.redaction.redactor import Redactor
from investigations.reports import proof_sections, sections, timeline_section
from investigations.reports.case_record import CaseRecord, read_case_record, redact_events
from investigations.reports.redacted_report import redact_report, redact_spans
from investigations.reports.structure import Block, Report, ReportSection, count_parts, paragraph
from investigations.timeline.entries import name_kinds
from investigations.timeline.spans import collect_spans
from trail.times import format_datetime, is_event_time


@dataclass(frozen=True, slots=True)
class SectionKind:
    """A section that a report may have: its title, what builds it, and why it is not shown unless somebody says otherwise."""

    title: str
    build: Callable[[CaseRecord], Iterator[Block]]
    why_not: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether it is shown unless somebody says otherwise."""
        return not self.why_not


_NOTES_ARE_WORK = (
    "Left out unless you show it: notes are what people of the case wrote to each other while they worked, guesses too."
)
# In their usual order.
SECTIONS = {
    "summary": SectionKind("Summary", sections.build_summary),
    "timeline": SectionKind("What happened, on one line of time", timeline_section.build_timeline),
    "entities": SectionKind("Who and what", sections.build_entities),
    "hypotheses": SectionKind("Questions and answers", sections.build_hypotheses),
    "tasks": SectionKind("Still to do", sections.build_tasks),
    "people": SectionKind("Who worked on it", sections.build_people),
    "notes": SectionKind("Notes", sections.build_notes, why_not=_NOTES_ARE_WORK),
    "evidence": SectionKind("Evidence", proof_sections.build_evidence),
    "absences": SectionKind("Looked for and not found", proof_sections.build_absences),
    "statements": SectionKind("Result sets and findings", proof_sections.build_statements),
    "searches": SectionKind("What was asked of the trail", proof_sections.build_searches),
    "custody": SectionKind("Custody", proof_sections.build_custody),
    "verification": SectionKind("How this can be checked", proof_sections.build_verification),
}
# What the report says of itself, before all others and behind them, where somebody wrote something.
OF_ITSELF = {
    "introduction": SectionKind("About this report", sections.build_introduction),
    "closing": SectionKind("Closing remarks", sections.build_closing),
}
# Those with what people typed, and of how many parts they may be made together: more takes many seconds to set in type.
# Those that name what was searched for, which may stand in no event.
ASKED = {"absences", "searches"}
PROSE, MOST_PROSE = {"introduction", "summary", "hypotheses", "notes", "closing"}, 5_000
_LEFT_OUT = f"The rest of this section is left out, for what people wrote is longer than {MOST_PROSE:,} parts. It is in the case."


def list_sections(choice: CaseReport | ReportTemplate) -> list[tuple[str, bool]]:
    """Every section in the order of the report, each with whether it is shown; what the choice does not know comes last."""
    known = [key for key in choice.sections if key in SECTIONS]
    new = [key for key in SECTIONS if key not in known]
    return [*((key, key not in choice.left_out) for key in known), *((key, SECTIONS[key].is_usual) for key in new)]


def build_report(choice: CaseReport, by: User, made_at: datetime, redactor: Redactor | None = None) -> Report:
    """The report of a case as `by` makes it at `made_at`; its times are UTC. As many queries however much is in the case.

    With a `redactor` it is made of redacted events, every text in it is redacted, and what was asked is left out.
    """
    made_at = made_at.replace(microsecond=0)
    with timezone.override(UTC):
        record = read_case_record(choice.case, made_at, by)
        if redactor is None:
            return build_report_of(choice, record, by)
        record = _collect_before_redaction(record, redactor)
        redact_events(record, redactor)
        # Before marks of Markdown part a value.
        choice.introduction, choice.closing = map(redactor.redact_text, (choice.introduction, choice.closing))
        report = build_report_of(choice, record, by, left_out=ASKED)
        return redact_report(report, redactor)


def _collect_before_redaction(record: CaseRecord, redactor: Redactor) -> CaseRecord:
    """The record with what masked events do not tell: which tokens, sessions and events are one, and which are not."""
    field, events = timeline_section.LANE_FIELD, [each.document for each in record.events]
    spans = redact_spans(collect_spans(events, field), events, field, redactor)
    return replace(record, spans=spans, kinds=name_kinds((*record.events, *record.absences, *record.statements)))


def build_report_of(choice: CaseReport, record: CaseRecord, by: User, left_out: Container[str] = ()) -> Report:
    """The report of what was read of a case, without some sections; the zone that is active is UTC."""
    record = replace(record, introduction=choice.introduction, closing=choice.closing)
    shown = [key for key, is_shown in list_sections(choice) if is_shown and key not in left_out]
    return Report(
        title=choice.title or record.case.title,
        number=record.case.number,
        case_id=record.case.public_id,
        is_draft=choice.is_draft,
        made_by=by.name or by.username,
        made_at=record.made_at,
        facts=tuple(_build_facts(record)),
        sections=tuple(_build_sections(shown, record)),
        evidence=tuple(_list_evidence(shown, record)),
    )


def _build_sections(keys: Sequence[str], record: CaseRecord) -> Iterator[ReportSection]:
    """The sections, of which those with what people typed hold MOST_PROSE parts together."""
    left, kinds = MOST_PROSE, SECTIONS | OF_ITSELF
    for key in ("introduction", *keys, "closing"):
        kind = kinds[key]
        blocks: list[Block] = []
        for block in kind.build(record):
            left -= count_parts(block) if key in PROSE else 0
            if left < 0:
                blocks.append(paragraph(_LEFT_OUT, "note"))
                break
            blocks.append(block)
        left = max(left, 0)
        if key in OF_ITSELF and not blocks:
            continue
        yield ReportSection(key, kind.title, tuple(blocks))


def _list_evidence(keys: Sequence[str], record: CaseRecord) -> Iterator[int]:
    """The keys of the evidence that sections show."""
    if not {"timeline", "evidence"}.isdisjoint(keys):
        yield from (each.pk for each in record.events)
    if "absences" in keys:
        yield from (each.pk for each in record.absences)
    if "statements" in keys:
        yield from (each.pk for each in record.statements)


def _build_facts(record: CaseRecord) -> Iterator[tuple[str, str]]:
    case, counts = record.case, record.counts
    yield "Case", case.number
    if foreign := record.foreign:
        origin = f"{foreign.number} of the console with the log {foreign.origin}"
        exported = f"exported there by {foreign.exported_by} {format_sentence(format_datetime(foreign.exported_at))}"
        yield "Foreign", f"{origin}, {exported}; the evidence that came with it is proved by that log"
    yield "Severity", case.get_severity_display()
    yield "Status", f"{case.get_status_display()}{f', {case.disposition_words}' if not case.is_open else ''}"
    yield "Period", _write_period([record.events[0].event_timestamp, record.last]) if record.events else "no event"
    nouns = (("absences", "absence"), ("result_sets", "result set"), ("findings", "finding"))
    others = [_count(counts[name], noun) for name, noun in nouns if counts[name]]
    yield "Evidence", ", ".join([_count(counts["events"], "event"), *others])
    yield "Sealed log", f"{record.checkpoint.size:,} events" if record.checkpoint else "not readable"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _write_period(ends: Sequence[str]) -> str:
    """The days of the first and the last event: `29 Oct 2026 to 12 Nov 2026`."""
    first, last = (format_sentence(end).partition(",")[0] if is_event_time(end) else end for end in ends)
    return first if first == last else f"{first} to {last}"
