"""Writes what came in a case bundle as rows of a case: people of the other console are names there, and not users here."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from core.records import fit_text
from investigations.case_import.bundle_file import read_lines
from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.fields import NameOf
from investigations.case_import.foreign_content import ForeignContent, check_event, read_custody
from investigations.case_import.foreign_manual_events import write_clock_skews, write_manual_events
from investigations.case_import.foreign_statements import check_statement
from investigations.entities.services import mark_shared_entities
from investigations.evidence.records import add_evidence
from investigations.models import (
    Activity,
    Attachment,
    Case,
    CaseEntity,
    CaseTag,
    CaseTask,
    CustodyEntry,
    Evidence,
    EvidenceTag,
    ForeignEvidence,
    Hypothesis,
    HypothesisEvidence,
    Note,
    Verdict,
)
from investigations.timeline.facts import build_fact
from trail.canonical_form import canonicalise
from trail.questions.statements import encode_statement
from trail.search.execute import sortable_time
from trail.times import NotATime

AT_ONCE = 500  # rows of one statement
STEP = 500  # lines that are written in one transaction


def name_people(origin: str) -> NameOf:
    """How people of another console are called here: by their name and their console, for ever."""

    def name(person: str) -> str:
        return fit_text(f"{person} ({origin})", 200) if person else ""

    return name


def write_words(case: Case, content: ForeignContent, name: NameOf) -> None:
    """Tags, entities with every verdict, tasks, notes, what was entered by hand, clock skews and activities."""
    CaseTag.objects.bulk_create(CaseTag(case=case, name=tag) for tag in content.words["tags"])
    _write_entities(case, content, name)
    _write_tasks(case, content, name)
    _write_notes(case, content, name)
    write_manual_events(case, content.manual_events, name)
    write_clock_skews(case, content.clock_skews, name)
    Activity.objects.bulk_create(
        (
            Activity(case=case, at=row["at"], actor_name=name(row["by"]), action=row["action"], summary=row["summary"])
            for row in content.activities
        ),
        batch_size=AT_ONCE,
    )


def _write_entities(case: Case, content: ForeignContent, name: NameOf) -> None:
    rows = [CaseEntity(case=case, field=each["field"], value=each["value"]) for each in content.entities]
    CaseEntity.objects.bulk_create(rows, ignore_conflicts=True, batch_size=AT_ONCE)
    keys = {(field, value): pk for pk, field, value in case.entities.values_list("pk", "field", "value")}
    Verdict.objects.bulk_create(
        (
            Verdict(
                entity_id=keys[each["field"], each["value"]],
                word=verdict["word"],
                reason=verdict["reason"],
                by_name=name(verdict["by"]),
                at=verdict["at"],
            )
            for each in content.entities
            for verdict in each["verdicts"]
        ),
        batch_size=AT_ONCE,
    )


def mark_entities(case: Case) -> None:
    """Say which entities other cases have too; those of the evidence are said to be already."""
    pairs = list(case.entities.filter(events=0).values_list("field", "value"))
    for start in range(0, len(pairs), AT_ONCE):
        mark_shared_entities(case, pairs[start : start + AT_ONCE])


def _write_tasks(case: Case, content: ForeignContent, name: NameOf) -> None:
    CaseTask.objects.bulk_create(
        (
            CaseTask(
                case=case,
                number=row["number"],
                title=row["title"],
                state=row["state"],
                due=row["due"],
                foreign_assignee=name(row["assignee"]),
                created_by_name=name(row["created_by"]),
                created_at=row["created_at"],
                settled_by_name=name(row["settled_by"]),
                settled_at=row["settled_at"],
            )
            for row in content.tasks
        ),
        batch_size=AT_ONCE,
    )


def _write_notes(case: Case, content: ForeignContent, name: NameOf) -> None:
    """Each version after the one that it replaces; nobody is told of them again."""
    for versions in content.notes:
        first = before = None
        for number, row in enumerate(versions, start=1):
            before = Note.objects.create(
                case=case,
                original=first,
                replaces=before,
                version=number,
                text=row["text"],
                author_name=name(row["author"]),
                written_at=row["written_at"],
            )
            first = first or before


def write_hypotheses(case: Case, content: ForeignContent, name: NameOf) -> None:
    """Those of the case with what speaks for them and against them; the evidence is there by then."""
    rows = [
        Hypothesis(
            case=case,
            number=row["number"],
            statement=row["statement"],
            state=row["state"],
            answer=row["answer"],
            created_by_name=name(row["created_by"]),
            created_at=row["created_at"],
            changed_by_name=name(row["changed_by"]),
            changed_at=row["changed_at"],
        )
        for row in content.hypotheses
    ]
    Hypothesis.objects.bulk_create(rows, batch_size=AT_ONCE)
    keys = dict(case.evidence.values_list("number", "pk"))
    HypothesisEvidence.objects.bulk_create(
        (
            HypothesisEvidence(hypothesis=hypothesis, evidence_id=keys[number], speaks_for=side == "for")
            for hypothesis, row in zip(rows, content.hypotheses, strict=True)
            for side in ("for", "against")
            for number in row[side]
        ),
        batch_size=AT_ONCE,
    )


def write_attachments(case: Case, content: ForeignContent, stored: dict[int, str], name: NameOf) -> None:
    """What is attached; `stored` leads from an attachment's number to the name of its file here."""
    rows = []
    for row in content.attachments:
        words = {key: row[key] for key in ("number", "name", "description", "size", "content_type", "sha256")}
        rows.append(
            Attachment(
                case=case,
                added_by_name=name(row["added_by"]),
                added_at=row["added_at"],
                removed_at=row["removed_at"],
                removed_by_name=name(row["removed_by"]),
                removal_reason=row["removal_reason"],
                **words,
                **({"public_id": stored[row["number"]]} if row["removed_at"] is None else {}),
            )
        )
    Attachment.objects.bulk_create(rows, batch_size=AT_ONCE)


