"""Pins events to a case as frozen copies, withdraws them, and checks that a copy is still what was pinned."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from core.records import next_number
from investigations.access import build_scope
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.evidence.annotations import set_tags
from investigations.evidence.custody import Action, record_custody
from investigations.evidence.records import add_evidence, withdraw_evidence
from investigations.models import Case, Evidence, Run
from investigations.proofs import services as proofs
from trail.canonical_form import compute_digest
from trail.questions.compromise import PINNABLE
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Search

MAX_AT_ONCE = PINNABLE  # as many as the page of a compromised token offers to pin
READ_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a pin did: what is new in the case, and how many of the events were in it before."""

    new: list[Evidence]
    already: int


def pin(
    *,
    case: Case,
    event_ids: list[str],
    reason: str,
    by: User,
    search: Search | None = None,
    run: Run | None = None,
    relevance: str = "",
    tags: str = "",
) -> Pinned:
    """Freeze these events in the case, all of them or none. Events that are in it already stay as they were.

    `tags` stand one after the other with commas between.

    Raises Refused when nothing or too much is chosen or an event cannot be found by this person.
    """
    wanted = list(dict.fromkeys(event_ids))
    if not wanted:
        raise Refused("Choose at least one event to pin.", "event")
    if len(wanted) > MAX_AT_ONCE:
        raise Refused(f"Pin at most {MAX_AT_ONCE} events at once; {len(wanted)} are chosen.", "event")
    if not reason.strip():
        raise Refused("Say why: the reason stands beside the evidence for ever.", "reason")
    hits = execute.find(trail(), wanted, build_scope(by))
    missing = [event_id for event_id in wanted if event_id not in hits]
    if missing:
        raise Refused(f"The trail shows no event {missing[0]}; nothing was pinned.", "event")
    words = {"reason": reason.strip(), "search": search.to_json() if search else {}, "run": run, "relevance": relevance}
    return _pin(case, [hits[event_id] for event_id in wanted], words, tags, by)


@transaction.atomic
def _pin(case: Case, hits: list[Hit], words: dict[str, Any], tags: str, by: User) -> Pinned:
    # Two people who pin at once number their evidence one after the other.
    hold_open(case)
    pinned = set(case.evidence.not_withdrawn().values_list("event_id", flat=True))
    leaves = proofs.read_leaves()
    leaf_of = leaves.of({hit.event_id: (hit.index, hit.number or 0) for hit in hits}) if leaves else {}
    new: list[Evidence] = []
    unpinned = sorted((hit for hit in hits if hit.event_id not in pinned), key=execute.sort_key)
    for number, hit in enumerate(unpinned, next_number(case.evidence)):
        new.append(
            Evidence(
                case=case,
                number=number,
                event_id=hit.event_id,
                event_index=hit.index,
                event_timestamp=hit.timestamp,
                event_place=execute.sort_key(hit)[0],
                frozen=orjson.dumps(hit.document),
                digest=compute_digest(hit.document),
                leaf=leaf_of.get(hit.event_id),
                **words,
                pinned_by=by,
                pinned_by_name=by.name or by.username,
            )
        )
    add_evidence(case, new)
    set_tags(new, tags)
    if new:
        case.save(update_fields=["changed_at"])
        names = ", ".join(evidence.label for evidence in new)
        event_id = record_in_case(CaseAction.EVIDENCE_PIN, f"pinned {names}", by=by, case=case, labels=_labels(new))
        record_custody(new, Action.PIN, by=by, event_id=event_id)
    return Pinned(new, len(hits) - len(new))


def _labels(new: list[Evidence]) -> dict[str, str]:
    """The first events with their digests: proof in the trail of what was pinned, within a label's length."""
    pairs = [f"{evidence.event_id}={evidence.digest}" for evidence in new]
    return {"count": str(len(new)), "evidence": " ".join(pairs[:40])}


@transaction.atomic
def withdraw(*, evidence: Evidence, reason: str, by: User) -> None:
    """Take evidence out of the timeline and exports. It stays on record with who did so, when and why.

    Raises Refused without a reason, and when somebody has withdrawn it before; CaseClosed.
    """
    if not reason.strip():
        raise Refused("Say why: the reason stays beside what was withdrawn.", "reason")
    hold_open(evidence.case)
    evidence.refresh_from_db()
    if evidence.withdrawn_at is not None:
        raise Refused(f"{evidence.label} was withdrawn before, by {evidence.withdrawn_by_name}.")
    withdraw_evidence(evidence.case, [evidence], reason=reason.strip(), by=by)
    evidence.refresh_from_db()
    evidence.case.save(update_fields=["changed_at"])
    event_id = record_in_case(
        CaseAction.EVIDENCE_WITHDRAW,
        f"withdrew {evidence.label}",
        by=by,
        case=evidence.case,
        labels={"event": evidence.event_id, "digest": evidence.digest},
    )
    record_custody([evidence], Action.WITHDRAW, by=by, event_id=event_id)


def list_timeline(case: Case) -> list[int]:
    """The keys of what has not been withdrawn from the case, in time order."""
    return list(case.evidence.not_withdrawn().in_time_order().values_list("pk", flat=True))


def stream_timeline(case: Case, pks: list[int] | None = None) -> Iterator[Evidence]:
    """What has not been withdrawn from the case, in time order, or had not when `list_timeline` gave these keys.

    No query stays open between two rows: SQLite lets nobody write, us least of all, who reads from before another's write.
    """
    pks = list_timeline(case) if pks is None else pks
    for start in range(0, len(pks), READ_AT_ONCE):
        batch = pks[start : start + READ_AT_ONCE]
        rows = case.evidence.in_bulk(batch)
        yield from (rows[pk] for pk in batch)


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """Whether a frozen copy still has its digest (`copy`), and whether the trail holds the same event (`trail`)."""

    copy: bool
    trail: bool | None


def check_copy(evidence: Evidence) -> CopyCheck:
    """Compare the copy with its digest and with the trail, whoever looks. `trail` is None when the event is not there."""
    hit = execute.find(trail(), [evidence.event_id], WHOLE_TRAIL).get(evidence.event_id)
    return CopyCheck(
        copy=compute_digest(evidence.document) == evidence.digest,
        trail=None if hit is None else compute_digest(hit.document) == evidence.digest,
    )
