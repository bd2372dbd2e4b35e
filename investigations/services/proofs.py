"""What the sealed log says of an event and of a frozen copy, told so that a page can show it whatever is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.journal import trail
from investigations.models import Evidence
from operations.models import Checkpoint
from operations.sealing import looking, proofs, witnesses
from operations.sealing.errors import LogDamaged
from operations.sealing.leaves import Leaves
from operations.sealing.log import Log
from operations.sealing.proofs import NeverSealed, NotSealed, Proof
from trail.errors import TrailUnavailable
from trail.integrity import merkle
from trail.integrity.tiles import TileMissing
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Unknown:
    """The log or the trail cannot be asked just now; the reason is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an event's seal. `state` is sealed, waiting, broken or unknown; `leaf` where it has one."""

    state: str
    leaf: int | None
    found: Proof | NotSealed | NeverSealed | Unknown

    @property
    def label(self) -> str:
        """In a few words, for a badge."""
        match self.state:
            case "sealed":
                return f"Sealed, leaf {self.leaf:,}"
            case "waiting":
                return "Not sealed yet"
            case "broken":
                return "Does NOT match its seal"
        return "Seal not checked"


def of_event(hit: Hit) -> Standing:
    """Of an event as the trail holds it now. It was found, so the person may know of it."""
    return _standing(lambda: proofs.prove(hit.event_id) or Unknown("The trail no longer shows this event."))


def of_copy(evidence: Evidence) -> Standing:
    """Of a frozen copy: it can be proved though the trail has lost the event. The leaf is noted when it is found.

    Of an absence, whose statement is no event, it is the event that put it on record and names its digest.
    """
    return _standing(lambda: _of_record(evidence) if evidence.is_absence else _of_copy(evidence))


def _of_record(evidence: Evidence) -> Proof | NotSealed | NeverSealed | Unknown:
    found = proofs.prove(evidence.event_id)
    if isinstance(found, Proof) and evidence.leaf is None:
        evidence.leaf = found.leaf
        evidence.save(update_fields=["leaf"])
    return found or Unknown("The trail no longer shows the event that put this on record.")


def _of_copy(evidence: Evidence) -> Proof | NotSealed | NeverSealed:
    if evidence.leaf is None:
        found = proofs.prove(evidence.event_id)
        if isinstance(found, NotSealed | NeverSealed):
            return found
        evidence.leaf = found.leaf if found else proofs.leaf_in(evidence.event_index, evidence.event_id)
        if evidence.leaf is None:
            return NeverSealed(evidence.event_id, "the trail does not show it, and the log has no such event")
        evidence.save(update_fields=["leaf"])
    return proofs.prove_document(evidence.event_id, evidence.leaf, evidence.document)


def _standing(ask: Callable[[], Proof | NotSealed | NeverSealed | Unknown]) -> Standing:
    try:
        found = ask()
    except (LogDamaged, TileMissing, TrailUnavailable) as error:
        found = Unknown(str(error))
    match found:
        case Proof():
            return Standing("sealed" if found.verdict else "broken", found.leaf, found)
        case NotSealed():
            return Standing("waiting", None, found)
        case NeverSealed():
            return Standing("broken", None, found)
    return Standing("unknown", None, found)


def sealed_by(proof: Proof) -> datetime | None:
    """When the first checkpoint that was kept and holds the leaf was signed: the event was sealed by then."""
    row = Checkpoint.objects.filter(size__gt=proof.leaf).order_by("size", "pk").first()
    return row.at if row else None


def steps(proof: Proof) -> list[merkle.Step]:
    """The way from the event's hash up to the root."""
    return list(merkle.steps(merkle.leaf_hash(proof.form), proof.leaf, proof.size, proof.path))


def signatures(proof: Proof) -> list[looking.Signed]:
    return looking.signatures(witnesses.cosigned(proof.checkpoint))


def leaves() -> Leaves | None:
    """For looking up many; None where nothing is sealed, or the log cannot be read."""
    try:
        return Leaves(proofs.newest(Log())[0].size)
    except LogDamaged:
        return None


def note_leaves() -> int:
    """Note the leaves of evidence that was pinned before it was sealed; how many. Raises TrailUnavailable."""
    waiting = list(Evidence.objects.filter(leaf=None).order_by("-pk")[:AT_ONCE])
    if not waiting or not (known := leaves()):
        return 0
    pairs = list({(one.event_index, one.event_id) for one in waiting})
    found = known.of(execute.numbers_among(trail(), pairs, WHOLE_TRAIL))
    for one in waiting:
        if one.event_id in found:
            Evidence.objects.filter(pk=one.pk).update(leaf=found[one.event_id])
    return len(found)
