"""A local spool: records that are on disk when `append` returns, in the order in which they were numbered.

A folder of one writer:

    <number of its first frame, 20 digits>.spool   segments, in the format of trail/frames.py; only appended to
    <segment>.<offset>.torn                        what a crash left half written at that offset, kept for inspection
    durable                                        the number below which every frame is fsynced; see Marks
    cursor                                         the number of the next frame to be delivered (trail/drain.py)
    writer.lock, reader.lock                       flock(2): one process appends, one delivers

A segment ends where the next one begins: frames in it with the next one's number or a higher one were never acknowledged.
That is how bytes are disowned whose write or fsync failed, even when they cannot be cut off any more. After a failed fsync
the kernel may say that all is well and have dropped the pages (https://lwn.net/Articles/752063/), so nothing is appended to
such a segment, nor to one that an earlier process wrote.
"""

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from trail import disk, frames
from trail.errors import WriteRefused, WriteUnknown
from trail.frames import Broken, Frame
from trail.grouping import Groups
from trail.number import Number

SEGMENT_BYTES = 16 * 1024 * 1024
MAX_BYTES = 1024 * 1024 * 1024
GROUP_BYTES = 4 * 1024 * 1024
LOCK_SECONDS = 5.0  # a reader without a writer holds the writer's lock for as long as it reads one segment


@dataclass(frozen=True, slots=True)
class Damage:
    """Records that were acknowledged and cannot be read: numbers `first` to `last`, and what stands in their place."""

    segment: Path
    offset: int
    first: int
    last: int
    content: bytes = b""

    def __str__(self) -> str:
        return f"{self.segment.name}, offset {self.offset}: records {self.first} to {self.last} cannot be read"


@dataclass(frozen=True, slots=True)
class Marks:
    """The two numbers beside the segments, in the format of trail/number.py.

    `durable` is written after each fsync, so that a reader takes nothing too early. It is not fsynced itself: after a power
    cut it may be lower than the truth, never higher. `cursor` is the next record to be delivered, and is fsynced.
    """

    durable: Number
    cursor: Number

    @classmethod
    def of(cls, folder: Path) -> Self:
        return cls(Number(folder / "durable"), Number(folder / "cursor"))

    def begin(self) -> None:
        """Make them while there is room; later they are overwritten in place. Raises OSError."""
        for one in (self.durable, self.cursor):
            if not one.path.exists():
                one.write(0)


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments with the numbers of their first frames, in order."""
    return sorted((int(path.stem), path) for path in folder.glob("*.spool"))


class _Segment:
    """The segment being written: `size` bytes of it are fsynced."""

    def __init__(self, folder: Path, first: int) -> None:
        self.path = folder / f"{first:020}.spool"
        # If a file of this name is there, nothing in it was acknowledged: its first frame is still to be.
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.size = 0

    def append(self, content: bytes) -> None:
        """Write and fsync, the folder's entry too the first time. Raises WriteRefused or WriteUnknown, and is closed."""
        try:
            self._append(frames.MAGIC + content if self.size == 0 else content)
        except BaseException:  # an interrupt too: then nobody knows how much was written
            self.close()
            raise

    def _append(self, content: bytes) -> None:
        try:
            disk.write_all(self._descriptor, content)
        except OSError as error:
            raise self._refusal(f"The spool could not be written: {error.strerror}.") from error
        try:
            os.fsync(self._descriptor)
            if self.size == 0:
                disk.sync_folder(self.path.parent)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise WriteUnknown(f"The spool could not be synced to disk: {error.strerror}.") from error
        self.size += len(content)

    def _refusal(self, said: str) -> WriteRefused:
        """Nothing was synced yet, so what was half written can be taken back; unless that fails as well."""
        try:
            os.ftruncate(self._descriptor, self.size)
            os.fsync(self._descriptor)
        except OSError:
            return WriteUnknown(said)
        return WriteRefused(said)

    def close(self) -> None:
        os.close(self._descriptor)


