"""Encodes records as the frames of a spool's segment, and decodes them, bytes that are not as they were written included.

A segment is MAGIC, then frames without anything between them. A frame is a head of 32 bytes, big-endian, and a payload:

    offset  bytes  what
         0      4  length of the payload
         4      8  number of the frame, counted through all segments from 0
        12      8  settled: every frame below this number was fsynced before this one was written
        20      8  the first 8 bytes of SHA-256(payload)
        28      4  CRC-32 (ISO 3309, as zlib) of the 28 bytes before

The check of the head lets a reader find the next whole frame after bytes that are wrong, at any offset. `settled` tells
two things apart that look alike: bytes that a crash left half written, which were never acknowledged, and bytes that were
acknowledged and have changed since.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAGIC = b"trail spool 1\n"
MAX_PAYLOAD = 64 * 1024 * 1024
_FIELDS = struct.Struct(">IQQ8s")
_CHECK = struct.Struct(">I")
HEAD = _FIELDS.size + _CHECK.size


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame: `start` and `end` are its offsets in the segment."""

    number: int
    settled: int
    payload: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BrokenBytes:
    """Bytes between two offsets that are no frame."""

    start: int
    end: int


def encode(number: int, payload: bytes, *, settled: int) -> bytes:
    """One frame. Raises ValueError when the payload is too long."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a record is of at most {MAX_PAYLOAD} bytes")
    fields = _FIELDS.pack(len(payload), number, settled, _digest(payload))
    return b"".join((fields, _CHECK.pack(zlib.crc32(fields)), payload))


def decode(segment: bytes, start: int = 0) -> Iterator[Frame | BrokenBytes]:
    """The frames and broken bytes of a segment from an offset on (0, or the end of a frame); together they are every byte."""
    here = start
    if start == 0:
        here = len(MAGIC) if segment.startswith(MAGIC) else 0
    while here < len(segment):
        frame = _frame(segment, here)
        if frame is None:
            following = _next_frame(segment, here)
            yield BrokenBytes(here, following.start if following else len(segment))
            frame = following
        if frame is None:
            return
        yield frame
        here = frame.end


def find_settled(parts: Sequence[Frame | BrokenBytes]) -> int:
    """The number below which everything was certainly fsynced, as far as these frames know."""
    return max((part.settled for part in parts if isinstance(part, Frame)), default=0)


def _frame(segment: bytes, start: int) -> Frame | None:
    head = _head(segment, start)
    if head is None:
        return None
    length, number, before, digest = head
    body = start + HEAD
    payload = segment[body : body + length]
    if len(payload) != length or _digest(payload) != digest:
        return None
    return Frame(number, before, payload, start, body + length)


def _head(segment: bytes, start: int) -> tuple[int, int, int, bytes] | None:
    fields = segment[start : start + _FIELDS.size]
    check = segment[start + _FIELDS.size : start + HEAD]
    return _FIELDS.unpack(fields) if check == _CHECK.pack(zlib.crc32(fields)) else None


def _next_frame(segment: bytes, broken: int) -> Frame | None:
    """The first whole frame after one that is broken. Where its head is whole it says how far the payload goes."""
    head = _head(segment, broken)
    start = broken + HEAD + head[0] if head else broken + 1
    return next((frame for at in range(start, len(segment) - HEAD + 1) if (frame := _frame(segment, at))), None)


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()[:8]
