"""Unpacks gzip, bzip2, xz and Zstandard, several after another and plain text between them, as far as they are whole.

A member that is damaged or cut off is named, and what could be unpacked of it comes out; reading goes on at the next member.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from backports import zstd

from operations.imports.byte_stream import CHUNK, ByteStream, UnpackBudget

_LONGEST_HEAD = 16  # bytes by which a packing is told
_GZIP = 31  # zlib's wbits for a stream with gzip's header and trailer
_STEP = 64  # bytes; what the last of them would have given is lost where they are at fault
_XZ_MEMORY = 256 * 1024 * 1024  # bytes; xz -9 needs 65 MiB
_FAULTS = (zlib.error, OSError, lzma.LZMAError, zstd.ZstdError, EOFError, ValueError)


class _Gzip:
    """zlib's decompressor with the members of the others. What stands before a fault comes out before it is raised."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP)
        self._fault: zlib.error | None = None

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._fault:
            raise self._fault
        data, before = self._inner.unconsumed_tail + data, self._inner.copy()
        try:
            return self._inner.decompress(data, max_length)
        except zlib.error as fault:
            self._fault = fault
        return b"".join(_inflate_to_fault(before, data))

    @property
    def needs_input(self) -> bool:
        return not self._fault and not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _inflate_to_fault(decompressor: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    with suppress(zlib.error):
        for at in range(len(data)):
            yield decompressor.decompress(data[at : at + 1])


@dataclass(frozen=True, slots=True)
class Packing:
    """A way of packing: `mark` is among its first bytes and quick to look for, `head` is its whole beginning."""

    name: str
    mark: bytes
    head: re.Pattern[bytes]
    make_decompressor: Callable[[], Any]


PACKINGS = (
    Packing("gzip", b"\x1f\x8b\x08", re.compile(rb"\x1f\x8b\x08[\0-\x1f].{4}[\0\x02\x04][\0-\x0d\xff]", re.S), _Gzip),
    Packing("bzip2", b"1AY&SY", re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2Decompressor),
    Packing(
        "xz", b"\xfd7zXZ\0", re.compile(rb"\xfd7zXZ\0\0"), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)
    ),
    Packing("Zstandard", b"\x28\xb5\x2f\xfd", re.compile(rb"\x28\xb5\x2f\xfd"), zstd.ZstdDecompressor),
    # What pzstd writes begins with a frame that is skipped.
    Packing("Zstandard", b"\x2a\x4d\x18", re.compile(rb"[\x50-\x5f]\x2a\x4d\x18"), zstd.ZstdDecompressor),
)


def find_packing(head: bytes) -> Packing | None:
    """How something that begins with these bytes is packed; None for what is not."""
    return next((packing for packing in PACKINGS if packing.head.match(head)), None)


def expand(stream: ByteStream, budget: UnpackBudget, report: Callable[[str], Any]) -> Iterator[bytes]:
    """All bytes of a stream, with what is packed in it unpacked. `report` is told what is damaged. Raises UnpacksTooFar."""
    while head := stream.peek(_LONGEST_HEAD)[:_LONGEST_HEAD]:
        packing = find_packing(head)
        if packing is None:
            yield from _read_plain(stream)
        elif problem := (yield from _unpack_member(stream, packing, budget)):
            report(problem)
        else:
            _skip_padding(stream)


def _read_plain(stream: ByteStream) -> Iterator[bytes]:
    """Bytes up to where something packed begins, which is not at once."""
    content = stream.read_chunk()
    while content:
        start = _find_member(content)
        if start is not None:
            yield content[:start]
            return stream.unread(content[start:])
        following = stream.read_chunk()
        if not following:
            yield content
            return None
        yield content[:-_LONGEST_HEAD]
        content = content[-_LONGEST_HEAD:] + following
    return None


def _find_member(content: bytes, at: int = 0) -> int | None:
    """Where the first thing begins that is packed."""
    if content.isascii():  # nothing packed is, and logs mostly are
        return None
    matches = [packing.head.search(content, at) for packing in PACKINGS if packing.mark in content]
    return min((match.start() for match in matches if match), default=None)


def _unpack_member(stream: ByteStream, packing: Packing, budget: UnpackBudget) -> Generator[bytes, None, str]:
    """The content of the next member; returns what is wrong with it, or an empty text. Then the next one can be read."""
    decompressor, before, data, at = packing.make_decompressor(), b"", b"", 0
    step = CHUNK if packing.make_decompressor is _Gzip else _STEP
    is_first = True
    try:
        while not decompressor.eof:
            if decompressor.needs_input and at >= len(data):
                is_first = is_first and not before
                before, data, at = data, stream.read_chunk(), 0
            fed = data[at : at + step] if decompressor.needs_input else b""
            at += len(fed)
            piece = decompressor.decompress(fed, CHUNK)
            if not (piece or data or decompressor.eof):
                return f"it is cut off: its {packing.name} ends before its end"
            budget.count_unpacked(len(piece))
            if piece:
                yield piece
    except _FAULTS as error:
        # The member that follows may have begun before the fault showed.
        stream.unread(before + data)
        _skip_to_member(stream, 1 if is_first else 0)
        return f"its {packing.name} is damaged: {error}"
    stream.unread(decompressor.unused_data + data[at:])
    return ""


def _skip_padding(stream: ByteStream) -> None:
    """Pass over zeros after a member: tapes and object stores pad with them."""
    while stream.peek(1)[:1] == b"\0":
        stream.unread(stream.read_chunk().lstrip(b"\0"))


def _skip_to_member(stream: ByteStream, at: int) -> None:
    """Pass over what is left of a damaged member; the next may begin from `at`."""
    content = stream.read_chunk()
    while content:
        start = _find_member(content, at)
        if start is not None:
            return stream.unread(content[start:])
        following, at = stream.read_chunk(), 0
        content = content[-_LONGEST_HEAD:] + following if following else b""
    return None
