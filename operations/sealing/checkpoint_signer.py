"""Signs the log's checkpoints, and is the only part that does, after the proof that each goes on from all that was signed before.

C2SP tlog-checkpoint: a log MUST NOT sign a checkpoint that is inconsistent with another that it signed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import time

from operations.models import Checkpoint as Row
from operations.models import Cosignature
from operations.sealing import rows
from operations.sealing.errors import ElsewhereUnreadable, KeyUnusable, LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.publication import list_publishers
from operations.sealing.secret_key import Key
from operations.sealing.signing_keys import KeyHistory
from operations.sealing.witnesses import list_witnesses
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.publish import PublishedUnreadable, Publisher
from trail.integrity.signed_note import SignedNote
from trail.integrity.tiles import Tree
from trail.integrity.verdict import Broken

ADVICE = (
    "Nothing is signed. Put back the newest copy of the folder {folder}; docs/trail/integrity.md says what to do where there "
    "is none."
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A checkpoint that was signed, and what remembers it, as it stands behind its name in a sentence."""

    checkpoint: Checkpoint
    where: str


class CheckpointSigner:
    """Holds the log's key while it signs. The caller has locked the log."""

    def __init__(self, log: LogDirectory) -> None:
        self._log = log
        self._last: Checkpoint | None = None  # that this process signed, though it could not be kept
        self._elsewhere = _Elsewhere()

    def sign(self, size: int, leaves: Sequence[bytes] = (), *, rotates: bool = False) -> Checkpoint:
        """Append leaves to the tree of this size, or none, and make what it is then the newest checkpoint, durably.

        The waiting key signs too where it `rotates`. Raises LogDamaged where that does not go on from what was signed before,
        wherever it is remembered; KeyUnusable, ElsewhereUnreadable, TileConflict, TileMissing, OSError. Nothing is signed then.
        """
        history = self._log.keys.history()
        remembered = list(self._list_remembered(history))
        self._expect_nothing_beyond(size, size + len(leaves), remembered)  # before a tile is written in another's place
        tree = self._log.tree(size)
        if leaves:
            tree.append(leaves)
        following = Checkpoint(history.origin, tree.size, tree.root())
        for before in remembered:
            self._expect_continuation(tree, following, before)
        keys = [self._read_key(history, tree.size), *([Key.read(self._log.keys.next_path)] if rotates else [])]
        at = int(time())
        signatures = tuple(signature for key in keys for signature in key.sign_checkpoint(following, at))
        self._last = following  # before anybody can see it: from now on it is signed
        self._log.put(SignedNote(following.text(), signatures).message())
        return following

    def expect_kept(self, newest: Checkpoint) -> None:
        """That the folder still holds what this process signed last, once nothing is pending. Raises LogDamaged."""
        if self._last is not None and (newest.size, newest.root) != (self._last.size, self._last.root):
            self._refuse(Remembered(self._last, "that this process signed last"), f"the folder's is of {newest.size:,}")

    def look_elsewhere(self) -> None:
        """Read again what was published last. Raises LogDamaged, ElsewhereUnreadable."""
        self._elsewhere.look(self._log.keys.history())

    def _list_remembered(self, history: KeyHistory) -> Iterator[Remembered]:
        """What was signed last, by everything that remembers it. Raises LogDamaged, ElsewhereUnreadable."""
        if self._last is not None:
            yield Remembered(self._last, "that this process signed last")
        newest = self._log.newest()
        if newest is not None:
            yield Remembered(newest, f"in {self._log.folder}")
        if (covered := rows.count_covered()) > (newest.size if newest else 0):
            raise LogDamaged(
                f"The rows say that {covered:,} events are sealed, and the newest checkpoint in {self._log.folder} is of "
                f"{newest.size if newest else 0:,}. {self._advice()}"
            )
        yield from _read_row(history)
        yield from _read_cosigned(history)
        yield from self._elsewhere.list_remembered(history)

    def _expect_nothing_beyond(self, size: int, end: int, remembered: Iterable[Remembered]) -> None:
        """That nothing larger than the tree was signed, but what this process signed and could not keep, which is due again."""
        for before in remembered:
            is_due_again = before.checkpoint == self._last and before.checkpoint.size == end
            if before.checkpoint.size > size and not is_due_again:
                self._refuse(before, f"it has {size:,} now")

    def _expect_continuation(self, tree: Tree, following: Checkpoint, remembered: Remembered) -> None:
        before = remembered.checkpoint
        proof = tree.consistency_proof(before.size) if before.size <= following.size else []
        verdict = merkle.verify_consistency(before.size, following.size, before.root, following.root, proof)
        if isinstance(verdict, Broken):
            self._refuse(remembered, verdict.reason)

    def _refuse(self, remembered: Remembered, reason: str) -> None:
        raise LogDamaged(
            f"The log does not go on from the checkpoint of {remembered.checkpoint.size:,} events {remembered.where}: "
            f"{reason}. {self._advice()}"
        )

    def _advice(self) -> str:
        return ADVICE.format(folder=self._log.folder)

    def _read_key(self, history: KeyHistory, size: int) -> Key:
        """The key, if it is the one that signs at this size. Raises KeyUnusable."""
        key = Key.read(self._log.keys.path)
        if not set(history.list_at(size)).issuperset(key.verifiers):
            raise KeyUnusable(f"{self._log.keys.path} is not the key that signs checkpoints of {size:,} events.")
        return key


