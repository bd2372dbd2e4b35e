"""A witness by the rules of C2SP tlog-witness: it cosigns a log's checkpoint only when the log went on from the last it saw.

The transport is not known here: a request is bytes, as the protocol has them, and so is an answer.
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

from trail import disk
from trail.errors import TrailError
from trail.integrity import checkpoint, merkle, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.verdict import Broken

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_MAX_PROOF = 63  # lines, as the protocol has it


class WitnessStateDamaged(TrailError):
    """What a witness remembers cannot be read; it must not go on as if it had seen nothing."""


@dataclass(frozen=True, slots=True)
class Refused:
    """No cosignature, and why. `status` is the protocol's HTTP status; `latest` the size last seen, where that helps.

    403: not signed by the log. 409: not from the last size seen. 422: the log shows another history than before.
    """

    status: int
    reason: str
    latest: int | None = None

    def __bool__(self) -> Literal[False]:
        return False


@dataclass(frozen=True, slots=True)
class Request:
    """What a log asks: to cosign a checkpoint, with the proof from the size that the witness saw last."""

    old: int
    proof: tuple[bytes, ...]
    message: bytes

    def encode(self) -> bytes:
        lines = [f"old {self.old}", *map(note.encode, self.proof), "", ""]
        return "\n".join(lines).encode() + self.message

    @classmethod
    def parse(cls, body: bytes) -> "Request | Refused":
        head, _, message = body.partition(b"\n\n")
        first, *proof = head.decode("latin-1").split("\n")  # base64 and digits; anything else is refused below
        old = _OLD.fullmatch(first)
        hashes = [decoded for line in proof if (decoded := note.decode(line)) and len(decoded) == merkle.SIZE]
        if not old or len(hashes) != len(proof) or len(proof) > _MAX_PROOF:
            return Refused(400, "the request is not an old size, hashes in base64 and a checkpoint")
        return cls(int(old[1]), tuple(hashes), message)


def judge(last: Checkpoint | None, request: Request, new: Checkpoint) -> Refused | None:
    """Why a checkpoint, signed by its log, must not be cosigned after the last one; None when it may be."""
    size, root = (last.size, last.root) if last else (0, merkle.EMPTY)
    if request.old > new.size:
        return Refused(400, f"the old size {request.old} is larger than the new one {new.size}", size)
    if request.old != size:
        return Refused(409, f"the last checkpoint seen has {size} leaves, not {request.old}", size)
    if new.size == 0 and new.root != merkle.EMPTY:
        return Refused(422, "the root is not that of a tree without leaves", size)
    verdict = merkle.verify_consistency(request.old, new.size, root, new.root, request.proof)
    return Refused(422, verdict.reason, size) if isinstance(verdict, Broken) else None


class Witness:
    """Remembers the newest checkpoint of each log, in a folder: `HASH/checkpoint`, HASH the SHA-256 of the origin.

    Checkpoints that a log signed and that contradict what it signed before, or go back behind it, are kept in
    `HASH/refused/`: the first prove it.
    """

    def __init__(
        self,
        folder: Path,
        signer: note.Signer,
        logs: Mapping[str, Sequence[note.Verifier]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._signer = signer
        self._logs = logs
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> bytes | Refused:
        """The cosignature, as a signature line, and what was seen is remembered; or why not, and nothing is."""
        request = Request.parse(body)
        if isinstance(request, Refused):
            return request
        unverified = note.parse(request.message)
        parsed = checkpoint.parse(unverified.text) if isinstance(unverified, note.Note) else unverified
        if isinstance(parsed, Broken):
            return Refused(400, parsed.reason)
        if parsed.origin not in self._logs:
            return Refused(404, f"the log {parsed.origin} is not known")
        opened = note.open_note(request.message, self._logs[parsed.origin])
        if isinstance(opened, Broken):
            return Refused(403, opened.reason)
        with self._locked(parsed.origin) as folder:
            refused = judge(self._last(folder), request, parsed)
            if refused is None:
                return self._cosign(folder, opened)
            if refused.status != 409:  # which is a question of turn, not of what the log says
                (folder / "refused").mkdir(exist_ok=True)
                disk.replace(folder / "refused" / sha256(request.message).hexdigest(), opened.message())
            return refused

    def latest(self, origin: str) -> bytes | None:
        """The newest checkpoint seen of a log, with the log's signatures and ours. Raises OSError."""
        try:
            return (self._of(origin) / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None

    def _cosign(self, folder: Path, opened: note.Note) -> bytes:
        """Remember first, durably, then answer."""
        signature = self._signer.sign(opened.text, int(self._clock()))
        disk.replace(folder / "checkpoint", opened.message() + signature.line().encode())
        return signature.line().encode()

    def _last(self, folder: Path) -> Checkpoint | None:
        path = folder / "checkpoint"
        if not path.exists():
            return None
        opened = note.open_note(path.read_bytes(), [self._signer.verifier])
        last = checkpoint.parse(opened.text) if isinstance(opened, note.Note) else opened
        if isinstance(last, Broken):
            raise WitnessStateDamaged(f"{path} cannot be used: {last.reason}.")
        return last

    def _of(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest()

    @contextmanager
    def _locked(self, origin: str) -> Iterator[Path]:
        """The folder of a log while nobody else, in whatever process, decides about the same log."""
        folder = self._of(origin)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
