"""Reads, signs and verifies checkpoints (https://c2sp.org/tlog-checkpoint): signed statements of a log's size and root."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trail.integrity import merkle, signed_note
from trail.integrity.verdict import Broken

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: which log, how many leaves, and their root. Extension lines are allowed, and opaque."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note's text. Raises ValueError for what `parse` would not read back."""
        text = "\n".join((self.origin, str(self.size), signed_note.encode(self.root), *self.extensions, ""))
        if parse(text) != self:
            raise ValueError("a checkpoint is of non-empty lines, a size below 2^63 and 32 bytes of root")
        return text

    def sign(self, *signers: signed_note.Signer) -> bytes:
        """The signed note."""
        return signed_note.sign(self.text(), *signers)


def parse(text: str) -> Checkpoint | Broken:
    """The text of a note, nothing verified."""
    *lines, end = text.split("\n")
    if end or len(lines) < 3 or not all(lines):
        return Broken("a checkpoint is three or more non-empty lines, each with its newline")
    origin, count, encoded, *extensions = lines
    if not _SIZE.fullmatch(count) or (size := int(count)) >= 2**63:
        return Broken("the size is not a decimal number without leading zeroes")
    root = signed_note.decode(encoded)
    if root is None or len(root) != merkle.SIZE:
        return Broken("the root is not the base64 of 32 bytes")
    return Checkpoint(origin, size, root, tuple(extensions))


def parse_note(message: bytes) -> Checkpoint | Broken:
    """The checkpoint in a note, nothing verified."""
    note = signed_note.parse(message)
    return note if isinstance(note, Broken) else parse(note.text)


def verify(message: bytes, origin: str, keys: Iterable[signed_note.Verifier]) -> Checkpoint | Broken:
    """The checkpoint in a signed note, if it is of this log and one of the log's own keys signed it."""
    note = signed_note.open_note(message, keys)
    if isinstance(note, Broken):
        return note
    checkpoint = parse(note.text)
    if isinstance(checkpoint, Checkpoint) and checkpoint.origin != origin:
        return Broken(f"the checkpoint is of the log {checkpoint.origin}, not of {origin}")
    return checkpoint


def find_cosignatures(message: bytes, witnesses: Iterable[signed_note.Verifier]) -> dict[str, int]:
    """When each of these witnesses cosigned, by name, in seconds since 1970; empty when a signature of one does not hold."""
    note = signed_note.open_note(message, [key for key in witnesses if key.algorithm.is_timed])
    if isinstance(note, Broken):
        return {}
    return {signature.name: signature.time for signature in note.signatures if signature.time is not None}
