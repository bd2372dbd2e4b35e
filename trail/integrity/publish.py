"""Publishes checkpoints where the operator of the cluster cannot rewrite them: the interface, and the publisher to a folder.

A folder suits a mount of another machine, a WORM file system, or one whose directories are append-only (`chattr +a`):
each checkpoint is a file of its own, made once; nothing is renamed, replaced or taken away.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Protocol

from trail import files
from trail.errors import TrailError

# `2026-11/0000000000000001234-0f1e2d3c4b5a6978`, and `.1` behind it where one before was cut off and could not be mended.
_NAME = re.compile(r"(?P<stem>\d{19}-[0-9a-f]{16})(?:\.(?P<attempt>\d+))?")
_MONTH = re.compile(r"\d{4}-\d\d")
BUCKET = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")  # how one is named


class NotPublished(TrailError):
    """A checkpoint could not be published; the message says where and why."""


class PublishedUnreadable(TrailError):
    """What was published cannot be read; the message says where and why. It says nothing about what is there."""


@dataclass(frozen=True, slots=True)
class PublishedNote:
    """A signed note as it was published, not verified. Positions, compared as text, are the order of their target."""

    position: str
    message: bytes


class Publisher(Protocol):
    """Somewhere that checkpoints go and stay: a folder, a bucket with object lock, another console's trail.

    `notes_at_once` is how many of them are read in some seconds.
    """

    notes_at_once: int

    def publish(self, message: bytes, size: int) -> None:
        """Keep a signed note, durably when it returns. The same again is no harm. Raises NotPublished."""

    def read_after(self, position: str = "") -> Iterator[PublishedNote]:
        """What stands behind a position, from old to new; everything behind "". Raises PublishedUnreadable."""

    def read_newest(self) -> bytes | None:
        """The newest note, not verified; None where there is none. Raises PublishedUnreadable."""


class FolderPublisher:
    """Publishes into a folder, which must be there: a mount that is missing is a failure, not a new folder."""

    notes_at_once = 20_000

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder = folder
        self._clock = clock

    def publish(self, message: bytes, size: int) -> None:
        """Write a signed note of a log of `size` leaves, durably when it returns. Raises NotPublished."""
        try:
            month = self.folder / f"{self._clock():%Y-%m}"
            if not month.is_dir():
                month.mkdir()
                month.chmod(0o755)
                files.sync_folder(self.folder)
            stem = f"{size:019}-{sha256(message).hexdigest()[:16]}"
            attempt = 0
            while not _keep(month / _attempt(stem, attempt), message):
                attempt += 1
            files.sync_folder(month)
        except OSError as error:
            raise NotPublished(
                f"The checkpoint of {size:,} events was not written to {self.folder}: {error}."
            ) from error

    def read_after(self, position: str = "") -> Iterator[PublishedNote]:
        """The checkpoints behind a position, which is a file's name with its month. Raises PublishedUnreadable."""
        month_of_position = position.partition("/")[0]
        with self._expect_readable():
            for month in _months(self.folder):
                if month.name < month_of_position:
                    continue
                for path in _checkpoints(month):
                    if (name := f"{month.name}/{path.name}") > position:
                        yield PublishedNote(name, path.read_bytes())

    def read_newest(self) -> bytes | None:
        """The checkpoint of the largest size in the last month. Raises PublishedUnreadable."""
        with self._expect_readable():
            return read_newest(self.folder)

    @contextmanager
    def _expect_readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PublishedUnreadable(f"The checkpoints published in {self.folder} cannot be read: {error}.") from error


def read_published(folder: Path) -> Iterator[bytes]:
    """The checkpoints in a folder, from old to new, as they are there: nothing is verified. Raises OSError."""
    for month in _months(folder):
        for path in _checkpoints(month):
            yield path.read_bytes()


def read_newest(folder: Path) -> bytes | None:
    """The newest checkpoint in a folder, not verified; None where there is none. Raises OSError."""
    for month in reversed(_months(folder)):
        for path in reversed(_checkpoints(month)):
            return path.read_bytes()
    return None


def _months(folder: Path) -> list[Path]:
    return sorted(folder / entry.name for entry in os.scandir(folder) if _MONTH.fullmatch(entry.name))


def _checkpoints(month: Path) -> list[Path]:
    """The files of a month by size; of several attempts at one checkpoint the last, which is the whole one."""
    names = sorted(filter(None, map(_NAME.fullmatch, os.listdir(month))), key=_turn)
    return [month / max(attempts, key=_turn).string for _, attempts in groupby(names, key=lambda name: name["stem"])]


def _turn(name: re.Match[str]) -> tuple[str, int]:
    return name["stem"], int(name["attempt"] or 0)


def _attempt(stem: str, attempt: int) -> str:
    return f"{stem}.{attempt}" if attempt else stem


def _keep(path: Path, message: bytes) -> bool:
    """Make the file, or find it made; finish one that was cut off. False where that one can no longer be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o444)
        os.fchmod(descriptor, 0o444)  # what is published is for everybody, whatever the umask
    except FileExistsError:
        there = path.read_bytes()
        if there == message:
            return True
        try:
            if not message.startswith(there):
                return False
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        except PermissionError:
            return False
        message = message[len(there) :]
    with open(descriptor, "wb") as file:
        file.write(message)
        file.flush()
        os.fsync(file.fileno())
    return True