class Spool:
    """The writer's end. One process at a time, any number of threads; a process that was forked opens its own.

    `max_bytes` bounds what waits to be delivered: beyond it, appends are refused. `damage` says which acknowledged
    records the last segment has lost, if it has. Raises SpoolBusy when another process writes here, OSError when the
    folder cannot be used.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max_bytes // 4)
        disk.make_folder(folder)
        self._lock = disk.lock(folder / "writer.lock", fcntl.LOCK_EX, LOCK_SECONDS)
        self._process = os.getpid()
        self._marks = Marks.of(folder)
        self._segment: _Segment | None = None
        self.damage: list[Damage] = []
        self.last: bytes | None = None
        try:
            self._next = self._recover()
            self._used = self._measure()
        except BaseException:
            os.close(self._lock)
            raise
        self._groups: Groups[Sequence[bytes], int] = Groups(self._commit, most=GROUP_BYTES)

    def append(self, *records: bytes) -> int:
        """Make records durable, together or not at all, and return the number of the first.

        Raises WriteRefused: none of them will ever be read. Raises WriteUnknown: they may be, and must not be relied on.
        """
        if os.getpid() != self._process:
            raise WriteRefused("This spool was opened before the process was forked; each process opens its own.")
        if any(len(record) > frames.MAX_PAYLOAD for record in records):
            raise WriteRefused(f"A record of more than {frames.MAX_PAYLOAD:,} bytes has no room in a spool.")
        return self._groups.submit(records, sum(map(len, records)))

    def close(self) -> None:
        """Wait for appends that are under way, and let another process write. Safe to repeat."""
        if os.getpid() == self._process and self._groups.close():
            if self._segment:
                self._segment.close()
            with suppress(OSError):
                disk.sync(self._marks.durable.path)
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _commit(self, group: list[Sequence[bytes]]) -> list[int]:
        """Every record of a group with one fsync."""
        firsts, number, parts = [], self._next, []
        for records in group:
            firsts.append(number)
            for record in records:
                parts.append(frames.encode(number, record, settled=self._next))
                number += 1
        self._store(b"".join(parts))
        self._next = number
        with suppress(OSError):  # then a reader waits for the next one
            self._marks.durable.write(number, sync=False)
        return firsts

    def _store(self, content: bytes) -> None:
        segment = self._segment_for(len(content))
        try:
            segment.append(content)
        except BaseException:
            self._segment = None
            raise
        self._used += len(content)

    def _segment_for(self, more: int) -> _Segment:
        if self._segment and self._segment.size + more > self._segment_bytes:
            self._segment.close()
            self._segment = None
        if self._used + more > self.max_bytes:
            self._used = self._measure()  # the reader removes what it has delivered
        if self._used + more > self.max_bytes:
            raise WriteRefused(f"The spool is full: {self._used:,} of {self.max_bytes:,} bytes wait to be delivered.")
        if self._segment is None:
            try:
                self._segment = _Segment(self.folder, self._next)
            except OSError as error:
                raise WriteRefused(f"The spool cannot begin a new segment: {error.strerror}.") from error
        return self._segment

    def _measure(self) -> int:
        total = 0
        for _, path in segments(self.folder):
            with suppress(FileNotFoundError):  # removed this moment
                total += path.stat().st_size
        return total

    def _recover(self) -> int:
        """Mend what an earlier process left and return the next number."""
        there = segments(self.folder)
        self._marks.begin()
        known = max(self._marks.durable.read() or 0, self._marks.cursor.read() or 0)
        number = self._mend(*there[-1], known) if there else known
        while self.last is None and len(there) > 1:
            # Nothing was written to the last one: what it begins with is where the one before ends.
            begins, _ = there.pop()
            found = frames.decode(there[-1][1].read_bytes())
            payloads = [one.payload for one in found if isinstance(one, Frame) and one.number < begins]
            self.last = payloads[-1] if payloads else None
        return number

    def _mend(self, expected: int, path: Path, promised: int) -> int:
        """The last segment: cut off what is half written, or say what is damaged; return the number after it."""
        content = path.read_bytes()
        found = list(frames.decode(content))
        promised = max(promised, frames.settled(found))
        end = len(frames.MAGIC) if content.startswith(frames.MAGIC) else 0
        for one in found:
            if isinstance(one, Broken):
                continue
            if one.number > expected:
                if expected >= promised:
                    break
                self.damage.append(Damage(path, end, expected, one.number - 1, content[end : one.start]))
            expected, self.last, end = one.number + 1, one.payload, one.end
        if expected < promised:
            self.damage.append(Damage(path, end, expected, promised - 1, content[end:]))
        elif content[end:]:
            _cut(path, content, end)
        disk.sync(path)  # whole frames that a killed writer had not come to sync are records like the others
        self._marks.durable.write(max(promised, expected))
        return max(promised, expected)


def _cut(path: Path, content: bytes, end: int) -> None:
    """Take off what follows the last whole frame, and keep it beside."""
    with suppress(OSError):  # no room to keep it: nobody was promised these bytes
        disk.replace(path.with_suffix(f".{end}.torn"), content[end:])
    os.truncate(path, end)
