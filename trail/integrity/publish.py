"""Checkpoints written where who runs the cluster cannot rewrite them: one interface, and the publisher to a folder.

A folder suits a mount of another machine, a WORM file system, or one whose directories are append-only (`chattr +a`):
each checkpoint is a file of its own, made once; nothing is renamed, replaced or taken away.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Protocol

from trail import disk
from trail.errors import TrailError

# `2026-11/0000000000000001234-0f1e2d3c4b5a6978`, and `.1` behind it where one before was cut off and could not be mended.
_NAME = re.compile(r"(?P<stem>\d{19}-[0-9a-f]{16})(?:\.(?P<attempt>\d+))?")
_MONTH = re.compile(r"\d{4}-\d\d")


class NotPublished(TrailError):
    """A checkpoint could not be kept elsewhere; the message says where and why."""


class Publisher(Protocol):
    """Somewhere that checkpoints go and stay: a folder, a bucket with object lock, another log."""

    def publish(self, message: bytes, size: int) -> None:
        """Keep a signed note, durably when it returns. The same again is no harm. Raises NotPublished."""


class FolderPublisher:
    """Publishes into a folder, which must be there: a mount that is missing is a failure, not a new folder."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder = folder
        self._clock = clock

    def publish(self, message: bytes, size: int) -> None:
        try:
            month = self.folder / f"{self._clock():%Y-%m}"
            if not month.is_dir():
                month.mkdir()
                disk.sync_folder(self.folder)
            stem = f"{size:019}-{sha256(message).hexdigest()[:16]}"
            attempt = 0
            while not _keep(month / _attempt(stem, attempt), message):
                attempt += 1
            disk.sync_folder(month)
        except OSError as error:
            raise NotPublished(
                f"The checkpoint of {size:,} events was not written to {self.folder}: {error}."
            ) from error


def published(folder: Path) -> Iterator[bytes]:
    """The checkpoints in a folder, from old to new, as they are there: nothing is verified. Raises OSError."""
    for month in _months(folder):
        for path in _checkpoints(month):
            yield path.read_bytes()


def newest(folder: Path) -> bytes | None:
    """The last of them, if there is any. Raises OSError."""
    for month in reversed(_months(folder)):
        for path in reversed(_checkpoints(month)):
            return path.read_bytes()
    return None


def _months(folder: Path) -> list[Path]:
    return sorted(folder / one.name for one in os.scandir(folder) if _MONTH.fullmatch(one.name))


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