@dataclass(frozen=True, slots=True)
class LineBatch:
    """Some lines of the bundle of events: those of evidence, the acts of custody, and how many lines they are in all.

    `checkpoint` is the signed note under which evidence is proved, where it stands among them.
    """

    evidence: list[dict[str, Any]]
    custody: list[dict[str, Any]]
    number: int
    checkpoint: str = ""


def read_steps(path: Path, start: int = 0) -> Iterator[LineBatch]:
    """The lines of a file that was verified from number `start` on, STEP at a time. Raises BadCaseBundle, OSError."""
    lines = islice(read_lines(path), start, None)
    while batch := list(islice(lines, STEP)):
        evidence = [line for line in batch if "index" in line]
        custody = [read_custody(line["custody"]) for line in batch if "custody" in line]
        checkpoints = [str(line["checkpoint"]) for line in batch if "checkpoint" in line]
        yield LineBatch(evidence, custody, len(batch), checkpoints[-1] if checkpoints else "")


def check_steps(path: Path, content: ForeignContent, watch: Callable[[int], object]) -> tuple[int, str]:
    """That everything which `write_step` will write can be written; how many lines there are, and the checkpoint of the proofs.

    Raises BadCaseBundle, OSError.

    `watch` is told how many lines were read, and may raise to stop.
    """
    known, events, custody, number, checkpoint, case = set[str](), set[str](), 0, 0, "", Case()
    for step in read_steps(path):
        for line in step.evidence:
            row = _build_evidence(case, line, _find_piece(content, line), str)
            build_fact(row)
            if row.event_id in events:
                raise BadCaseBundle(f"The event of {row.label} stands twice in the case.")
            known.add(row.label)
            events.add(row.event_id)
        _expect_known(known, step.custody)
        custody, number = custody + len(step.custody), number + step.number
        checkpoint = step.checkpoint or checkpoint
        if custody > settings.CASE_BUNDLE_PIECES:
            raise BadCaseBundle(f"The bundle holds more than {settings.CASE_BUNDLE_PIECES:,} entries of custody.")
        watch(number)
    return number, checkpoint


