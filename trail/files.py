"""Writes files whose bytes and names are on disk when a function returns (POSIX: fsync(2) of the file and of its folder)."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trail.errors import SpoolBusy


def sync_file(path: Path) -> None:
    """Bring to disk what any process wrote to a file. Raises OSError."""
    with open_descriptor(path, os.O_RDONLY) as descriptor:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a new file is only there after a power cut if its folder was synced too."""
    with open_descriptor(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, with their names on disk. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def write_all(descriptor: int, content: bytes | memoryview) -> None:
    """Write every byte, however few the system takes at a time. Raises OSError: a full disk, a limit."""
    unwritten = memoryview(content)
    while unwritten:
        unwritten = unwritten[os.write(descriptor, unwritten) :]


def replace(path: Path, content: bytes) -> None:
    """Put a whole file in place of another: a reader sees the one or the other, after a power cut too. Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    try:
        with open_descriptor(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
            write_all(descriptor, content)
            os.fsync(descriptor)
    except OSError:
        beside.unlink(missing_ok=True)  # half a file takes room where there may be none
        raise
    beside.rename(path)
    sync_folder(path.parent)


def write_once(path: Path, content: bytes, *, beside: Path) -> bool:
    """Make a file, unless it is there: then whether it holds the same. Its folder is left to be synced.

    `beside` is a folder of the same file system for the file while it has no name.
    """
    descriptor, name = tempfile.mkstemp(dir=beside, prefix=".new-")
    try:
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(name, path)  # fails where the name is taken; a rename would replace
    except FileExistsError:
        return path.read_bytes() == content
    finally:
        Path(name).unlink(missing_ok=True)
    return True


def open_for_owner(path: str, flags: int) -> int:
    """The `opener` of a file that can be read by its owner alone. Raises OSError."""
    return os.open(path, flags, 0o600)


@contextmanager
def open_descriptor(path: Path, flags: int) -> Iterator[int]:
    """A file's descriptor, closed at the end; a file that is made here can be read by its owner alone. Raises OSError."""
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def lock(path: Path, kind: int, patience: float = 0) -> int:
    """A lock file's descriptor, which holds the lock until it is closed. Raises SpoolBusy when another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(descriptor)
                raise SpoolBusy(f"Another process holds {path}.") from None
            time.sleep(0.01)
        else:
            return descriptor
