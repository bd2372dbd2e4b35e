"""Pins that there is no such event: asks anew, freezes a statement with its digest, and asks again whenever it is read."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from core.records import next_number
from investigations.access import build_scope
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.coverage import add_doubts
from investigations.evidence.custody import Action, record_custody
from investigations.evidence.records import add_evidence
from investigations.models import Case, Evidence
from operations.sealing import proofs as sealing
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from trail.events import make_id
from trail.questions import absence
from trail.questions.absence import CountedAgain, Statement
from trail.questions.coverage import Doubt
from trail.search import execute
from trail.search.spec import Scope, Search

LABEL = "absence"  # of the event that puts it on record: the statement's digest
LEFT_OUT = "the console's own records of what people asked and did, except those of this case"


@dataclass(frozen=True, slots=True)
class StatementCheck:
    """Whether the statement still has its digest, the same as the trail's record of it names, and what is found now.

    `recorded` is None where the trail does not show the record.
    """

    copy: bool
    recorded: bool | None
    again: CountedAgain


class Doubtful(Refused):
    """It would be provisional, for these reasons, and nobody has accepted that."""

    def __init__(self, doubts: tuple[Doubt, ...]) -> None:
        super().__init__("Events may be missing: accept that it is pinned as provisional.", "provisional")
        self.doubts = doubts


def pin(*, case: Case, search: Search, reason: str, by: User, provisional: bool = False) -> Evidence:
    """Ask anew, and freeze in the case that nothing was found.

    Raises Refused when there is something now; Doubtful when events may be missing and that is not accepted
    (`provisional`); BadQuery, TrailUnavailable.
    """
    if not reason.strip():
        raise Refused("Say why: the reason stands beside the evidence for ever.", "reason")
    looked = absence.count_events(trail(), search, build_scope(by), within=_scope_of(case), now=datetime.now(UTC))
    if looked.number:
        raise Refused(f"There {_are(looked.number)} now, so there is no absence to pin; search again to see them.")
    looked = replace(looked, coverage=add_doubts(looked.coverage))
    if not looked.coverage.whole and not provisional:
        raise Doubtful(looked.coverage.doubts)
    statement = absence.build_statement(
        looked, by={"id": by.username, "name": by.name or by.username}, left_out=LEFT_OUT, checkpoint=_newest()
    )
    return _pin(case, statement, looked.search, reason.strip(), by)


def _are(number: int) -> str:
    return "is one such event" if number == 1 else f"are {number:,} such events"


def _scope_of(case: Case) -> Scope:
    """What everybody in the case may find, so that whoever asks again is told the same."""
    return Scope(user_id="", cases=(case.public_id,))


def _newest() -> dict[str, Any] | None:
    """The newest checkpoint of the sealed log, with its signed note; None while nothing is sealed."""
    try:
        newest, message = sealing.read_newest_checkpoint(LogDirectory())
    except LogDamaged:
        return None
    return {"size": newest.size, "root": newest.root.hex(), "note": message.decode()}


@transaction.atomic
def _pin(case: Case, statement: Statement, search: Search, reason: str, by: User) -> Evidence:
    hold_open(case)
    number = next_number(case.evidence)
    stands_at, digest = absence.find_time(statement), absence.digest_statement(statement)
    evidence = Evidence(
        kind=Evidence.Kind.ABSENCE,
        case=case,
        number=number,
        event_id=make_id("console"),
        event_index="",
        event_timestamp=stands_at,
        event_place=execute.sortable_time(stands_at),
        frozen=absence.encode_statement(statement),
        digest=digest,
        reason=reason,
        search=search.to_json(),
        pinned_by=by,
        pinned_by_name=by.name or by.username,
    )
    add_evidence(case, [evidence])
    case.save(update_fields=["changed_at"])
    record_in_case(
        CaseAction.EVIDENCE_PIN,
        f"pinned {evidence.label}: nothing was found",
        by=by,
        case=case,
        labels={"count": "1", LABEL: digest},
        event_id=evidence.event_id,
    )
    record_custody([evidence], Action.PIN, by=by, event_id=evidence.event_id)
    return evidence


def check_statement(evidence: Evidence) -> StatementCheck:
    """Compare the statement with its digest and with the trail's record of it, and ask the same again.

    Raises TrailUnavailable.
    """
    record = _record_of(evidence)
    if record is None:  # it is not shown within the first second after it was written
        absence.refresh(trail())
        record = _record_of(evidence)
    return StatementCheck(
        copy=absence.digest_statement(evidence.document) == evidence.digest,
        recorded=None if record is None else record.document.get("labels", {}).get(LABEL) == evidence.digest,
        again=absence.count_again(trail(), evidence.document, _scope_of(evidence.case)),
    )


def _record_of(evidence: Evidence) -> execute.Hit | None:
    """The event that put it on record."""
    return execute.find(trail(), [evidence.event_id], _scope_of(evidence.case)).get(evidence.event_id)
