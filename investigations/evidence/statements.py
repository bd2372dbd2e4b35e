"""Pins statements, puts each on record by its digest in the trail, and compares them with the trail as it is now."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from core.connection import trail
from core.records import next_number
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.evidence.custody import Action, record_custody
from investigations.evidence.records import add_evidence
from investigations.evidence.services import PinWords, add_words, describe_question, expect_words
from investigations.models import Case, Evidence, Run
from investigations.presentation.statements import STATEMENTS, find_kind
from operations.sealing import proofs as sealing
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from trail.events import make_id
from trail.questions import statements
from trail.questions.statements import Statement, find_digest
from trail.search import execute
from trail.search.spec import Scope, Search

LEFT_OUT = "the console's own records of what people asked and did, except those of this case"


@dataclass(frozen=True, slots=True)
class StatementCheck:
    """Whether the statement still has its digest, the same as the trail's record of it names, and what its kind finds now.

    `recorded` is None where the trail does not show the record, `again` where it was not asked again.
    """

    copy: bool
    recorded: bool | None
    again: Any


def build_scope_of(case: Case) -> Scope:
    """What everybody in the case may find, so that whoever asks again is told the same."""
    return Scope(user_id="", cases=(case.public_id,))


def name_person(by: User) -> dict[str, str]:
    """Who asked, as a statement has it."""
    return {"id": by.username, "name": by.name or by.username}


def read_checkpoint() -> dict[str, Any] | None:
    """The newest checkpoint of the sealed log, with its signed note; None while nothing is sealed."""
    try:
        newest, message = sealing.read_newest_checkpoint(LogDirectory())
    except LogDamaged:
        return None
    return {"size": newest.size, "root": newest.root.hex(), "note": message.decode()}


@transaction.atomic
def pin_statement(
    *, case: Case, statement: Statement, search: Search, words: PinWords, summary: str, by: User, run: Run | None = None
) -> Evidence:
    """Freeze a statement in the case, and put it on record; `summary` is what was pinned, in a few words.

    Raises Refused without a reason, and for a hypothesis of another case; CaseClosed.
    """
    expect_words(case, words)
    hold_open(case)
    kind = STATEMENTS[statement["format"]]
    evidence = _build_evidence(case, statement, search, words, by, run)
    add_evidence(case, [evidence])
    add_words([evidence], {evidence.event_id: words}, by)
    case.save(update_fields=["changed_at"])
    question = describe_question(words)
    record_in_case(
        CaseAction.EVIDENCE_PIN,
        f"pinned {evidence.label}: {summary}",
        by=by,
        case=case,
        labels={"count": "1", kind.label: evidence.digest, **({"hypotheses": question} if question else {})},
        event_id=evidence.event_id,
    )
    record_custody([evidence], Action.PIN, by=by, event_id=evidence.event_id, detail=question)
    return evidence


def _build_evidence(
    case: Case, statement: Statement, search: Search, words: PinWords, by: User, run: Run | None
) -> Evidence:
    kind = STATEMENTS[statement["format"]]
    stands_at = kind.find_time(statement)
    return Evidence(
        kind=kind.kind,
        case=case,
        number=next_number(case.evidence),
        event_id=make_id("console"),
        event_index="",
        event_timestamp=stands_at,
        event_place=execute.sortable_time(stands_at),
        frozen=statements.encode_statement(statement),
        digest=statements.digest_statement(statement),
        reason=words.reason.strip(),
        search=search.to_json(),
        run=run,
        relevance=words.relevance,
        pinned_by=by,
        pinned_by_name=by.name or by.username,
    )


def check_statement(evidence: Evidence, *, on_demand: bool = False) -> StatementCheck:
    """Compare the statement with its digest and with the trail's record of it, and ask the same again.

    What takes long is asked again `on_demand` alone. Raises TrailUnavailable.
    """
    record = _record_of(evidence)
    if record is None:  # it is not shown within the first second after it was written
        statements.refresh(trail())
        record = _record_of(evidence)
    kind, document = find_kind(evidence), evidence.document
    is_asked = on_demand or not kind.on_demand
    return StatementCheck(
        copy=statements.digest_statement(document) == evidence.digest,
        recorded=None if record is None else find_digest(record.document.get("labels")) == evidence.digest,
        again=kind.ask_again(trail(), document, build_scope_of(evidence.case)) if is_asked else None,
    )


def _record_of(evidence: Evidence) -> execute.Hit | None:
    """The event that put it on record."""
    return execute.find(trail(), [evidence.event_id], build_scope_of(evidence.case)).get(evidence.event_id)
