"""Reads a spool: records in order from where delivery stopped; segments that were delivered are removed."""

import fcntl
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Self

from trail import files
from trail.errors import SpoolBusy
from trail.spool import segment_format
from trail.spool.segment_format import BrokenBytes, Frame
from trail.spool.spool import Damage, Positions, list_segments


class SpoolReader:
    """One process at a time delivers from a spool, beside its writer or after it. Raises SpoolBusy.

    A record is read only when it is fsynced: otherwise one whose write was refused could be delivered all the same.
    Memory is bounded by twice a segment.
    """

    ended = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = files.lock(folder / "reader.lock", fcntl.LOCK_EX)
        self._positions = Positions.of(folder)
        self._delivered = self._expected = self._positions.cursor.read() or 0
        self._place: tuple[Path, int] | None = None
        self._ready: deque[Frame | Damage] = deque()

    def read(self, most: int) -> list[Frame | Damage]:
        """The next records, at most so many, and what cannot be read in its place. Empty: there is nothing to deliver now."""
        while not self._ready and self._load():
            pass
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def acknowledge(self, *items: Frame | Damage) -> None:
        """These records are delivered or set aside, and will not be read again. Raises OSError."""
        if not items:
            return
        last = items[-1]
        self.acknowledge_below((last.number if isinstance(last, Frame) else last.last) + 1)

    def acknowledge_below(self, number: int) -> None:
        """Every record below this number is delivered or set aside, and will not be read again. Raises OSError."""
        self._delivered = number
        self._positions.cursor.write(self._delivered)
        self._remove_delivered()

    def count_waiting(self) -> int:
        """How many records are known to wait for delivery."""
        return max(self._read_durable(), self._expected) - self._delivered

    def close(self) -> None:
        """Let another process deliver."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read_durable(self) -> int:
        return self._positions.durable.read() or 0

    def _load(self) -> bool:
        """Read on in the segment where the next record is, or say that there is none. Each call gets further."""
        with self._lock_out_writer() as alone:
            acknowledged = self._read_durable()
            segment = self._find_segment()
            if segment is None:
                return False
            path, first, following = segment
            start = self._place[1] if self._place and self._place[0] == path else 0
            if alone:
                files.sync_file(path)  # a writer that was killed may have left bytes that are only in memory
            content = path.read_bytes()
        before = self._expected
        self._expected = max(before, first)
        if before < first:
            self._ready.append(Damage(path, 0, before, first - 1))
        end = following if following is not None else None if alone else acknowledged
        self._read_records(path, content, start, acknowledged, end)
        return self._expected > before

    def _find_segment(self) -> tuple[Path, int, int | None] | None:
        """The segment of the next record, its first number, and the first number of the one after it."""
        segments = list_segments(self.folder)
        for place, (first, path) in enumerate(segments):
            following = segments[place + 1][0] if place + 1 < len(segments) else None
            if following is None or following > self._expected:
                return path, first, following
        return None

    def _read_records(self, path: Path, content: bytes, start: int, acknowledged: int, end: int | None) -> None:
        """Records of one segment in order. `end`: the number below which this segment counts, if that is known.

        A record that is missing below the acknowledged number is damage; beyond it, none was acknowledged.
        """
        parts = list(segment_format.decode(content, start))
        acknowledged = end if end is not None else max(acknowledged, segment_format.find_settled(parts))
        at = start
        for part in parts:
            if isinstance(part, BrokenBytes) or part.number < self._expected:
                at = part.end if isinstance(part, Frame) else at
                continue
            if end is not None and part.number >= end:
                break
            if part.number > self._expected:
                if self._expected >= acknowledged:
                    break
                self._ready.append(Damage(path, at, self._expected, part.number - 1, content[at : part.start]))
            self._ready.append(part)
            self._expected, at = part.number + 1, part.end
        if self._expected < acknowledged:
            self._ready.append(Damage(path, at, self._expected, acknowledged - 1, content[at:]))
            self._expected, at = acknowledged, len(content)
        self._place = (path, at)

    @contextmanager
    def _lock_out_writer(self) -> Iterator[bool]:
        """Whether no writer is at work; if so, none begins before this ends."""
        try:
            descriptor = files.lock(self.folder / "writer.lock", fcntl.LOCK_SH)
        except SpoolBusy:
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)

    def _remove_delivered(self) -> None:
        """Segments of which nothing is left to deliver. One stays until something after it is delivered, for the last
        record tells the next writer where to count on."""
        delivered = [
            path for (_, path), (following, _) in pairwise(list_segments(self.folder)) if following < self._delivered
        ]
        for path in delivered:
            path.unlink()
        if delivered:
            with suppress(OSError):  # else they come back after a power cut, below the cursor
                files.sync_folder(self.folder)
