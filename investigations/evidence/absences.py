"""Pin that there is no such event: asked anew, frozen as a statement with its digest, and asked again whenever it is read."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.journal import trail
from accounts.models import User
from investigations.access import scope_of
from investigations.errors import Refused
from investigations.journal import Action, record_in_case
from investigations.models import Case, Evidence
from investigations.services.cases import hold_open
from investigations.services.coverage import with_doubts
from operations.sealing import proofs as sealing
from operations.sealing.errors import LogDamaged
from operations.sealing.log import Log
from trail import absence
from trail.absence import Again, Statement
from trail.coverage import Doubt
from trail.search import execute
from trail.search.spec import Scope, Search

LABEL = "absence"  # of the event that puts it on record: the statement's digest
LEFT_OUT = "the console's own records of what people asked and did, except those of this case"


@dataclass(frozen=True, slots=True)
class Check:
    """Whether the statement still has its digest, the same as the trail's record of it names, and what is found now.

    `recorded` is None where the trail does not show the record.
    """

    copy: bool
    recorded: bool | None
    again: Again


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
    looked = absence.look(trail(), search, scope_of(by), within=_scope_of(case), now=datetime.now(UTC))
    if looked.found:
        raise Refused(f"There {_are(looked.found)} now, so there is no absence to pin; search again to see them.")
    looked = replace(looked, coverage=with_doubts(looked.coverage))
    if not looked.coverage.whole and not provisional:
        raise Doubtful(looked.coverage.doubts)
    statement = absence.statement(
        looked, by={"id": by.username, "name": by.name or by.username}, left_out=LEFT_OUT, checkpoint=_newest()
    )
    return _pin(case, statement, looked.search, reason.strip(), by)


def _are(found: int) -> str:
    return "is one such event" if found == 1 else f"are {found:,} such events"


def _scope_of(case: Case) -> Scope:
    """What everybody in the case may find, so that whoever asks again is told the same."""
    return Scope(user_id="", cases=(case.public_id,))


def _newest() -> dict[str, Any] | None:
    """The newest checkpoint of the sealed log, with its signed note; None while nothing is sealed."""
    try:
        newest, message = sealing.newest(Log())
    except LogDamaged:
        return None
    return {"size": newest.size, "root": newest.root.hex(), "note": message.decode()}


@transaction.atomic
def _pin(case: Case, statement: Statement, search: Search, reason: str, by: User) -> Evidence:
    hold_open(case)
    number = (case.evidence.aggregate(last=Max("number"))["last"] or 0) + 1
    stands_at, digest = absence.stands_at(statement), absence.digest(statement)
    evidence = Evidence.objects.create(
        kind=Evidence.Kind.ABSENCE, case=case, number=number, event_id=f"console-{uuid.uuid4()}", event_index="",
        event_timestamp=stands_at, event_place=execute.instant(stands_at), frozen=absence.form(statement), digest=digest,
        reason=reason, search=search.to_json(), pinned_by=by, pinned_by_name=by.name or by.username,
    )  # fmt: skip
    case.save(update_fields=["changed_at"])
    record_in_case(
        Action.EVIDENCE_PIN, f"pinned {evidence.label}: nothing was found", by=by, case=case,
        labels={"count": "1", LABEL: digest}, event_id=evidence.event_id,
    )  # fmt: skip
    return evidence


def check(evidence: Evidence) -> Check:
    """Compare the statement with its digest and with the trail's record of it, and ask the same again.

    Raises TrailUnavailable.
    """
    found = _record_of(evidence)
    if found is None:  # it is not shown within the first second after it was written
        absence.refresh(trail())
        found = _record_of(evidence)
    return Check(
        copy=absence.digest(evidence.document) == evidence.digest,
        recorded=None if found is None else found.document.get("labels", {}).get(LABEL) == evidence.digest,
        again=absence.again(trail(), evidence.document, _scope_of(evidence.case)),
    )


def _record_of(evidence: Evidence) -> execute.Hit | None:
    """The event that put it on record."""
    return execute.find(trail(), [evidence.event_id], _scope_of(evidence.case)).get(evidence.event_id)
