"""Reads bytes in order with a look ahead, and bounds how much larger than its file what is unpacked from it may become."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CHUNK = 256 * 1024
# Logs are packed to a hundredth at best. A bomb unfolds to thousands of times its size, and again with each layer.
MOST_TIMES = 1_000
ALWAYS_UNPACKED = 256 * 1024 * 1024  # bytes


class UnpacksTooFar(Exception):
    """What is packed unfolds to so much more than its size that it is no log."""


class ByteStream:
    """The bytes of an iterator, in order. Memory is what was looked at and one chunk."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = b""

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay: `size` of them or more, fewer at the end."""
        while len(self._pending) < size and (chunk := next(self._chunks, None)) is not None:
            self._pending += chunk
        return self._pending

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end."""
        content = self.peek(size)[:size]
        self._pending = self._pending[size:]
        return content

    def read_chunk(self) -> bytes:
        """The next bytes, however many are at hand; none at the end."""
        content = self._pending or self.peek(1)
        self._pending = b""
        return content

    def unread(self, content: bytes) -> None:
        """Put bytes back in front."""
        self._pending = content + self._pending


@dataclass(slots=True)
class UnpackBudget:
    """How much may be unpacked of one file, in all its layers together."""

    packed: int = 0
    unpacked: int = field(default=0)

    def count_packed(self, read: Callable[[int], bytes]) -> Iterator[bytes]:
        """The chunks of the file itself."""
        while chunk := read(CHUNK):
            self.packed += len(chunk)
            yield chunk

    def count_unpacked(self, size: int) -> None:
        """Raises UnpacksTooFar."""
        self.unpacked += size
        if self.unpacked > ALWAYS_UNPACKED + MOST_TIMES * self.packed:
            raise UnpacksTooFar(f"it unpacks to more than {MOST_TIMES:,} times its size, so what follows is not read")
