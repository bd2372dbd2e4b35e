"""Reads the lines of a growing file through its rotations, and of a pipe, as sources of events for the shipper."""

import fcntl
import hashlib
import os
import select
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from trail import files as trail_files

CHUNK = 1024 * 1024
MAX_LINE = 16 * 1024 * 1024  # bytes; a longer one comes in pieces, which are no events and are set aside
HEAD = 1024  # bytes by which a file is known again, for its inode may be given to another
PATIENCE = 5.0  # seconds
COMPRESSED = (".gz", ".xz", ".zst", ".bz2")


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far a file was read: which file (inode, SHA-256 of its first bytes) and the offset after the last line."""

    inode: int
    offset: int
    head: str
    head_bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and the position after it."""

    payload: bytes
    inode: int = 0
    end: int = 0


class _LineBuffer:
    """Cuts bytes into lines, and holds what has no line end yet in `rest`."""

    def __init__(self) -> None:
        self.rest = b""

    def cut_lines(self, chunk: bytes) -> list[bytes]:
        """Whole lines with their ends; an endless one in pieces."""
        *whole, self.rest = (self.rest + chunk).split(b"\n")
        lines = [line + b"\n" for line in whole]
        if len(self.rest) > MAX_LINE:
            lines.append(self.rest)
            self.rest = b""
        return lines

    def take_rest(self) -> list[bytes]:
        """The line that never got its end, if there is one."""
        line, self.rest = self.rest, b""
        return [line] if line else []


