"""Keeps failures in a file while the database takes none, one line of JSON each, until the keeper records them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
from django.conf import settings

from operations.models import Incident
from trail import files

MOST_EVENTS = 10**12  # so that a sum of them still fits a column


@dataclass(frozen=True, slots=True)
class Failure:
    """That something failed: of which kind, what, one sentence for a person, and how many events of a writer it touched."""

    kind: Incident.Kind
    subject: str
    what: str
    writer: str
    events: int
    at: datetime


def get_path() -> Path:
    """The file. It is there from the first failure that waited."""
    return Path(settings.STATE_DIR) / "incidents.jsonl"


def add_failure(failure: Failure) -> None:
    """Add a failure; it is on the disk then. Raises OSError."""
    with _lock_file() as descriptor:
        files.write_all(descriptor, orjson.dumps(asdict(failure), option=orjson.OPT_NAIVE_UTC) + b"\n")
        os.fsync(descriptor)
    files.sync_folder(get_path().parent)


@contextmanager
def take_lines() -> Iterator[list[bytes]]:
    """The lines of the file, which is emptied after the block, unless the block raises."""
    with _lock_file() as descriptor:
        yield os.pread(descriptor, os.fstat(descriptor).st_size, 0).splitlines()
        os.ftruncate(descriptor, 0)
        os.fsync(descriptor)


def parse_line(line: bytes) -> Failure | None:
    """The failure that a line says; None for a line that a power cut left half, or that something else wrote."""
    try:
        values = orjson.loads(line)
        at = datetime.fromisoformat(values["at"])
        kind = Incident.Kind(values["kind"])
        subject, what, writer, events = (values[name] for name in ("subject", "what", "writer", "events"))
    except (ValueError, LookupError, TypeError):
        return None
    if not all(isinstance(text, str) for text in (subject, what, writer)) or at.tzinfo is None:
        return None
    if type(events) is not int or not 0 <= events <= MOST_EVENTS:
        return None
    return Failure(kind=kind, subject=subject, what=what, writer=writer, events=events, at=at)


@contextmanager
def _lock_file() -> Iterator[int]:
    """The file, for this process alone."""
    with files.open_descriptor(get_path(), os.O_RDWR | os.O_CREAT | os.O_APPEND) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
