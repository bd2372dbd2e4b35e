"""Judges whether events that claim to be the console's own records are: by their signature, or as older than the first key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.connection import trail
from operations.models import RecordKey
from operations.sealing import proofs, record_keys
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.leaf_lookup import Leaves
from trail.errors import TrailError, TrailUnavailable
from trail.integrity.record_signature import find_signer
from trail.integrity.signed_note import Verifier
from trail.integrity.verdict import Broken
from trail.reserved_names import find_claim
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL

NOT_OURS = "It was not written by this console. Do not rely on it, change nothing, and tell whoever runs the console."


class SignatureState(StrEnum):
    """What a record's signature says."""

    VERIFIED = "verified"
    OLDER = "older"
    UNKNOWN = "unknown"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class RecordSignature:
    """Whether an event is the console's own record, as it claims; `reason` is a sentence or two."""

    state: SignatureState
    reason: str

    @property
    def label(self) -> str:
        """In a few words, for a badge."""
        return {
            SignatureState.VERIFIED: "Signed by the console",
            SignatureState.OLDER: "Not signed (older)",
            SignatureState.UNKNOWN: "Not signed",
            SignatureState.FORGED: "NOT signed by this console",
        }[self.state]


@dataclass(frozen=True, slots=True)
class _KeyHistory:
    """The console's keys, the oldest first, each with the leaf from which it is the one that signs, where that is known."""

    verifiers: list[Verifier]
    starts: list[int | None]

    def find_end(self, signer: Verifier | None) -> int | None:
        """The leaf from which a key signs no more, or from which nothing is unsigned any more; None where it is not known."""
        following = 0 if signer is None else self.verifiers.index(signer) + 1
        return next((start for start in self.starts[following:] if start is not None), None)


def judge_records(hits: Iterable[Hit]) -> dict[str, RecordSignature]:
    """Of those events that claim to be the console's records, what their signatures say, by id.

    The engine is asked for nothing but the places of those that the key of now did not sign. Never raises for the trail's sake.
    """
    records = {hit.event_id: hit for hit in hits if find_claim(hit.document)}
    if not records:
        return {}
    try:
        history = _read_history()
    except TrailError as error:
        unknown = RecordSignature(SignatureState.UNKNOWN, f"Its signature cannot be checked just now. {error}")
        return dict.fromkeys(records, unknown)
    signers = {event_id: find_signer(hit.document, history.verifiers) for event_id, hit in records.items()}
    by_place = [
        records[event_id]
        for event_id, signer in signers.items()
        if not isinstance(signer, Broken) and history.find_end(signer) is not None
    ]
    leaves = _find_leaves(by_place) if by_place else {}
    return {event_id: _judge(signer, history, leaves.get(event_id)) for event_id, signer in signers.items()}


def _read_history() -> _KeyHistory:
    starts = {Verifier.parse(key.vkey): key.first_size for key in RecordKey.objects.all()}
    verifiers = record_keys.list_verifiers()
    return _KeyHistory(verifiers, [starts.get(verifier) for verifier in verifiers])


def _judge(signer: Verifier | Broken | None, history: _KeyHistory, leaf: int | None) -> RecordSignature:
    """By the signature, and by the place where the console signed with another key, or with none yet."""
    if isinstance(signer, Broken):
        return RecordSignature(SignatureState.FORGED, f"{signer.reason[0].upper()}{signer.reason[1:]}. {NOT_OURS}")
    end = history.find_end(signer)
    if signer is not None and (end is None or leaf is None or leaf < end):
        return RecordSignature(SignatureState.VERIFIED, f"The signature of {signer.name} holds: checked just now.")
    if end is None or leaf is None:
        what = "It carries no signature: it is from before this console signed its records, or somebody else wrote it."
        return RecordSignature(SignatureState.UNKNOWN, what)
    if leaf < end:
        what = f"It is from before this console signed its records, which it does from leaf {end:,} on."
        return RecordSignature(SignatureState.OLDER, what)
    what = (
        "It carries no signature" if signer is None else f"It is signed by {signer.name}, a key that had been replaced"
    )
    return RecordSignature(SignatureState.FORGED, f"{what}, and stands at leaf {leaf:,}, after {end:,}. {NOT_OURS}")


def _find_leaves(hits: Sequence[Hit]) -> dict[str, int]:
    """The leaves of those that have one. None has, where the log or the trail cannot be asked."""
    try:
        leaves = Leaves(proofs.read_newest_checkpoint(LogDirectory())[0].size)
        pairs = [(hit.index, hit.event_id) for hit in hits]
        return leaves.of(execute.find_numbers(trail(), pairs, WHOLE_TRAIL))
    except (LogDamaged, TrailUnavailable):
        return {}
