"""Asks the sealed log about events and frozen copies, and answers so that a page can show it whatever is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from core.connection import trail
from investigations import audit
from investigations.access import get_events
from investigations.audit import CaseAction
from investigations.models import Evidence
from investigations.proofs.foreign import ForeignProof, prove_foreign
from operations.models import Checkpoint
from operations.sealing import proofs, status, witnesses
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.leaf_lookup import Leaves
from operations.sealing.proofs import NeverSealed, NotSealed, Proof
from trail.errors import TrailUnavailable
from trail.integrity import merkle
from trail.integrity.tiles import TileMissing
from trail.integrity.verdict import Broken
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Unknown:
    """The log or the trail cannot be asked just now; the reason is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known of an event's seal. `state` is sealed, foreign, waiting, broken or unknown; `leaf` where it has one.

    Of what is *foreign* the leaf is in the log of another console, and is named in the answer alone.
    """

    state: str
    leaf: int | None
    answer: Proof | ForeignProof | NotSealed | NeverSealed | Unknown

    @property
    def label(self) -> str:
        """In a few words, for a badge."""
        match self.state:
            case "sealed":
                return f"Sealed, leaf {self.leaf:,}"
            case "foreign":
                return "Proved by another console's log"
            case "waiting":
                return "Not sealed yet"
            case "broken":
                return "Does NOT match its seal"
        return "Seal not checked"


def prove_event(event_id: str, *, by: User, index: str = "", format: str = "") -> tuple[list[Hit], Seal]:
    """The event, after it others of its id, and whether it is as it was sealed, judged now; that somebody asked is recorded,
    and in which `format` they take it away.

    Raises Http404 for an event that the person may not see, TrailUnavailable, WriteRefused.
    """
    hits = get_events(by, event_id, index)
    audit.record_access(CaseAction.EVENT_PROVE, by=by, resource=("event", event_id), labels={"format": format})
    return hits, judge_event(hits[0])


def judge_event(hit: Hit) -> Seal:
    """The seal of an event as the trail holds it now. It was found, so the person may know of it."""
    lost = Unknown("The trail no longer shows this event.")
    return _judge(lambda: proofs.prove_event(hit.event_id, hit.index) or lost)


def judge_copy(evidence: Evidence) -> Seal:
    """The seal of a frozen copy: it can be proved though the trail has lost the event. The leaf is noted when it is found.

    Of a statement, which is no event, it is the seal of the event that put it on record and names its digest.
    """
    if proof := prove_foreign([evidence]).get(evidence.pk):
        return Seal("foreign" if proof.verdict else "broken", None, proof if proof.verdict else _refuse(proof))
    return _judge(lambda: _of_record(evidence) if evidence.is_statement else _of_copy(evidence))


def _refuse(proof: ForeignProof) -> NeverSealed:
    """What is said of foreign evidence that is not the other log's leaf."""
    reason = proof.verdict.reason if isinstance(proof.verdict, Broken) else ""
    return NeverSealed("", f"it is not leaf {proof.leaf:,} of {proof.origin}, which it came as: {reason}")


def _of_record(evidence: Evidence) -> Proof | NotSealed | NeverSealed | Unknown:
    answer = proofs.prove_event(evidence.event_id)
    if isinstance(answer, Proof) and evidence.leaf is None:
        evidence.leaf = answer.leaf
        evidence.save(update_fields=["leaf"])
    return answer or Unknown("The trail no longer shows the event that put this on record.")


def _of_copy(evidence: Evidence) -> Proof | NotSealed | NeverSealed:
    if evidence.leaf is None:
        answer = proofs.prove_event(evidence.event_id, evidence.event_index)
        if isinstance(answer, NotSealed | NeverSealed):
            return answer
        evidence.leaf = answer.leaf if answer else proofs.search_leaf(evidence.event_index, evidence.event_id)
        if evidence.leaf is None:
            return NeverSealed(evidence.event_id, "the trail does not show it, and the log has no such event")
        evidence.save(update_fields=["leaf"])
    return proofs.prove_document(evidence.event_id, evidence.leaf, evidence.document)


def _judge(ask: Callable[[], Proof | NotSealed | NeverSealed | Unknown]) -> Seal:
    try:
        answer = ask()
    except (LogDamaged, TileMissing, TrailUnavailable) as error:
        answer = Unknown(str(error))
    match answer:
        case Proof():
            return Seal("sealed" if answer.verdict else "broken", answer.leaf, answer)
        case NotSealed():
            return Seal("waiting", None, answer)
        case NeverSealed():
            return Seal("broken", None, answer)
    return Seal("unknown", None, answer)


def find_sealing_time(proof: Proof) -> datetime | None:
    """When the first checkpoint that was kept and holds the leaf was signed: the event was sealed by then."""
    row = Checkpoint.objects.filter(size__gt=proof.leaf).order_by("size", "pk").first()
    return row.at if row else None


def list_steps(proof: Proof) -> list[merkle.ProofStep]:
    """The way from the event's hash up to the root."""
    return list(merkle.list_steps(merkle.leaf_hash(proof.form), proof.leaf, proof.size, proof.path))


def list_signatures(proof: Proof) -> list[status.SignatureLine]:
    """Who signed the checkpoint, with what each signature is worth."""
    return status.list_signatures(witnesses.add_cosignatures(proof.checkpoint))


def read_leaves() -> Leaves | None:
    """For looking up many; None where nothing is sealed, or the log cannot be read."""
    try:
        return Leaves(proofs.read_newest_checkpoint(LogDirectory())[0].size)
    except LogDamaged:
        return None


def note_leaves(*, at_once: int = AT_ONCE) -> int:
    """Note the leaves of evidence that was pinned before it was sealed; how many.

    All of it is tried, so many at a time, for some may never get a leaf. Raises TrailUnavailable, LogDamaged.
    """
    noted, last = 0, 0
    while waiting := list(Evidence.objects.filter(leaf=None, foreign=None, pk__gt=last).order_by("pk")[:at_once]):
        if not (log := read_leaves()):
            break
        last = waiting[-1].pk
        pairs = list({(evidence.event_index, evidence.event_id) for evidence in waiting})
        leaf_of = log.of(execute.find_numbers(trail(), pairs, WHOLE_TRAIL))
        for evidence in waiting:
            if (leaf := leaf_of.get(evidence.event_id)) is not None:
                noted += Evidence.objects.filter(pk=evidence.pk, leaf=None).update(leaf=leaf)
    return noted
