"""Lines of a file that grows, through its rotations, and of a pipe: sources of events for the shipper."""

import fcntl
import hashlib
import os
import select
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from trail import disk

CHUNK = 1024 * 1024
MAX_LINE = 16 * 1024 * 1024  # bytes; a longer one comes in pieces, which are no events and are set aside
HEAD = 1024  # bytes by which a file is known again, for its inode may be given to another
PATIENCE = 5.0  # seconds
COMPRESSED = (".gz", ".xz", ".zst", ".bz2")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: which file (inode, SHA-256 of its first bytes) and the offset after the last line."""

    inode: int
    offset: int
    head: str
    head_bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and the place after it."""

    payload: bytes
    inode: int = 0
    end: int = 0


class _Lines:
    """Bytes cut into lines; what has no end yet waits."""

    def __init__(self) -> None:
        self.rest = b""

    def cut(self, more: bytes) -> list[bytes]:
        """Whole lines with their ends; an endless one in pieces."""
        *whole, self.rest = (self.rest + more).split(b"\n")
        lines = [line + b"\n" for line in whole]
        if len(self.rest) > MAX_LINE:
            lines.append(self.rest)
            self.rest = b""
        return lines

    def last(self) -> list[bytes]:
        """What never got its end."""
        rest, self.rest = self.rest, b""
        return [rest] if rest else []


class Follower:
    """The lines of the file at `path`, and of those it was rotated to by renaming since its place was kept.

    The place is kept in `folder`, in a file for each path. A program may go on writing to the file it had open when that was
    renamed, so for `patience` seconds it is still looked at. `said` is told when lines may have been missed: when the file
    that was being read is gone, or was cut. Empty lines are passed over. Raises SpoolBusy when another process follows it.
    """

    ended = False

    def __init__(self, path: Path, folder: Path, *, patience: float = PATIENCE,
                 said: Callable[[str], None] = lambda sentence: None) -> None:  # fmt: skip
        self._path, self._said, self._patience = path, said, patience
        self._lines = _Lines()
        self._descriptor = -1
        self._inode = self._offset = 0
        self._ready: list[Line] = []
        self._heads: dict[int, tuple[str, int]] = {}
        self._rotated = 0.0
        disk.make_folder(folder)
        name = hashlib.sha256(bytes(path)).hexdigest()[:16]
        self._kept = folder / f"{path.name}.{name}.place"
        self._lock = disk.lock(self._kept.with_suffix(".lock"), fcntl.LOCK_EX)

    def read(self, most: int) -> list[Line]:
        while not self._ready and (self._descriptor >= 0 or self._resume()) and self._more():
            pass
        taken, self._ready = self._ready[:most], self._ready[most:]
        return taken

    def acknowledge(self, *lines: Line) -> None:
        last = lines[-1]
        disk.replace(self._kept, orjson.dumps(asdict(Place(last.inode, last.end, *self._heads[last.inode]))))
        self._heads = {last.inode: self._heads[last.inode], self._inode: self._heads[self._inode]}

    def close(self) -> None:
        self._leave()
        os.close(self._lock)

    def _leave(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _more(self) -> bool:
        """Read on, at the end of a file that was renamed in the next; whether there may be more at once."""
        if chunk := os.read(self._descriptor, CHUNK):
            self._rotated = 0.0
            self._add(self._lines.cut(chunk))
            return True
        current = _inode(self._path)
        if current is None:
            return False  # between being renamed and being made again
        if current == self._inode:
            return self._was_cut()
        self._rotated = self._rotated or time.monotonic()
        if time.monotonic() - self._rotated < self._patience:
            return False
        self._add(self._lines.last())  # what has no end will get none
        self._begin(self._following(self._inode))
        return True

    def _was_cut(self) -> bool:
        """Whether the file is shorter than it was; then it is read from its beginning."""
        if os.fstat(self._descriptor).st_size >= self._offset + len(self._lines.rest):
            return False
        self._said(f"{self._path} was cut; what was written just before may not have been read.")
        self._add(self._lines.last())
        self._begin(self._path)
        return True

    def _add(self, lines: list[bytes]) -> None:
        self._heads[self._inode] = _head(self._descriptor, HEAD)
        for line in lines:
            self._offset += len(line)
            if payload := line.strip():
                self._ready.append(Line(payload, self._inode, self._offset))

    def _begin(self, path: Path, offset: int = 0) -> None:
        self._leave()
        self._descriptor = os.open(path, os.O_RDONLY)
        self._inode = os.fstat(self._descriptor).st_ino
        self._offset = os.lseek(self._descriptor, offset, os.SEEK_SET)
        self._heads[self._inode] = _head(self._descriptor, HEAD)
        self._rotated = 0.0

    def _resume(self) -> bool:
        """Open the file where reading stopped; False when there is no file yet."""
        if self._kept.exists():
            place = Place(**orjson.loads(self._kept.read_bytes()))
            if path := self._file_of(place):
                self._begin(path, place.offset)
                return True
            self._said(f"The file that was being read before is gone; {self._path} is read from its beginning.")
        if _inode(self._path) is None:
            return False
        self._begin(self._path)
        return True

    def _file_of(self, place: Place) -> Path | None:
        path = self._named(place.inode)
        if path is None:
            return None
        with disk.opened(path, os.O_RDONLY) as descriptor:
            same = _head(descriptor, place.head_bytes) == (place.head, place.head_bytes)
            return path if same and os.fstat(descriptor).st_size >= place.offset else None

    def _named(self, inode: int) -> Path | None:
        return next((path for path in self._files() if _inode(path) == inode), None)

    def _following(self, inode: int) -> Path:
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
        self._lines = _Lines()
        self._ready: list[Line] = []

    def read(self, most: int) -> list[Line]:
        if not self._ready and not self.ended and select.select([self._descriptor], [], [], 0)[0]:
            chunk = os.read(self._descriptor, CHUNK)
            self.ended = not chunk
            lines = self._lines.cut(chunk) if chunk else self._lines.last()
            self._ready = [Line(payload) for line in lines if (payload := line.strip())]
        taken, self._ready = self._ready[:most], self._ready[most:]
        return taken

    def acknowledge(self, *lines: Line) -> None:
        """A pipe cannot be told."""

    def close(self) -> None:
        """It is whoever opened it who closes it."""


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _head(descriptor: int, most: int) -> tuple[str, int]:
    head = os.pread(descriptor, min(HEAD, most), 0)
    return hashlib.sha256(head).hexdigest(), len(head)
