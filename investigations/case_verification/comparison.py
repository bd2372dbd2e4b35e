"""Compares evidence, many pieces in one request, with its digests, the trail and the sealed log."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orjson import JSONDecodeError

from core.connection import trail
from investigations.models import Evidence
from investigations.proofs.foreign import ForeignProof, prove_foreign
from operations.sealing.errors import LogDamaged
from operations.sealing.leaf_lookup import Leaves
from operations.sealing.proofs import DocumentProver, list_waiting, search_leaves
from trail import arrivals
from trail.canonical_form import compute_digest
from trail.errors import Incomplete
from trail.integrity.tiles import TileMissing
from trail.mapping import index_for
from trail.questions import statements
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL
from trail.times import format_datetime

Hits = dict[str, Hit]


class DiffersBy(StrEnum):
    """Which copy of evidence differs: the frozen one, the trail's, the trail's record of a statement, or the sealed one.

    Of what is *missing* the case itself has no row any more.
    """

    COPY = "copy"
    GONE = "gone"
    MISSING = "missing"
    TRAIL = "trail"
    RECORD = "record"
    LOG = "log"


SENTENCES = {
    DiffersBy.COPY: "the frozen copy no longer has the digest it was pinned with",
    DiffersBy.GONE: "the trail no longer shows the event",
    DiffersBy.MISSING: "the case no longer has the evidence that was given this number",
    DiffersBy.TRAIL: "the trail holds another event under this id than the one that was pinned",
    DiffersBy.RECORD: "the trail's record of the statement names another digest",
}


@dataclass(slots=True)
class EvidenceCheck:
    """What a comparison came to: in what a piece of evidence differs, in sentences, and whether it is sealed by now.

    `is_sealed` is None where the sealed log was not asked.
    """

    evidence: Evidence
    differences: dict[DiffersBy, str] = field(default_factory=dict)
    is_sealed: bool | None = None

    def add(self, kind: DiffersBy, sentence: str = "") -> None:
        """Note a difference."""
        self.differences[kind] = sentence or SENTENCES[kind]


class EvidenceComparison:
    """Compares batch after batch; it belongs to one piece of work, and remembers no evidence.

    `log_problem` says why the sealed log could not be asked, and is empty where it could. What the trail or the log does
    not answer is never a difference.
    """

    def __init__(self) -> None:
        self.log_problem = ""
        self._prover: DocumentProver | None = None
        self._leaves: Leaves | None = None
        self._open_log()

    def _open_log(self) -> None:
        try:
            self._prover = DocumentProver()
            self._leaves = Leaves(self._prover.size)
        except LogDamaged as error:
            self.log_problem = str(error)

    def compare(self, batch: Sequence[Evidence]) -> list[EvidenceCheck]:
        """What each is now, in this order. Raises TrailUnavailable where the trail cannot be asked of one of them."""
        checks = [EvidenceCheck(evidence) for evidence in batch]
        foreign = prove_foreign(batch)
        for check in checks:
            if check.evidence.pk in foreign:
                _compare_foreign(check, foreign[check.evidence.pk])
        own = [check for check in checks if check.evidence.pk not in foreign]
        if not own:
            return checks
        hits = find_events([check.evidence for check in own])
        for check in own:
            _compare_copies(check, hits.get(check.evidence.event_id))
        try:
            self._compare_with_log(own, hits)
        except (LogDamaged, TileMissing) as error:
            self.log_problem = str(error)
        return checks

    def _compare_with_log(self, checks: Sequence[EvidenceCheck], hits: Hits) -> None:
        """Compare all with the sealed log as it was opened; what that does not have, with the log as it is now."""
        if self._prover is None or self._leaves is None:
            return
        beyond = _compare_with_leaves(self._prover, self._leaves, checks, hits)
        if beyond:
            self._prover = DocumentProver()
            self._leaves = Leaves(self._prover.size)
            for check in _compare_with_leaves(self._prover, self._leaves, beyond, hits):
                check.add(DiffersBy.LOG, _describe_beyond(check))


def _compare_with_leaves(
    prover: DocumentProver, leaves: Leaves, checks: Sequence[EvidenceCheck], hits: Hits
) -> list[EvidenceCheck]:
    """Note of each whether it is what was sealed; those come back that are sealed by now and that this log does not have."""
    leafless = [check.evidence.event_id for check in checks if check.evidence.leaf is None]
    places = {key: (hit.index, hit.number or 0) for key in leafless if (hit := hits.get(key)) is not None}
    leaf_of, waiting = _find_leaves(leaves, places)
    beyond = []
    for check in checks:
        evidence = check.evidence
        leaf = evidence.leaf if evidence.leaf is not None else leaf_of.get(evidence.event_id)
        hit = hits.get(evidence.event_id)
        check.is_sealed = leaf is not None
        if leaf is not None and leaf < prover.size:
            _compare_with_leaf(prover, check, leaf, hit)
        elif leaf is not None or (evidence.event_id not in waiting and hit is not None):
            beyond.append(check)  # of one that is gone that is said already
    return beyond


def _describe_beyond(check: EvidenceCheck) -> str:
    """Why evidence is not in the newest checkpoint though the log has come past it."""
    if check.evidence.leaf is not None:
        return f"it was sealed as leaf {check.evidence.leaf:,}, and the sealed log ends before that"
    return "events that came after it are sealed, and it is none of the sealed log's"


def _find_leaves(leaves: Leaves, places: dict[str, tuple[str, int]]) -> tuple[dict[str, int], set[str]]:
    """The leaves of events by where they stand in the engine, and the ids of those that are not sealed yet.

    Where an index was made anew the numbers are others now, so the log's own list of ids is read.
    """
    leaf_of = leaves.of(places)
    leafless = {key: place for key, place in places.items() if key not in leaf_of}
    waiting = list_waiting(leafless)
    by_index: dict[str, list[str]] = defaultdict(list)
    for key, (index, _) in leafless.items():
        if key not in waiting:
            by_index[index].append(key)
    for index, keys in by_index.items():
        leaf_of |= search_leaves(index, keys)
    return leaf_of, waiting


def _compare_foreign(check: EvidenceCheck, proof: ForeignProof) -> None:
    """Compare what came from another console with its digest, and with that console's log by what came with it."""
    check.is_sealed = True
    _compare_digest(check)
    if not proof.verdict and DiffersBy.COPY not in check.differences:
        check.add(DiffersBy.LOG, f"it is not what {proof.origin} sealed as leaf {proof.leaf:,}")