def write_step(case: Case, content: ForeignContent, step: LineBatch, name: NameOf) -> None:
    """Write evidence with what proves it, and the acts of custody there. The caller holds the case in its transaction."""
    pieces = [_find_piece(content, line) for line in step.evidence]
    rows = [_build_evidence(case, line, piece, name) for line, piece in zip(step.evidence, pieces, strict=True)]
    if rows:
        add_evidence(case, rows)
    ForeignEvidence.objects.bulk_create(
        ForeignEvidence(
            evidence=row,
            leaf=line["index"],
            proof=line["proof"],
            record=canonicalise(line["event"]) if row.is_statement else b"",
        )
        for row, line in zip(rows, step.evidence, strict=True)
    )
    EvidenceTag.objects.bulk_create(
        EvidenceTag(evidence=row, name=tag) for row, piece in zip(rows, pieces, strict=True) for tag in piece["tags"]
    )
    _write_custody(case, step.custody, name)


def _find_piece(content: ForeignContent, line: dict[str, Any]) -> dict[str, Any]:
    label = str(line["about"]["evidence"]["number"])
    return content.evidence[int(label.removeprefix("E"))]


def _expect_known(known: Container[str], custody: list[dict[str, Any]]) -> None:
    if unknown := next((entry for entry in custody if entry["evidence"] not in known), None):
        raise BadCaseBundle(f"The bundle has custody of {unknown['evidence'][:20]}, which the case does not have.")


def _build_evidence(case: Case, line: dict[str, Any], piece: dict[str, Any], name: NameOf) -> Evidence:
    label = f"E{piece['number']}"
    is_statement = piece["kind"] != Evidence.Kind.EVENT
    check_event(line["event"], label)
    if is_statement != ("statement" in line):
        raise BadCaseBundle(f"{label} is not of the kind that the case says.")
    find_time = check_statement(line["statement"], piece["kind"], label).find_time if is_statement else None
    try:
        time = find_time(line["statement"]) if find_time else line["event"]["@timestamp"]
        place = sortable_time(time)
    except (NotATime, KeyError, TypeError, AttributeError):
        raise BadCaseBundle(f"{label} has no time.") from None
    if len(place) > 40 or len(time) > 40:
        raise BadCaseBundle(f"{label} has no time that can be kept.")
    return Evidence(
        case=case,
        kind=piece["kind"],
        number=piece["number"],
        event_id=piece["event_id"],
        event_index="",
        event_timestamp=time,
        event_place=place,
        frozen=encode_statement(line["statement"]) if is_statement else orjson.dumps(line["event"]),
        digest=piece["digest"],
        reason=piece["reason"],
        search=piece["search"],
        relevance=piece["relevance"],
        pinned_by_name=name(piece["pinned_by"]),
        pinned_at=piece["pinned_at"],
    )


def _write_custody(case: Case, entries: list[dict[str, Any]], name: NameOf) -> None:
    """Acts at the other console. The records of its trail stand in its trail, and are not named here."""
    numbers = {int(entry["evidence"].removeprefix("E")) for entry in entries}
    keys = dict(case.evidence.filter(number__in=numbers).values_list("number", "pk"))
    CustodyEntry.objects.bulk_create(
        (
            CustodyEntry(
                case=case,
                evidence_id=keys[int(entry["evidence"].removeprefix("E"))],
                action=entry["action"],
                by_name=name(entry["by"]),
                at=entry["at"],
                address=entry["address"],
                client=entry["client"],
                detail=entry["detail"],
            )
            for entry in entries
        ),
        batch_size=AT_ONCE,
    )
