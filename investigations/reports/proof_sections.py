"""Builds the sections of a report that let a stranger check it: evidence, absences, searches, custody and how to verify."""

import shlex
from collections.abc import Iterator, Sequence

from investigations.evidence.custody import CustodyAct
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.models import Evidence, ForeignCase, Run
from investigations.presentation.event_sentence import describe_event
from investigations.presentation.search_description import describe_search
from investigations.presentation.statements import describe_evidence
from investigations.presentation.times import format_sentence, to_utc_text
from investigations.reports.case_record import CaseRecord
from investigations.reports.sections import limit_note, write_instant
from investigations.reports.structure import (
    Block,
    Paragraph,
    ReportColumn,
    ReportTable,
    Subheading,
    TableCell,
    Verbatim,
    cell,
    line,
    paragraph,
    span,
)
from investigations.reports.timeline_section import number_absences
from trail.questions.statements import Statement, read_coverage
from trail.search.spec import Search

_EVIDENCE_INTRODUCTION = (
    "Each entry is one event of the trail, frozen when it was pinned. The digest is the SHA-256 of its sealed form; the leaf is"
    " its place in the sealed log."
)
_ABSENCE_INTRODUCTION = (
    "Each entry states that a search found nothing. It says what was asked, of which time, and among how many events."
)
_STATEMENT_INTRODUCTION = (
    "A result set states everything that a search found: how many events, and one digest over their ids. A finding states what a"
    " detection raised: its rule as it was, and what people said of it."
)
_SEARCH_HEADS = (ReportColumn("Search from which evidence was pinned", 1), ReportColumn("Evidence"))
_RUN_HEADS = (ReportColumn("Run of a search", 1), ReportColumn("Results"), ReportColumn("By whom, when, UTC"))
_VERIFY = (
    "The case can be exported with proofs: a bundle, one file that holds the events of this report, a proof for each that it is"
    " in the sealed log, and the signed checkpoint. The program verify_bundle.py checks it on any machine with Python, without"
    " the console and without a network. Each event has the same number there as here, and its digest here is the SHA-256 of"
    " the form that was sealed and that the proof is about."
)

_VERIFY_FOREIGN = (
    "This case came from another console as a case bundle, and the evidence that came with it is in the sealed log of that"
    " console: nothing that this console keeps proves it. Whoever has the bundle checks it with the program verify_bundle.py on"
    " any machine with Python, without a console and without a network, by the keys below. Ask the people of that console"
    " whether the keys are theirs, by another way than this report came."
)


def build_evidence(record: CaseRecord) -> Iterator[Block]:
    """Every event with its sentence, who pinned it and why, its digest and its leaf."""
    if not record.events:
        yield paragraph("No event is pinned in this case.")
        yield from _list_withdrawn(record)
        return
    yield paragraph(_EVIDENCE_INTRODUCTION)
    yield from limit_note(len(record.events), record.counts["events"], "events, in the order of time")
    heads = (ReportColumn(""), ReportColumn("Time, UTC"), ReportColumn("What it shows", 1))
    yield ReportTable(heads, tuple(_write_event(each, record.foreign is not None) for each in record.events))
    yield from _list_withdrawn(record)


def _list_withdrawn(record: CaseRecord) -> Iterator[Block]:
    """What was pinned and is no evidence any more; its number may still be named elsewhere."""
    if not record.withdrawn:
        return
    yield Subheading(line("Withdrawn"))
    yield from limit_note(len(record.withdrawn), record.counts["withdrawn"], "that were withdrawn")
    rows = (
        (cell(each.label, "strong", "code"), cell(_write_withdrawal(each)), cell(each.withdrawn_reason))
        for each in record.withdrawn
    )
    yield ReportTable((ReportColumn(""), ReportColumn("By whom, when, UTC"), ReportColumn("Why", 1)), tuple(rows))


def _write_withdrawal(evidence: Evidence) -> str:
    at = format_sentence(to_utc_text(evidence.withdrawn_at)) if evidence.withdrawn_at else ""
    return f"{evidence.withdrawn_by_name}, {at}"


def _write_event(evidence: Evidence, is_foreign: bool) -> tuple[TableCell, ...]:
    shown = (
        line(describe_event(evidence.document)),
        *_write_pin(evidence),
        line(f"SHA-256 {evidence.digest}", "code", "quiet"),
        line(f"event {evidence.event_id}, {_write_leaf(evidence, is_foreign)}", "code", "quiet"),
    )
    return cell(evidence.label, "strong", "code"), cell(write_instant(evidence.event_timestamp)), shown


def _write_leaf(evidence: Evidence, is_foreign: bool) -> str:
    """Its place in a sealed log; in a foreign case, where there are two, with the log."""
    if foreign := getattr(evidence, "foreign", None):
        return f"leaf {foreign.leaf:,} of the log of the other console"
    leaf = "not sealed yet" if evidence.leaf is None else f"leaf {evidence.leaf:,}"
    return f"{leaf} in the log of this console" if is_foreign else leaf


