"""Pins statements, puts each on record by its digest in the trail, and compares them with the trail as it is now."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from core.records import next_number
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.evidence.custody import Action, record_custody
from investigations.evidence.records import add_evidence
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


def expect_reason(reason: str) -> None:
    """Raises Refused where there is none."""
    if not reason.strip():
        raise Refused("Say why: the reason stands beside the evidence for ever.", "reason")


@transaction.atomic
def pin_statement(
    *, case: Case, statement: Statement, search: Search, reason: str, summary: str, by: User, run: Run | None = None
) -> Evidence:
    """Freeze a statement in the case, and put it on record; `summary` is what was pinned, in a few words. Raises CaseClosed."""
    expect_reason(reason)
    hold_open(case)
    kind = STATEMENTS[statement["format"]]
    stands_at, digest = kind.find_time(statement), statements.digest_statement(statement)
    evidence = Evidence(
        kind=kind.kind,
        case=case,
        number=next_number(case.evidence),
        event_id=make_id("console"),
        event_index="",
        event_timestamp=stands_at,
        event_place=execute.sortable_time(stands_at),
        frozen=statements.encode_statement(statement),
        digest=digest,
        reason=reason.strip(),
        search=search.to_json(),
        run=run,
        pinned_by=by,
        pinned_by_name=by.name or by.username,
    )
    add_evidence(case, [evidence])
    case.save(update_fields=["changed_at"])
    record_in_case(
        CaseAction.EVIDENCE_PIN,
        f"pinned {evidence.label}: {summary}",
        by=by,
        case=case,
        labels={"count": "1", kind.label: digest},
        event_id=evidence.event_id,
    )
    record_custody([evidence], Action.PIN, by=by, event_id=evidence.event_id)
    return evidence


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
