"""Writes a local spool: records are on disk when `append` returns, in the order in which they are numbered.

A folder of one writer:

    <number of its first frame, 20 digits>.spool   segments, in the format of trail/spool/segment_format.py; only appended to
    <segment>.<offset>.torn                        what a crash left half written at that offset, kept for inspection
    durable                                        the number below which every frame is fsynced; see Positions
    cursor                                         the number of the next frame to be delivered (trail/spool/reader.py)
    writer.lock, reader.lock                       flock(2): one process appends, one delivers

A segment ends where the next one begins: frames in it with the next one's number or a higher one were never acknowledged.
So bytes whose write or fsync failed do not count, even when they cannot be cut off any more. After a failed fsync
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

from trail import files
from trail.errors import WriteRefused, WriteUnknown
from trail.spool import segment_format
from trail.spool.group_commit import GroupCommit
from trail.spool.segment_format import BrokenBytes, Frame
from trail.spool.slot_file import SlotFile

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
class Positions:
    """The two numbers beside the segments, in the format of trail/spool/slot_file.py.

    `durable` is written after each fsync, so that a reader takes nothing too early. It is not fsynced itself: after a power
    cut it may be lower than the truth, never higher. `cursor` is the next record to be delivered, and is fsynced.
    """

    durable: SlotFile
    cursor: SlotFile

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The positions of the spool in a folder, which need not exist yet."""
        return cls(SlotFile(folder / "durable"), SlotFile(folder / "cursor"))

    def begin(self) -> None:
        """Make them while there is room; later they are overwritten in place. Raises OSError."""
        for file in (self.durable, self.cursor):
            if not file.path.exists():
                file.write(0)


def list_segments(folder: Path) -> list[tuple[int, Path]]:
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
            self._append(segment_format.MAGIC + content if self.size == 0 else content)
        except BaseException:  # an interrupt too: then nobody knows how much was written
            self.close()
            raise

    def _append(self, content: bytes) -> None:
        try:
            files.write_all(self._descriptor, content)
        except OSError as error:
            raise self._undo(f"The spool could not be written: {error.strerror}.") from error
        try:
            os.fsync(self._descriptor)
            if self.size == 0:
                files.sync_folder(self.path.parent)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise WriteUnknown(f"The spool could not be synced to disk: {error.strerror}.") from error
        self.size += len(content)

    def _undo(self, problem: str) -> WriteRefused:
        """The error to raise: nothing was synced yet, so half a write can be cut off, unless that fails as well."""
        try:
            os.ftruncate(self._descriptor, self.size)
            os.fsync(self._descriptor)
        except OSError:
            return WriteUnknown(problem)
        return WriteRefused(problem)

    def close(self) -> None:
        """Close the file."""
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
        files.make_folder(folder)
        self._lock = files.lock(folder / "writer.lock", fcntl.LOCK_EX, LOCK_SECONDS)
        self._process = os.getpid()
        self._positions = Positions.of(folder)
        self._segment: _Segment | None = None
        self.damage: list[Damage] = []
        self.last: bytes | None = None
        try:
            self._next = self._recover()
            self._used = self._measure()
        except BaseException:
            os.close(self._lock)
            raise
        self._groups: GroupCommit[Sequence[bytes], int] = GroupCommit(self._commit, most=GROUP_BYTES)

    def append(self, *records: bytes) -> int:
        """Make records durable, together or not at all, and return the number of the first.

        Raises WriteRefused: none of them will ever be read. Raises WriteUnknown: they may be, and must not be relied on.
        """
        if os.getpid() != self._process:
            raise WriteRefused("This spool was opened before the process was forked; each process opens its own.")
        if any(len(record) > segment_format.MAX_PAYLOAD for record in records):
            raise WriteRefused(f"A record of more than {segment_format.MAX_PAYLOAD:,} bytes has no room in a spool.")
        return self._groups.submit(records, sum(map(len, records)))

    def close(self) -> None:
        """Wait for appends that are under way, and let another process write. Safe to repeat."""
        if os.getpid() == self._process and self._groups.close():
            if self._segment:
                self._segment.close()
            with suppress(OSError):
                files.sync_file(self._positions.durable.path)
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
                parts.append(segment_format.encode(number, record, settled=self._next))
                number += 1
        self._store(b"".join(parts))
        self._next = number
        with suppress(OSError):  # then a reader waits for the next one
            self._positions.durable.write(number, sync=False)
        return firsts

    def _store(self, content: bytes) -> None:
        segment = self._segment_for(len(content))
        try:
            segment.append(content)
        except BaseException:
            self._segment = None
            raise
        self._used += len(content)

    def _segment_for(self, size: int) -> _Segment:
        if self._segment and self._segment.size + size > self._segment_bytes:
            self._segment.close()
            self._segment = None
        if self._used + size > self.max_bytes:
            self._used = self._measure()  # the reader removes what it has delivered
        if self._used + size > self.max_bytes:
            raise WriteRefused(f"The spool is full: {self._used:,} of {self.max_bytes:,} bytes wait to be delivered.")
        if self._segment is None:
            try:
                self._segment = _Segment(self.folder, self._next)
            except OSError as error:
                raise WriteRefused(f"The spool cannot begin a new segment: {error.strerror}.") from error
        return self._segment

    def _measure(self) -> int:
        total = 0
        for _, path in list_segments(self.folder):
            with suppress(FileNotFoundError):  # removed this moment
                total += path.stat().st_size
        return total

    def _recover(self) -> int:
        """Mend what an earlier process left and return the next number."""
        paths = list_segments(self.folder)
        self._positions.begin()
        next_known = max(self._positions.durable.read() or 0, self._positions.cursor.read() or 0)
        number = self._mend(*paths[-1], next_known) if paths else next_known
        while self.last is None and len(paths) > 1:
            # Nothing was written to the last one: what it begins with is where the one before ends.
            begins, _ = paths.pop()
            parts = segment_format.decode(paths[-1][1].read_bytes())
            payloads = [part.payload for part in parts if isinstance(part, Frame) and part.number < begins]
            self.last = payloads[-1] if payloads else None
        return number

    def _mend(self, expected: int, path: Path, acknowledged: int) -> int:
        """The last segment: cut off what is half written, or say what is damaged; return the number after it."""
        content = path.read_bytes()
        parts = list(segment_format.decode(content))
        acknowledged = max(acknowledged, segment_format.find_settled(parts))
        end = len(segment_format.MAGIC) if content.startswith(segment_format.MAGIC) else 0
        for part in parts:
            if isinstance(part, BrokenBytes):
                continue
            if part.number > expected:
                if expected >= acknowledged:
                    break
                self.damage.append(Damage(path, end, expected, part.number - 1, content[end : part.start]))
            expected, self.last, end = part.number + 1, part.payload, part.end
        if expected < acknowledged:
            self.damage.append(Damage(path, end, expected, acknowledged - 1, content[end:]))
        elif content[end:]:
            _cut(path, content, end)
        files.sync_file(path)  # whole frames that a killed writer had not come to sync are records like the others
        self._positions.durable.write(max(acknowledged, expected))
        return max(acknowledged, expected)


def _cut(path: Path, content: bytes, end: int) -> None:
    """Take off what follows the last whole frame, and keep it beside."""
    with suppress(OSError):  # no room to keep it: these bytes were never acknowledged
        files.replace(path.with_suffix(f".{end}.torn"), content[end:])
    os.truncate(path, end)