def _write_pin(evidence: Evidence) -> TableCell:
    pinned = format_sentence(to_utc_text(evidence.pinned_at))
    return cell(f"Pinned by {evidence.pinned_by_name}, {pinned}: {evidence.reason}", "quiet")


def build_absences(record: CaseRecord) -> Iterator[Block]:
    """Every statement that nothing was found, with what it is worth."""
    if not record.absences:
        yield paragraph("Nothing that was looked for and not found is pinned in this case.")
        return
    yield paragraph(_ABSENCE_INTRODUCTION)
    yield from limit_note(len(record.absences), record.counts["absences"], "statements")
    heads = (ReportColumn(""), ReportColumn("Holds up to, UTC"), ReportColumn("What was not found", 1))
    numbers = number_absences(record)
    yield ReportTable(heads, tuple(_write_statement(each, numbers[each.number]) for each in record.absences))


def build_statements(record: CaseRecord) -> Iterator[Block]:
    """Every result set and finding, with what it is worth."""
    if not record.statements:
        yield paragraph("No result set and no finding is pinned in this case.")
        return
    yield paragraph(_STATEMENT_INTRODUCTION)
    pinned = record.counts["result_sets"] + record.counts["findings"]
    yield from limit_note(len(record.statements), pinned, "statements")
    heads = (ReportColumn(""), ReportColumn("Holds up to, UTC"), ReportColumn("What was found", 1))
    yield ReportTable(heads, tuple(_write_statement(each, each.label) for each in record.statements))


def _write_statement(evidence: Evidence, name: str) -> tuple[TableCell, ...]:
    statement = evidence.document
    doubts = (line(f"Provisional: {doubt}") for doubt in _list_doubts(statement))
    checkpoint = statement["checkpoint"]
    sealed = f", checkpoint of {checkpoint['size']:,} leaves" if checkpoint else ", no checkpoint"
    shown = (
        line(describe_evidence(evidence)),
        *doubts,
        *_write_ids(statement),
        line(f"Left out: {statement['left_out']}", "quiet"),
        *_write_pin(evidence),
        line(f"SHA-256 {evidence.digest}", "code", "quiet"),
        line(f"event {evidence.event_id}{sealed}", "code", "quiet"),
    )
    names: TableCell = (line(name, "strong", "code"),)
    if name != evidence.label:
        names = (*names, line(f"({evidence.label})", "quiet"))
    return names, cell(write_instant(evidence.event_timestamp)), shown


def _write_ids(statement: Statement) -> TableCell:
    """The digest of the ids of a result set; nothing of what has none."""
    ids = statement.get("ids")
    return cell(f"SHA-256 of the ids {ids['sha256']}: {ids['algorithm']}", "code", "quiet") if ids else ()


def _list_doubts(statement: Statement) -> list[str]:
    """Why it was provisional, in sentences."""
    return [doubt.sentence for doubt in read_coverage(statement).doubts]


def build_searches(record: CaseRecord) -> Iterator[Block]:
    """The searches from which something was pinned, and the runs of the case."""
    searches = _group_searches(record)
    listed, pinned = sum(map(len, (record.events, record.absences, record.statements))), record.counts["evidence"]
    if listed < pinned:
        yield paragraph(
            f"Searches are listed for the {listed:,} of {pinned:,} pieces of evidence that this report holds. By which searches"
            " the others were come upon is in the case.",
            "note",
        )
    elif not searches and not record.runs:
        yield paragraph("It is not on record by which searches the evidence of this case was come upon.")
        return
    if searches:
        rows = ((cell(words, "code"), cell(names, "code")) for words, names in searches.items())
        yield ReportTable(_SEARCH_HEADS, tuple(rows))
    if record.runs:
        yield from limit_note(len(record.runs), record.counts["runs"], "runs")
        yield ReportTable(_RUN_HEADS, tuple(map(_write_run, record.runs)))


def _group_searches(record: CaseRecord) -> dict[str, str]:
    """What was pinned from a search, by its words."""
    numbers: dict[str, list[int]] = {}
    absences: dict[str, list[str]] = {}
    names = number_absences(record)
    for each in (*record.events, *record.absences, *record.statements):
        if each.search and (each.run is None or each.run.is_named_in(record.case)):
            words = describe_search(Search.from_json(each.search))
            of_search = numbers.setdefault(words, [])
            if name := names.get(each.number):
                absences.setdefault(words, []).append(name)
            else:
                of_search.append(each.number)
    return {
        words: ", ".join([*filter(None, [write_numbers(events)]), *absences.get(words, [])])
        for words, events in numbers.items()
    }


def _write_run(run: Run) -> tuple[TableCell, ...]:
    query = (
        (line(f"Saved query {run.version.query.name}, version {run.version.number}", "quiet"),) if run.version else ()
    )
    words = (line(run.title), line(describe_search(Search.from_json(run.search)), "code"), *query)
    results = (
        f"{run.done:,}"
        if run.state == Run.State.FINISHED
        else f"{run.done:,} so far, {run.get_state_display().lower()}"
    )
    return (
        words,
        cell(results),
        (line(run.started_by_name), line(format_sentence(to_utc_text(run.created_at)), "quiet")),
    )