class FileTail:
    """The lines of the file at `path`, and of those it was rotated to by renaming since its position was saved.

    The position is saved in `folder`, in a file for each path. A program may go on writing to the file it had open when that was
    renamed, so for `patience` seconds it is still looked at. `report` is called with a sentence when lines may have been missed:
    when the file that was being read is gone, or was cut. Empty lines are passed over. Raises SpoolBusy when another process
    follows it.
    """

    ended = False

    def __init__(
        self,
        path: Path,
        folder: Path,
        *,
        patience: float = PATIENCE,
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._path, self._report, self._patience = path, report, patience
        self._lines = _LineBuffer()
        self._descriptor = -1
        self._inode = self._offset = 0
        self._ready: list[Line] = []
        self._heads: dict[int, tuple[str, int]] = {}
        self._rotated = 0.0
        trail_files.make_folder(folder)
        name = hashlib.sha256(bytes(path)).hexdigest()[:16]
        self._position = folder / f"{path.name}.{name}.place"
        self._lock = trail_files.lock(self._position.with_suffix(".lock"), fcntl.LOCK_EX)

    def read(self, most: int) -> list[Line]:
        """The next lines, at most so many; none when there are none now. Raises OSError."""
        while not self._ready and (self._descriptor >= 0 or self._resume()) and self._read_on():
            pass
        lines, self._ready = self._ready[:most], self._ready[most:]
        return lines

    def acknowledge(self, *lines: Line) -> None:
        """Save the position after these lines. Raises OSError."""
        last = lines[-1]
        trail_files.replace(
            self._position, orjson.dumps(asdict(ReadPosition(last.inode, last.end, *self._heads[last.inode])))
        )
        self._heads = {last.inode: self._heads[last.inode], self._inode: self._heads[self._inode]}

    def close(self) -> None:
        """Close the file, and let another process follow it."""
        self._close_file()
        os.close(self._lock)

    def _close_file(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read_on(self) -> bool:
        """Read on, at the end of a file that was renamed in the next; whether there may be more at once."""
        if chunk := os.read(self._descriptor, CHUNK):
            self._rotated = 0.0
            self._add(self._lines.cut_lines(chunk))
            return True
        current = _inode(self._path)
        if current is None:
            return False  # between being renamed and being made again
        if current == self._inode:
            return self._is_cut()
        self._rotated = self._rotated or time.monotonic()
        if time.monotonic() - self._rotated < self._patience:
            return False
        self._add(self._lines.take_rest())  # what has no end will get none
        self._open(self._find_next(self._inode))
        return True

    def _is_cut(self) -> bool:
        """Whether the file is shorter than it was; then it is read from its beginning."""
        if os.fstat(self._descriptor).st_size >= self._offset + len(self._lines.rest):
            return False
        self._report(f"{self._path} was cut; what was written just before may not have been read.")
        self._add(self._lines.take_rest())
        self._open(self._path)
        return True

    def _add(self, lines: list[bytes]) -> None:
        self._heads[self._inode] = _read_head(self._descriptor, HEAD)
        for line in lines:
            self._offset += len(line)
            if payload := line.strip():
                self._ready.append(Line(payload, self._inode, self._offset))

    def _open(self, path: Path, offset: int = 0) -> None:
        self._close_file()
        self._descriptor = os.open(path, os.O_RDONLY)
        self._inode = os.fstat(self._descriptor).st_ino
        self._offset = os.lseek(self._descriptor, offset, os.SEEK_SET)
        self._heads[self._inode] = _read_head(self._descriptor, HEAD)
        self._rotated = 0.0

    def _resume(self) -> bool:
        """Open the file where reading stopped; False when there is no file yet."""
        if self._position.exists():
            position = ReadPosition(**orjson.loads(self._position.read_bytes()))
            if path := self._find_file(position):
                self._open(path, position.offset)
                return True
            self._report(f"The file that was being read before is gone; {self._path} is read from its beginning.")
        if _inode(self._path) is None:
            return False
        self._open(self._path)
        return True

    def _find_file(self, position: ReadPosition) -> Path | None:
        path = self._find_by_inode(position.inode)
        if path is None:
            return None
        with trail_files.open_descriptor(path, os.O_RDONLY) as descriptor:
            same = _read_head(descriptor, position.head_bytes) == (position.head, position.head_bytes)
            return path if same and os.fstat(descriptor).st_size >= position.offset else None

    def _find_by_inode(self, inode: int) -> Path | None:
        return next((path for path in self._files() if _inode(path) == inode), None)

    def _find_next(self, inode: int) -> Path:
        """The file that came after one; the one at the path when that one is gone."""
        files = self._files()
        numbers = [_inode(path) for path in files]
        return files[numbers.index(inode) + 1] if inode in numbers[:-1] else self._path

    def _files(self) -> list[Path]:
        """The file and what it was rotated to, oldest first."""
        rotated = [
            path
            for path in self._path.parent.glob(f"{self._path.name}?*")
            if path.suffix not in COMPRESSED and path.is_file()
        ]
        return [*sorted(rotated, key=lambda path: path.stat().st_mtime_ns), self._path]


class Pipe:
    """The lines of an open descriptor, such as standard input, until its end. What was not acknowledged is the sender's."""

    def __init__(self, descriptor: int) -> None:
        self.ended = False
        self._descriptor = descriptor
        self._lines = _LineBuffer()
        self._ready: list[Line] = []
        self._poll = select.poll()  # select() refuses descriptors from 1,024 on
        self._poll.register(descriptor, select.POLLIN)

    def read(self, most: int) -> list[Line]:
        """The next lines, at most so many; none when there are none now. Raises OSError."""
        if not self._ready and not self.ended and self._poll.poll(0):
            chunk = os.read(self._descriptor, CHUNK)
            self.ended = not chunk
            texts = self._lines.cut_lines(chunk) if chunk else self._lines.take_rest()
            self._ready = [Line(payload) for text in texts if (payload := text.strip())]
        lines, self._ready = self._ready[:most], self._ready[most:]
        return lines

    def acknowledge(self, *lines: Line) -> None:
        """Nothing: the sender of a pipe cannot be told."""

    def close(self) -> None:
        """It is whoever opened it who closes it."""


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _read_head(descriptor: int, most: int) -> tuple[str, int]:
    head = os.pread(descriptor, min(HEAD, most), 0)
    return hashlib.sha256(head).hexdigest(), len(head)
