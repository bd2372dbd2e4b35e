"""Signs as somebody does who holds the log's own key, past everything that the console proves before it signs."""

from pathlib import Path

from operations.sealing.folder import LogDirectory
from operations.sealing.secret_key import Key
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import SignedNote


def read_key(log: LogDirectory) -> Key:
    """The log's key, the private halves too."""
    return Key.read(Path(log.keys.path))


def sign_checkpoint(checkpoint: Checkpoint, keys: list[Key], at: int) -> bytes:
    """A checkpoint as a note, signed and dated by each key; `at` in seconds since 1970."""
    signatures = tuple(signature for key in keys for signature in key.sign_checkpoint(checkpoint, at))
    return SignedNote(checkpoint.text(), signatures).message()
