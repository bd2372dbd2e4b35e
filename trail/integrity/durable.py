"""Files that appear whole or not at all, and are on the disk when these functions return."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_once(path: Path, content: bytes, *, beside: Path) -> bool:
    """Make a file, unless it is there: then whether it holds the same. Its folder is left to be synced.

    `beside` is a folder of the same file system for the file while it has no name.
    """
    with _written(beside, content) as name:
        try:
            os.link(name, path)  # fails where the name is taken; a rename would replace
        except FileExistsError:
            return path.read_bytes() == content
    return True


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, and sync the folder."""
    with _written(path.parent, content) as name:
        os.replace(name, path)
    sync(path.parent)


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _written(folder: Path, content: bytes) -> Iterator[str]:
    """The name of a synced file beside the place where it shall be."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield name
    finally:
        Path(name).unlink(missing_ok=True)
