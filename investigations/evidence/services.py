"""Pins events to a case as frozen copies, withdraws them, and checks that a copy is still what was pinned."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import orjson
from django.db import transaction

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from core.records import next_number
from investigations.access import build_scope
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.evidence.annotations import tag_new
from investigations.evidence.custody import Action, Origin, record_custody, record_details
from investigations.evidence.records import add_evidence, withdraw_evidence
from investigations.hypotheses.services import link_new
from investigations.models import Case, Evidence, Hypothesis, Run
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

    def write_sentence(self, case: Case) -> str:
        """What it did, for people."""
        sentence = f"Pinned {len(self.new)} to “{case.title}”."
        return (
            f"{sentence} {self.already} had been pinned before and stayed as they were." if self.already else sentence
        )


class PinThoughts(TypedDict, total=False):
    """What may be said beside the reason, as PinWords has it."""

    relevance: str
    tags: str
    hypothesis: Hypothesis | None
    speaks_for: bool


@dataclass(frozen=True, slots=True)
class PinWords:
    """What is said of evidence when it is pinned. `tags` stand one after the other with commas between."""

    reason: str
    relevance: str = ""
    tags: str = ""
    hypothesis: Hypothesis | None = None
    speaks_for: bool = True


@dataclass(frozen=True, slots=True)
class PinOrigin:
    """How events were found: by a search, absolute in time, and by a run of it."""

    search: Search | None = None
    run: Run | None = None

    def write_search(self, case: Case) -> dict[str, Any]:
        """The search as evidence of a case keeps it: not that of a run of another case, of which its people may not know."""
        is_named = self.run is None or self.run.is_named_in(case)
        return self.search.to_json() if self.search and is_named else {}


def pin(
    *,
    case: Case,
    event_ids: list[str],
    reason: str,
    by: User,
    search: Search | None = None,
    run: Run | None = None,
    **thoughts: Unpack[PinThoughts],
) -> Pinned:
    """Freeze these events in the case, each with the same words, as `pin_each` does."""
    words = PinWords(reason, **thoughts)
    return pin_each(case=case, words=dict.fromkeys(event_ids, words), by=by, origin=PinOrigin(search, run))


def pin_each(*, case: Case, words: Mapping[str, PinWords], by: User, origin: PinOrigin | None = None) -> Pinned:
    """Freeze these events in the case, each with words of its own, all of them or none. `words` are by the events' ids.

    Events that are in it already stay as they were.

    Raises Refused when nothing or too much is chosen, an event cannot be found by this person, or a hypothesis is not the
    case's; CaseClosed.
    """
    if not words:
        raise Refused("Choose at least one event to pin.", "event")
    if len(words) > MAX_AT_ONCE:
        raise Refused(f"Pin at most {MAX_AT_ONCE} events at once; {len(words)} are chosen.", "event")
    for each in words.values():
        expect_words(case, each)
    hits = execute.find(trail(), list(words), build_scope(by))
    missing = [event_id for event_id in words if event_id not in hits]
    if missing:
        raise Refused(f"The trail shows no event {missing[0]}; nothing was pinned.", "event")
    return _pin(case, [hits[event_id] for event_id in words], words, origin or PinOrigin(), by)


def expect_words(case: Case, words: PinWords) -> None:
    """Raises Refused where the reason is missing, or the hypothesis is of another case."""
    if not words.reason.strip():
        raise Refused("Say why: the reason stands beside the evidence for ever.", "reason")
    if words.hypothesis is not None and words.hypothesis.case_id != case.pk:
        raise Refused("This question is of another case.", "hypothesis")


@transaction.atomic
def _pin(case: Case, hits: list[Hit], words: Mapping[str, PinWords], origin: PinOrigin, by: User) -> Pinned:
    # Two people who pin at once number their evidence one after the other.
    hold_open(case)
    new = add_events(case, hits, words, origin, by)
    if new:
        names = ", ".join(evidence.label for evidence in new)
        event_id = record_in_case(
            CaseAction.EVIDENCE_PIN, f"pinned {names}", by=by, case=case, labels=_labels(new, words)
        )
        record_pins(case, new, words, by=by, event_id=event_id)
    return Pinned(new, len(hits) - len(new))


def record_pins(
    case: Case,
    new: Sequence[Evidence],
    words: Mapping[str, PinWords],
    *,
    by: User,
    event_id: str,
    origin: Origin | None = None,
) -> None:
    """Enter in the custody of what is new that it was pinned, and to which question it speaks, as `record_details` does."""
    details = ((evidence.pk, describe_question(words[evidence.event_id])) for evidence in new)
    record_details(case, details, Action.PIN, by=by, event_id=event_id, origin=origin)


def add_events(
    case: Case, hits: Sequence[Hit], words: Mapping[str, PinWords], origin: PinOrigin, by: User
) -> list[Evidence]:
    """Freeze events in a case, numbered in the order of time, with their entities; what is in it already stays as it was.

    The caller holds the case's row, and puts it on record.
    """
    ids = [hit.event_id for hit in hits]
    pinned = set(case.evidence.not_withdrawn().filter(event_id__in=ids).values_list("event_id", flat=True))
    leaves = proofs.read_leaves()
    leaf_of = leaves.of({hit.event_id: (hit.index, hit.number or 0) for hit in hits}) if leaves else {}
    unpinned = sorted((hit for hit in hits if hit.event_id not in pinned), key=execute.sort_key)
    new = [
        _build_evidence(case, number, hit, leaf_of.get(hit.event_id), words[hit.event_id], origin, by)
        for number, hit in enumerate(unpinned, next_number(case.evidence))
    ]
    add_evidence(case, new)
    add_words(new, words, by)
    if new:
        case.save(update_fields=["changed_at"])
    return new


def _build_evidence(
    case: Case, number: int, hit: Hit, leaf: int | None, words: PinWords, origin: PinOrigin, by: User
) -> Evidence:
    return Evidence(
        case=case,
        number=number,
        event_id=hit.event_id,
        event_index=hit.index,
        event_timestamp=hit.timestamp,
        event_place=execute.sort_key(hit)[0],
        frozen=orjson.dumps(hit.document),
        digest=compute_digest(hit.document),
        leaf=leaf,
        reason=words.reason.strip(),
        search=origin.write_search(case),
        run=origin.run,
        relevance=words.relevance,
        pinned_by=by,
        pinned_by_name=by.name or by.username,
    )


def add_words(new: Sequence[Evidence], words: Mapping[str, PinWords], by: User) -> None:
    """Tag what is new, and say which hypotheses it speaks to; `words` are by the ids of its events."""
    tag_new((evidence, words[evidence.event_id].tags) for evidence in new)
    sides: dict[tuple[Hypothesis, bool], list[int]] = {}
    for evidence in new:
        own = words[evidence.event_id]
        if own.hypothesis is not None:
            sides.setdefault((own.hypothesis, own.speaks_for), []).append(evidence.pk)
    for (hypothesis, speaks_for), keys in sides.items():
        link_new(hypothesis=hypothesis, keys=keys, speaks_for=speaks_for, by=by)


def describe_question(words: PinWords) -> str:
    """Which hypothesis it speaks to, as custody and the trail's record have it; empty where to none."""
    if words.hypothesis is None:
        return ""
    return f"speaks {'for' if words.speaks_for else 'against'} hypothesis {words.hypothesis.number}"


def _labels(new: list[Evidence], words: Mapping[str, PinWords]) -> dict[str, str]:
    """The first events with their digests: proof in the trail of what was pinned, within a label's length."""
    pairs = [f"{evidence.event_id}={evidence.digest}" for evidence in new]
    questions = dict.fromkeys(filter(None, (describe_question(words[evidence.event_id]) for evidence in new)))
    labels = {"count": str(len(new)), "evidence": " ".join(pairs[:40])}
    return labels | ({"hypotheses": "; ".join(questions)[:1_000]} if questions else {})


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
