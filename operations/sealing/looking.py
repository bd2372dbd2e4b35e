"""What people and programs are shown of the log: its state, tiles, whose signatures a checkpoint has, and whether it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from operations.models import Checkpoint, Cosignature, Publication, SealKey, Verification
from operations.sealing import keys, naming, proofs, witnesses
from operations.sealing.log import Log
from trail.integrity import merkle, note
from trail.integrity.note import Algorithm, Note, Verifier
from trail.integrity.tiles import HEIGHT, WIDTH
from trail.integrity.verdict import Intact, Verdict

LATE = timedelta(minutes=3)  # a checkpoint is signed each minute, so an older one means that nothing is sealed any more
RECENT = 20
NAMED = 50  # findings of the last verification


def tile(level: int, index: int, width: int) -> bytes | None:
    """The first `width` hashes of a tile, if the signed tree has as many. Raises LogDamaged, TileMissing."""
    log = Log()
    newest = log.newest()
    first = index * WIDTH
    if newest is None or first + width > newest.size >> HEIGHT * level:
        return None
    return b"".join(log.tree(newest.size).hashes(level, first, first + width))


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature under a checkpoint: whose, what they are to the log, when (if it says so), and whether it holds."""

    name: str
    role: str
    at: datetime | None
    holds: bool


def signatures(message: bytes) -> list[Signed]:
    """Every signature line of a note; of those whose key is known it is said whether they hold."""
    read = note.parse(message)
    if not isinstance(read, Note):
        return []
    known = dict.fromkeys(keys.verifiers(), "the log") | dict.fromkeys(witnesses.witnesses(), "a witness")
    return list(_signatures(read, known))


def _signatures(read: Note, known: dict[Verifier, str]) -> Iterator[Signed]:
    for signature in read.signatures:
        who = next((one for one in known if one.knows(signature)), None)
        verified = who.verify(read.text, signature) if who else None
        time = verified.time if isinstance(verified, note.Signature) else None
        yield Signed(
            signature.name,
            known[who] if who else "nobody known here",
            datetime.fromtimestamp(time, UTC) if time is not None else None,
            isinstance(verified, note.Signature),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A witness that was named, and the newest of its cosignatures, if it has made any."""

    key: Verifier
    newest: Cosignature | None


def state() -> dict[str, Any]:
    """What the integrity page shows. Raises LogDamaged: then the log itself is not what it should be."""
    newest, message = proofs.newest(Log())
    message = witnesses.cosigned(message)
    signed_at = keys.signed_at(message)
    at = datetime.fromtimestamp(signed_at, UTC) if signed_at is not None else None
    rows = list(Checkpoint.objects.order_by("-pk")[: RECENT + 1])
    return {
        "newest": newest, "note": message.decode(), "at": at, "late": at is None or timezone.now() - at > LATE,
        "root": note.encode(newest.root), "signatures": signatures(message),
        "keys": [one for one in SealKey.objects.all() if Verifier.parse(one.vkey).algorithm is Algorithm.ED25519],
        "witnesses": [Seen(key, Cosignature.objects.filter(witness=str(key)).order_by("-at").first())
                      for key in witnesses.witnesses()],
        "publications": Publication.objects.select_related("last").order_by("target"),
        "verification": (last := Verification.objects.exclude(finished_at=None).first()),
        "findings": [naming.sentence(one) for one in last.findings[:NAMED]] if last else [],
        "recent": list(zip(rows, [*rows[1:], None], strict=True))[:RECENT],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Continuation:
    """The proof that one size goes on from another; `signed` tells of both roots whether a checkpoint of ours has it."""

    proof: proofs.Consistency
    signed: tuple[bool, bool]
    verdict: Verdict


def consistency(old: int, new: int) -> Continuation:
    """Judged by the roots that were signed, where checkpoints of these sizes were kept, not by what the tree says of them.

    Raises ValueError for sizes that the log does not have, LogDamaged, TileMissing.
    """
    proof = proofs.consistency(old, new)
    roots = [_signed_root(size) for size in (old, new)]
    verdict = merkle.verify_consistency(
        old, new, roots[0] or proof.old_root, roots[1] or proof.new_root, proof.path
    )  # fmt: skip
    return Continuation(proof, (roots[0] is not None, roots[1] is not None), verdict)


def _signed_root(size: int) -> bytes | None:
    row = Checkpoint.objects.filter(size=size).first()
    return bytes.fromhex(row.root) if row else None


def consistency_json(found: Continuation) -> dict[str, Any]:
    """The same for a program: hashes in base64, as in every format of the log."""
    proof = found.proof
    return {
        "old": proof.old, "new": proof.new,
        "old_root": note.encode(proof.old_root), "new_root": note.encode(proof.new_root),
        "proof": list(map(note.encode, proof.path)), "holds": bool(found.verdict),
        "reason": None if isinstance(found.verdict, Intact) else found.verdict.reason,
    }  # fmt: skip
