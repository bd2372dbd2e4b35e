"""Cosigns a log's checkpoint, by the rules of C2SP tlog-witness, only when the log went on from the last one seen.

The transport is not known here: a request is bytes, as the protocol has them, and so is a response.
"""

import fcntl
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from trail import files
from trail.errors import TrailError
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.verdict import Broken

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_MAX_PROOF = 63  # lines, as the protocol has it


class WitnessStateDamaged(TrailError):
    """The stored checkpoint of a witness cannot be read; it must not go on as if it had seen none."""


@dataclass(frozen=True, slots=True)
class WitnessRefusal:
    """No cosignature, and why. `status` is the protocol's HTTP status; `latest` the size last seen, where that helps.

    403: not signed by the log. 409: not from the last size seen. 422: the log shows another history than before.
    """

    status: int
    reason: str
    latest: int | None = None

    def __bool__(self) -> Literal[False]:
        return False


@dataclass(frozen=True, slots=True)
class CosignRequest:
    """A log's request to cosign a checkpoint, with the consistency proof from the size `old` that the witness saw last."""

    old: int
    proof: tuple[bytes, ...]
    message: bytes

    def encode(self) -> bytes:
        """The body of the request, as the protocol has it."""
        lines = [f"old {self.old}", *map(signed_note.encode, self.proof), "", ""]
        return "\n".join(lines).encode() + self.message

    @classmethod
    def parse(cls, body: bytes) -> "CosignRequest | WitnessRefusal":
        """The inverse of `encode`; a refusal with status 400 for anything else."""
        head, _, message = body.partition(b"\n\n")
        first, *proof = head.decode("latin-1").split("\n")  # base64 and digits; anything else is refused below
        old = _OLD.fullmatch(first)
        hashes = [decoded for line in proof if (decoded := signed_note.decode(line)) and len(decoded) == merkle.SIZE]
        if not old or len(hashes) != len(proof) or len(proof) > _MAX_PROOF:
            return WitnessRefusal(400, "the request is not an old size, hashes in base64 and a checkpoint")
        return cls(int(old[1]), tuple(hashes), message)


def judge(last: Checkpoint | None, request: CosignRequest, new: Checkpoint) -> WitnessRefusal | None:
    """Why a checkpoint, signed by its log, must not be cosigned after the last one; None when it may be."""
    size, root = (last.size, last.root) if last else (0, merkle.EMPTY)
    if request.old > new.size:
        return WitnessRefusal(400, f"the old size {request.old} is larger than the new one {new.size}", size)
    if request.old != size:
        return WitnessRefusal(409, f"the last checkpoint seen has {size} leaves, not {request.old}", size)
    if new.size == 0 and new.root != merkle.EMPTY:
        return WitnessRefusal(422, "the root is not that of a tree without leaves", size)
    verdict = merkle.verify_consistency(request.old, new.size, root, new.root, request.proof)
    return WitnessRefusal(422, verdict.reason, size) if isinstance(verdict, Broken) else None


class Witness:
    """Stores the newest checkpoint of each log in a folder: `HASH/checkpoint`, HASH the SHA-256 of the origin.

    Checkpoints that a log signed and that do not go on from what it signed before are kept in `HASH/refused/`: where they
    contradict it, they prove that. `logs` are the keys that count for each origin, and `signers` the witness's own keys.
    """

    def __init__(
        self,
        folder: Path,
        signers: Sequence[signed_note.Signer],
        logs: Mapping[str, Sequence[signed_note.Verifier]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._signers = signers
        self._logs = logs
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> bytes | WitnessRefusal:
        """The cosignatures as signature lines, after the checkpoint is stored; or a refusal, and no checkpoint is stored.

        Raises WitnessStateDamaged, OSError.
        """
        request = CosignRequest.parse(body)
        if isinstance(request, WitnessRefusal):
            return request
        parsed = checkpoint.parse_note(request.message)
        if isinstance(parsed, Broken):
            return WitnessRefusal(400, parsed.reason)
        if parsed.origin not in self._logs:
            return WitnessRefusal(404, f"the log {parsed.origin} is not known")
        note = signed_note.open_note(request.message, self._logs[parsed.origin])
        if isinstance(note, Broken):
            return WitnessRefusal(403, note.reason)
        with self._lock(parsed.origin) as folder:
            refused = judge(self._read_last(folder), request, parsed)
            if refused is None:
                return self._cosign(folder, note)
            if refused.status == 422:  # the others are a question of turn, and anybody can ask out of turn
                _keep_refused(folder, note)
            return refused

    def keep_refused(self, message: bytes) -> None:
        """Keep a checkpoint that the log itself showed as its newest and that is older than the last. Raises OSError."""
        parsed = checkpoint.parse_note(message)
        if isinstance(parsed, Broken):
            return
        note = signed_note.open_note(message, self._logs.get(parsed.origin, ()))
        if isinstance(note, signed_note.SignedNote):
            with self._lock(parsed.origin) as folder:
                _keep_refused(folder, note)

    def latest(self, origin: str) -> bytes | None:
        """The newest checkpoint seen of a log, with the log's signatures and ours. Raises OSError."""
        return self.latest_by_hash(_hash_origin(origin))

    def latest_by_hash(self, origin_hash: str) -> bytes | None:
        """The same, by the SHA-256 of the log's origin in hexadecimal. Raises OSError."""
        try:
            return (self._folder / origin_hash / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None

    def _cosign(self, folder: Path, note: signed_note.SignedNote) -> bytes:
        """Store the checkpoint, durably, before its cosignatures are given out."""
        now = int(self._clock())
        lines = "".join(signer.sign(note.text, now).line() for signer in self._signers).encode()
        files.replace(folder / "checkpoint", note.message() + lines)
        return lines

    def _read_last(self, folder: Path) -> Checkpoint | None:
        path = folder / "checkpoint"
        if not path.exists():
            return None
        note = signed_note.open_note(path.read_bytes(), [signer.verifier for signer in self._signers])
        last = checkpoint.parse(note.text) if isinstance(note, signed_note.SignedNote) else note
        if isinstance(last, Broken):
            raise WitnessStateDamaged(f"{path} cannot be used: {last.reason}.")
        return last

    def _folder_of(self, origin: str) -> Path:
        return self._folder / _hash_origin(origin)

    @contextmanager
    def _lock(self, origin: str) -> Iterator[Path]:
        """The folder of a log, locked against all other threads and processes that decide about the same log."""
        folder = self._folder_of(origin)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder


def _keep_refused(folder: Path, note: signed_note.SignedNote) -> None:
    """One file for each text that the log signed, so that nobody can fill the disk with copies."""
    (folder / "refused").mkdir(exist_ok=True)
    files.replace(folder / "refused" / sha256(note.text.encode()).hexdigest(), note.message())


def _hash_origin(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()
