"""Describes the log to people and programs: its state, tiles, the signatures of a checkpoint, and whether it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from operations.models import Checkpoint, Cosignature, Publication, RecordKey, Verification
from operations.sealing import findings, proofs, signing_keys, witnesses
from operations.sealing.folder import LogDirectory
from operations.sealing.intervals import is_keeper_silent
from trail.integrity import merkle, signed_note
from trail.integrity.signed_note import Algorithm, SignedNote, Verifier
from trail.integrity.tiles import HEIGHT, WIDTH
from trail.integrity.verdict import Intact, Verdict

RECENT = 20
NAMED = 50  # findings of the last verification


def read_tile(level: int, index: int, width: int) -> bytes | None:
    """The first `width` hashes of a tile, if the signed tree has as many. Raises LogDamaged, TileMissing."""
    log = LogDirectory()
    newest = log.newest()
    first = index * WIDTH
    if newest is None or first + width > newest.size >> HEIGHT * level:
        return None
    return b"".join(log.tree(newest.size).hashes(level, first, first + width))


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """A signature under a checkpoint: whose, what they are to the log, when (if it says so), and whether it holds."""

    name: str
    role: str
    at: datetime | None
    holds: bool


def list_signatures(message: bytes) -> list[SignatureLine]:
    """Every signature line of a note; of those whose key is known it is said whether they hold."""
    read = signed_note.parse(message)
    if not isinstance(read, SignedNote):
        return []
    roles = dict.fromkeys(signing_keys.list_verifiers(), "the log") | dict.fromkeys(
        witnesses.list_witnesses(), "a witness"
    )
    return list(_signatures(read, roles))


def _signatures(read: SignedNote, roles: dict[Verifier, str]) -> Iterator[SignatureLine]:
    for signature in read.signatures:
        signer = next((key for key in roles if key.knows(signature)), None)
        verified = signer.verify(read.text, signature) if signer else None
        time = verified.time if isinstance(verified, signed_note.Signature) else None
        yield SignatureLine(
            signature.name,
            roles[signer] if signer else "nobody known here",
            datetime.fromtimestamp(time, UTC) if time is not None else None,
            isinstance(verified, signed_note.Signature),
        )


@dataclass(frozen=True, slots=True)
class WitnessState:
    """A witness that was named, and the newest of its cosignatures, if it has made any."""

    key: Verifier
    newest: Cosignature | None


def read_state() -> dict[str, Any]:
    """What the integrity page shows. Raises LogDamaged: then the log itself is not what it should be."""
    newest, message = proofs.read_newest_checkpoint(LogDirectory())
    message = witnesses.add_cosignatures(message)
    signed_at = signing_keys.read_signing_time(message)
    at = datetime.fromtimestamp(signed_at, UTC) if signed_at is not None else None
    rows, spans = list(Checkpoint.objects.order_by("-pk")[: RECENT + 1]), signing_keys.read_history().spans
    return {
        "newest": newest,
        "note": message.decode(),
        "at": at,
        "late": not rows or is_keeper_silent(rows[0].at, timezone.now()),
        "root": signed_note.encode(newest.root),
        "signatures": list_signatures(message),
        "is_named": not newest.origin.startswith(signing_keys.UNNAMED),
        "keys": [span for span in spans if span.key.algorithm is Algorithm.ED25519],
        "time_keys": [span for span in spans if span.key.algorithm.is_timed],
        "record_keys": RecordKey.objects.all(),
        # The verifiers of bundles know no ML-DSA-44.
        "bundle_witnesses": [key for key in witnesses.list_witnesses() if key.algorithm is Algorithm.COSIGNATURE],
        "witnesses": [
            WitnessState(key, Cosignature.objects.filter(witness=str(key)).order_by("-at").first())
            for key in witnesses.list_witnesses()
        ],
        "publications": Publication.objects.select_related("last").order_by("target"),
        "verification": (last := Verification.objects.exclude(finished_at=None).first()),
        "findings": [findings.describe_finding(finding) for finding in last.findings[:NAMED]] if last else [],
        "recent": list(zip(rows, [*rows[1:], None], strict=True))[:RECENT],
    }


@dataclass(frozen=True, slots=True)
class Continuation:
    """The proof that one size goes on from another; `signed` tells of both roots whether a checkpoint of ours has it."""

    proof: proofs.Consistency
    signed: tuple[bool, bool]
    verdict: Verdict


def check_consistency(old: int, new: int) -> Continuation:
    """Judged by the roots that were signed, where checkpoints of these sizes were kept, not by what the tree says of them.

    Raises ValueError for sizes that the log does not have, LogDamaged, TileMissing.
    """
    proof = proofs.prove_consistency(old, new)
    roots = [_signed_root(size) for size in (old, new)]
    verdict = merkle.verify_consistency(old, new, roots[0] or proof.old_root, roots[1] or proof.new_root, proof.path)
    return Continuation(proof, (roots[0] is not None, roots[1] is not None), verdict)


def _signed_root(size: int) -> bytes | None:
    row = Checkpoint.objects.filter(size=size).first()
    return bytes.fromhex(row.root) if row else None


def consistency_as_json(continuation: Continuation) -> dict[str, Any]:
    """The same for a program: hashes in base64, as in every format of the log."""
    proof = continuation.proof
    return {
        "old": proof.old,
        "new": proof.new,
        "old_root": signed_note.encode(proof.old_root),
        "new_root": signed_note.encode(proof.new_root),
        "proof": list(map(signed_note.encode, proof.path)),
        "holds": bool(continuation.verdict),
        "reason": None if isinstance(continuation.verdict, Intact) else continuation.verdict.reason,
    }