def _read_row(history: KeyHistory) -> Iterator[Remembered]:
    """The newest checkpoint that is kept as a row. Raises LogDamaged where it is none."""
    row = Row.objects.order_by("size", "pk").last()
    if row is None:
        return
    signed = history.open_checkpoint(row.note.encode())
    if isinstance(signed, Broken):
        raise LogDamaged(f"The row of the checkpoint of {row.size:,} events holds none of this log: {signed.reason}.")
    if (signed.size, signed.root.hex()) != (row.size, row.root):
        raise LogDamaged(
            f"The row of a checkpoint of {row.size:,} events holds one of {signed.size:,}, or of another root."
        )
    yield Remembered(signed, "that is kept as a row")


def _read_cosigned(history: KeyHistory) -> Iterator[Remembered]:
    """The largest checkpoint that a witness cosigned. What no witness's key made is passed over: it proves nothing."""
    witnesses = {str(witness): witness for witness in list_witnesses()}
    cosignatures = Cosignature.objects.filter(witness__in=witnesses).order_by("-size")
    for cosignature in cosignatures.iterator():
        try:
            signed = Checkpoint(history.origin, cosignature.size, bytes.fromhex(cosignature.root))
            message = f"{signed.text()}\n{cosignature.line}".encode()
        except ValueError:
            continue
        if isinstance(signed_note.open_note(message, [witnesses[cosignature.witness]]), SignedNote):
            yield Remembered(signed, f"that was cosigned by {cosignature.name}")
            return


@dataclass(slots=True)
class _Elsewhere:
    """The newest checkpoint of the log in each place where checkpoints are published, as it was last read."""

    _seen: dict[str, bytes | None] = field(default_factory=dict)  # by the place's name
    _remembered: dict[str, Checkpoint] = field(default_factory=dict)
    _positions: dict[str, str] = field(default_factory=dict)  # up to which a place was read whole

    def list_remembered(self, history: KeyHistory) -> Iterator[Remembered]:
        """Raises ElsewhereUnreadable where a place was never read; LogDamaged."""
        if list_publishers().keys() - self._seen.keys():
            self.look(history)
        for target, signed in self._remembered.items():
            yield Remembered(signed, f"that was published in {target}")

    def look(self, history: KeyHistory) -> None:
        """Read what is new. That a place which was read before does not answer is the publishing's incident: sealing goes on."""
        for target, publisher in list_publishers().items():
            try:
                self._look_at(target, publisher, history)
            except PublishedUnreadable as error:
                if target not in self._seen:
                    raise ElsewhereUnreadable(f"{error} Nothing is signed until it can be compared.") from error

    def _look_at(self, target: str, publisher: Publisher, history: KeyHistory) -> None:
        message = publisher.read_newest()
        if message is not None and message != self._seen.get(target):
            signed = history.open_checkpoint(message)
            if isinstance(signed, Checkpoint):
                self._take(target, signed)
            else:
                self._read_whole(target, publisher, history)
        self._seen[target] = message

    def _read_whole(self, target: str, publisher: Publisher, history: KeyHistory) -> None:
        """Look for the log's checkpoints among what others put there. Raises LogDamaged where only the name is this log's."""
        is_named = False
        for note in publisher.read_after(self._positions.get(target, "")):
            signed = history.open_checkpoint(note.message)
            if isinstance(signed, Checkpoint):
                self._take(target, signed)
            else:
                unverified = checkpoint.parse_note(note.message)
                is_named |= isinstance(unverified, Checkpoint) and unverified.origin == history.origin
            self._positions[target] = note.position
        if is_named and target not in self._remembered:
            self._positions.pop(target)
            raise LogDamaged(
                f"Checkpoints of {history.origin} were published in {target}, and none of them is signed by a key of this log. "
                "Put back the log's key and folder, or give a new log another name (TRAIL_ORIGIN)."
            )

    def _take(self, target: str, signed: Checkpoint) -> None:
        before = self._remembered.get(target)
        if before is None or signed.size >= before.size:
            self._remembered[target] = signed
