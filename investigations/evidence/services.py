"""Pin events to a case as frozen copies, withdraw them, check that a copy is still what was pinned."""

from dataclasses import dataclass

import orjson
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.journal import trail
from accounts.models import User
from investigations.access import scope_of
from investigations.errors import Refused
from investigations.journal import Action, record_in_case
from investigations.models import Case, Evidence, Run
from investigations.services import proofs
from investigations.services.cases import hold_open
from trail.events import digest
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Search

MAX_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a pin did: what is new in the case, and how many of the events were in it before."""

    new: list[Evidence]
    already: int


def pin(
    *, case: Case, event_ids: list[str], reason: str, by: User, search: Search | None = None, run: Run | None = None
) -> Pinned:
    """Freeze these events in the case, all of them or none. Events that are in it already stay as they were.

    Raises Refused when nothing or too much is chosen or an event cannot be found by this person.
    """
    wanted = list(dict.fromkeys(event_ids))
    if not wanted:
        raise Refused("Choose at least one event to pin.", "event")
    if len(wanted) > MAX_AT_ONCE:
        raise Refused(f"Pin at most {MAX_AT_ONCE} events at once; {len(wanted)} are chosen.", "event")
    if not reason.strip():
        raise Refused("Say why: the reason stands beside the evidence for ever.", "reason")
    found = execute.find(trail(), wanted, scope_of(by))
    missing = [event_id for event_id in wanted if event_id not in found]
    if missing:
        raise Refused(f"The trail shows no event {missing[0]}; nothing was pinned.", "event")
    return _pin(case, [found[event_id] for event_id in wanted], reason.strip(), by, search, run)


@transaction.atomic
def _pin(case: Case, hits: list[Hit], reason: str, by: User, search: Search | None, run: Run | None) -> Pinned:
    # Two people who pin at once number their evidence one after the other.
    hold_open(case)
    standing = set(case.evidence.standing().values_list("event_id", flat=True))
    number = case.evidence.aggregate(last=Max("number"))["last"] or 0
    leaves = proofs.leaves()
    known = leaves.of({hit.event_id: (hit.index, hit.number or 0) for hit in hits}) if leaves else {}
    new: list[Evidence] = []
    for hit in sorted((hit for hit in hits if hit.event_id not in standing), key=execute.place):
        number += 1
        new.append(
            Evidence(
                case=case, number=number, event_id=hit.event_id, event_index=hit.index, event_timestamp=hit.timestamp,
                event_place=execute.place(hit)[0], frozen=orjson.dumps(hit.document),
                digest=digest(hit.document), leaf=known.get(hit.event_id), reason=reason,
                search=search.to_json() if search else {}, run=run,
                pinned_by=by, pinned_by_name=by.name or by.username,
            )
        )  # fmt: skip
    Evidence.objects.bulk_create(new)
    if new:
        case.save(update_fields=["changed_at"])
        names = ", ".join(evidence.label for evidence in new)
        record_in_case(Action.EVIDENCE_PIN, f"pinned {names}", by=by, case=case, labels=_labels(new))
    return Pinned(new, len(hits) - len(new))


def _labels(new: list[Evidence]) -> dict[str, str]:
    """The first events with their digests: proof in the trail of what was pinned, within a label's length."""
    pairs = [f"{evidence.event_id}={evidence.digest}" for evidence in new]
    return {"count": str(len(new)), "evidence": " ".join(pairs[:40])}


@transaction.atomic
def withdraw(*, evidence: Evidence, reason: str, by: User) -> None:
    """Take evidence out of the timeline and exports. It stays on record with who did so, when and why."""
    if evidence.withdrawn_at is not None:
        raise Refused(f"{evidence.label} was withdrawn before, by {evidence.withdrawn_by_name}.")
    if not reason.strip():
        raise Refused("Say why: the reason stays beside what was withdrawn.", "reason")
    hold_open(evidence.case)
    evidence.withdrawn_at = timezone.now()
    evidence.withdrawn_by_name = by.name or by.username
    evidence.withdrawn_reason = reason.strip()
    evidence.save(update_fields=["withdrawn_at", "withdrawn_by_name", "withdrawn_reason"])
    evidence.case.save(update_fields=["changed_at"])
    record_in_case(Action.EVIDENCE_WITHDRAW, f"withdrew {evidence.label}", by=by, case=evidence.case,
                   labels={"event": evidence.event_id, "digest": evidence.digest})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a frozen copy still has its digest (`copy`), and whether the trail holds the same event (`trail`)."""

    copy: bool
    trail: bool | None


def check(evidence: Evidence) -> Check:
    """Compare the copy with its digest and with the trail, whoever looks. `trail` is None when the event is not there."""
    found = execute.find(trail(), [evidence.event_id], WHOLE_TRAIL).get(evidence.event_id)
    return Check(
        copy=digest(evidence.document) == evidence.digest,
        trail=None if found is None else digest(found.document) == evidence.digest,
    )
