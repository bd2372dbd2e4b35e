"""Writes the proof of one leaf as a file of C2SP tlog-proof (https://c2sp.org/tlog-proof)."""

from collections.abc import Iterable

from trail.integrity import signed_note

FORMAT = "c2sp.org/tlog-proof@v1"
EXTENSION = ".tlog-proof"
MEDIA_TYPE = "text/plain; charset=utf-8"  # as of the signed note in it; the specification names none


def format_proof(index: int, path: Iterable[bytes], checkpoint: bytes) -> bytes:
    """The file: the leaf's number, its inclusion proof from the leaf's sibling on, and the signed note that it leads to.

    It has no `extra` line: what is proved is a file of its own, of any length, and some readers take no line beyond 64 KiB.
    """
    lines = [FORMAT, f"index {index}", *map(signed_note.encode, path), ""]
    return "".join(f"{line}\n" for line in lines).encode() + checkpoint
