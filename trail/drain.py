"""The reader's end of a spool: records in order from where delivery stopped, and what was delivered is removed."""

import fcntl
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Self

from trail import disk, frames
from trail.errors import SpoolBusy
from trail.frames import Broken, Frame
from trail.spool import Damage, Marks, segments


class Drain:
    """One process at a time delivers from a spool, beside its writer or after it. Raises SpoolBusy.

    A record is read only when it is fsynced: otherwise one whose write was refused could be delivered all the same.
    Memory is bounded by twice a segment.
    """

    ended = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = disk.lock(folder / "reader.lock", fcntl.LOCK_EX)
        self._marks = Marks.of(folder)
        self._delivered = self._expected = self._marks.cursor.read() or 0
        self._place: tuple[Path, int] | None = None
        self._ready: deque[Frame | Damage] = deque()

    def read(self, most: int) -> list[Frame | Damage]:
        """The next records, at most so many, and what cannot be read in its place. Empty: there is nothing to deliver now."""
        while not self._ready and self._load():
            pass
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def acknowledge(self, *items: Frame | Damage) -> None:
        """These were read and are delivered, or set aside: they will not be read again. Raises OSError."""
        if not items:
            return
        last = items[-1]
        self._delivered = (last.number if isinstance(last, Frame) else last.last) + 1
        self._marks.cursor.write(self._delivered)
        self._remove_delivered()

    def waiting(self) -> int:
        """How many records are known to wait for delivery."""
        return max(self._promised(), self._expected) - self._delivered

    def close(self) -> None:
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _promised(self) -> int:
        return self._marks.durable.read() or 0

    def _load(self) -> bool:
        """Read on in the segment where the next record is, or say that there is none. Each call gets further."""
        with self._writer_kept_out() as alone:
            promised = self._promised()
            found = self._segment()
            if found is None:
                return False
            path, first, following = found
            start = self._place[1] if self._place and self._place[0] == path else 0
            if alone:
                disk.sync(path)  # a writer that was killed may have left bytes that are only in memory
            content = path.read_bytes()
        before = self._expected
        self._expected = max(before, first)
        if before < first:
            self._ready.append(Damage(path, 0, before, first - 1))
        end = following if following is not None else None if alone else promised
        self._take(path, content, start, promised, end)
        return self._expected > before

    def _segment(self) -> tuple[Path, int, int | None] | None:
        """The segment of the next record, its first number, and the first number of the one after it."""
        there = segments(self.folder)
        for number, (first, path) in enumerate(there):
            following = there[number + 1][0] if number + 1 < len(there) else None
            if following is None or following > self._expected:
                return path, first, following
        return None

    def _take(self, path: Path, content: bytes, start: int, promised: int, end: int | None) -> None:
        """Records of one segment in order. `end`: the number below which this segment counts, if that is known.

        What is missing below a number that was promised is damage; beyond it, nobody was promised it.
        """
        found = list(frames.decode(content, start))
        promised = end if end is not None else max(promised, frames.settled(found))
        at = start
        for one in found:
            if isinstance(one, Broken) or one.number < self._expected:
                at = one.end if isinstance(one, Frame) else at
                continue
            if end is not None and one.number >= end:
                break
            if one.number > self._expected:
                if self._expected >= promised:
                    break
                self._ready.append(Damage(path, at, self._expected, one.number - 1, content[at : one.start]))
            self._ready.append(one)
            self._expected, at = one.number + 1, one.end
        if self._expected < promised:
            self._ready.append(Damage(path, at, self._expected, promised - 1, content[at:]))
            self._expected, at = promised, len(content)
        self._place = (path, at)

    @contextmanager
    def _writer_kept_out(self) -> Iterator[bool]:
        """Whether no writer is at work; none begins while we look."""
        try:
            held = disk.lock(self.folder / "writer.lock", fcntl.LOCK_SH)
        except SpoolBusy:
            yield False
            return
        try:
            yield True
        finally:
            os.close(held)

    def _remove_delivered(self) -> None:
        """Segments of which nothing is left to deliver. One stays until something after it is delivered, for the last
        record tells the next writer where to count on."""
        there = segments(self.folder)
        gone = [path for (_, path), (following, _) in pairwise(there) if following < self._delivered]
        for path in gone:
            path.unlink()
        if gone:
            with suppress(OSError):  # else they come back after a power cut, below the cursor
                disk.sync_folder(self.folder)