def build_custody(record: CaseRecord) -> Iterator[Block]:
    """Who did what with the evidence, and from where; then with the case, each with its record in the trail."""
    if record.acts:
        yield paragraph("What was done with each piece of evidence, by whom and from where, in the order of time.")
        yield from limit_note(record.counts["custody_read"], record.counts["custody"], "entries")
        yield _tabulate_acts(record.acts)
    if not record.activity:
        yield paragraph("Nothing is on record of what was done with this case.")
        return
    yield Subheading(line("Activity of the case"))
    yield from limit_note(len(record.activity), record.counts["activity"], "entries")
    heads = (
        ReportColumn("Time, UTC"),
        ReportColumn("Who"),
        ReportColumn("What", 3),
        ReportColumn("Record in the trail"),
    )
    rows = (
        (
            cell(format_sentence(to_utc_text(each.at))),
            cell(each.who),
            cell(each.what),
            cell(each.event_id, "code", "quiet"),
        )
        for each in record.activity
    )
    yield ReportTable(heads, tuple(rows))


def _tabulate_acts(acts: Sequence[CustodyAct]) -> ReportTable:
    heads = (
        ReportColumn("Time, UTC"),
        ReportColumn("Evidence"),
        ReportColumn("What", 2),
        ReportColumn("Who"),
        ReportColumn("From"),
    )
    rows = (
        (
            cell(format_sentence(to_utc_text(act.entry.at))),
            cell(act.labels, "code"),
            cell(": ".join(filter(None, (act.entry.get_action_display(), act.entry.detail)))),
            cell(act.entry.by_name),
            cell(act.entry.address, "code"),
        )
        for act in acts
    )
    return ReportTable(heads, tuple(rows))


def build_verification(record: CaseRecord) -> Iterator[Block]:
    """How anybody can check the evidence, and the checkpoint that the sealed log stood at."""
    if record.foreign is not None:
        yield from _verify_foreign(record, record.foreign)
        return
    yield paragraph(_VERIFY)
    yield Verbatim(f"python verify_bundle.py case-{record.case.public_id}-timeline.bundle.jsonl", is_command=True)
    sealed = record.counts["events"] - record.counts["unproved"]
    yield paragraph(f"{sealed:,} of the {record.counts['events']:,} events of the case have a leaf in the sealed log.")
    yield from _state_checkpoint(record)


def _state_checkpoint(record: CaseRecord) -> Iterator[Block]:
    if record.checkpoint is None:
        yield paragraph(f"No checkpoint can be shown: {record.problem}", "note")
        return
    newest = record.checkpoint
    words = (span(f"When this report was made, the log {newest.origin} had {newest.size:,} leaves and the root hash "),)
    yield Paragraph(((*words, span(newest.root, "code"), span(".")),))


def _verify_foreign(record: CaseRecord, foreign: ForeignCase) -> Iterator[Block]:
    """How anybody can check a case that came from another console: with its bundle, by the keys of that console and its log."""
    yield paragraph(_VERIFY_FOREIGN)
    origin = f"The case is {foreign.number} of the console with the log {foreign.origin}."
    how = f"Its key was accepted here by {foreign.key.accepted_by_name}: {foreign.key.note}"
    yield paragraph(f"{origin} {how}")
    if foreign.key.revoked_at is not None:
        yield paragraph(f"The key was revoked here later, by {foreign.key.revoked_by_name}.", "note")
    keys = [
        *(f"--key {shlex.quote(key)}" for key in foreign.log_keys),
        f"--console-key {shlex.quote(foreign.key.vkey)}",
    ]
    yield Verbatim(" \\\n  ".join(["python verify_bundle.py", *keys, "THE-BUNDLE.case.zip"]), is_command=True)
    fingerprint = (span("The fingerprint of the key of that console is "), span(foreign.fingerprint, "code"), span("."))
    yield Paragraph((fingerprint,))
    manifest = (span("The SHA-256 of the manifest of the bundle is "), span(foreign.manifest, "code"), span("."))
    yield Paragraph((manifest,))
    yield from _count_foreign(record)


def _count_foreign(record: CaseRecord) -> Iterator[Block]:
    """How many events are in the log of the other console; and of what was pinned here, how many are in that of this one."""
    came, events = record.counts["foreign_events"], record.counts["events"]
    if came == events:
        yield paragraph(
            f"The {events:,} events of the case have a leaf in that log, and none in the log of this console."
        )
        return
    own = events - came
    sealed = own - record.counts["unproved"]
    yield paragraph(
        f"Of the {events:,} events of the case {came:,} came with it: these have a leaf in that log, and none in the log of"
        f" this console. {own:,} {'was' if own == 1 else 'were'} pinned here from the trail of this console, and none of these"
        f" has a leaf in that log: {sealed:,} of them {'has' if sealed == 1 else 'have'} a leaf in the log of this console."
    )
    yield from _state_checkpoint(record)