def _compare_digest(check: EvidenceCheck) -> None:
    try:
        is_sound = compute_copy_digest(check.evidence) == check.evidence.digest
    except (JSONDecodeError, TypeError, ValueError, KeyError, AttributeError):
        is_sound = False
    if not is_sound:
        check.add(DiffersBy.COPY)


def _compare_copies(check: EvidenceCheck, hit: Hit | None) -> None:
    evidence = check.evidence
    _compare_digest(check)
    if hit is None:
        check.add(DiffersBy.GONE)
    elif evidence.is_statement:
        if statements.find_digest(hit.document.get("labels")) != evidence.digest:
            check.add(DiffersBy.RECORD)
    elif compute_digest(hit.document) != evidence.digest:
        check.add(DiffersBy.TRAIL)


def compute_copy_digest(evidence: Evidence) -> str:
    """The digest of the copy, or of the statement, as it is now. Raises ValueError or TypeError for what is no JSON any more."""
    if evidence.is_statement:
        return statements.digest_statement(evidence.document)
    return compute_digest(evidence.document)


def _compare_with_leaf(prover: DocumentProver, check: EvidenceCheck, leaf: int, hit: Hit | None) -> None:
    """Compare the copy, or the trail's record of a statement, with what was sealed as this leaf."""
    document = hit.document if check.evidence.is_statement and hit else None
    if not check.evidence.is_statement and DiffersBy.COPY not in check.differences:
        document = check.evidence.document
    # A copy that lost its digest is not what was sealed either, and is named once.
    if document is not None and not prover.verify_document(leaf, document):
        check.add(DiffersBy.LOG, f"it is not what was sealed as leaf {leaf:,}")


def find_events(batch: Sequence[Evidence]) -> Hits:
    """The events of the trail that belong to evidence, by their ids; left out is what the trail does not show.

    An event is not shown where its own index answers, as a whole, without it. Where an index is gone as a whole and its events
    are sealed, that is an outage: raises Incomplete, or TrailUnavailable.
    """
    indices = arrivals.list_indices(trail())
    pairs = [(_name_index(evidence), evidence.event_id) for evidence in batch]
    hits = execute.find_placed(trail(), [pair for pair in pairs if pair[0] in indices], WHOLE_TRAIL)
    if lost := [event_id for index, event_id in pairs if index not in indices]:
        hits |= execute.find(trail(), lost, WHOLE_TRAIL)
    missing = [event_id for index, event_id in pairs if index in indices and event_id not in hits]
    return hits | _look_again(missing)


def _look_again(missing: Sequence[str]) -> Hits:
    """Those that were written in the last second, or stand in another index than at first."""
    if not missing:
        return {}
    statements.refresh(trail())
    try:
        return execute.find(trail(), missing, WHOLE_TRAIL)
    except Incomplete:  # events are missing from the trail, and these are among them: their own index has answered
        return {}


def _name_index(evidence: Evidence) -> str:
    """The index that holds the event. That of the record of a statement follows from when it was pinned."""
    return evidence.event_index or index_for(trail().prefix, format_datetime(evidence.pinned_at))


def describe_check(check: EvidenceCheck) -> str:
    """What a comparison came to, in a few words."""
    if check.differences:
        return f"differs: {'; '.join(check.differences.values())}"
    if check.is_sealed is None:
        return "intact; the sealed log was not asked"
    return "intact" if check.is_sealed else "intact, not sealed yet"


def name_differences(check: EvidenceCheck) -> Iterator[dict[str, Any]]:
    """Each difference as it is kept: which evidence, which copy, and a sentence."""
    for kind, what in check.differences.items():
        yield {"evidence": check.evidence.number, "kind": str(kind), "what": what}


def name_missing(number: int) -> dict[str, Any]:
    """The same of a number of the case that no evidence has."""
    return {"evidence": number, "kind": str(DiffersBy.MISSING), "what": SENTENCES[DiffersBy.MISSING]}
