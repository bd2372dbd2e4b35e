"""Keeps the files of attachments in a folder of their own, outside what is served, and tells their type from their content."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import puremagic
from django.conf import settings

from core.stored_files import HEAD, store_stream
from investigations.models import Attachment

ORPHAN_SECONDS = 3_600
UNKNOWN, TEXT = "application/octet-stream", "text/plain"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was written: bytes, the SHA-256 of them in hexadecimal digits, and the media type."""

    size: int
    sha256: str
    content_type: str


def build_path(public_id: str) -> Path:
    """Where the file of an attachment is."""
    return _find_folder() / public_id


def _find_folder() -> Path:
    return Path(settings.STATE_DIR) / "attachments"


def store_file(chunks: Iterable[bytes], path: Path) -> StoredFile:
    """Write a file that is not there yet, on the disk when this returns. Raises Refused where it cannot be written."""
    stored = store_stream(chunks, path)
    return StoredFile(stored.size, stored.sha256, recognise_type(stored.head))


def remove_orphans(now: float) -> int:
    """Delete the files that no row names, an hour after they were written (`now` is in seconds since 1970); how many.

    Who was killed between writing a file and entering it leaves one, and so does who could not delete one.
    """
    folder, number = _find_folder(), 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # what went meanwhile is gone
            is_old = path.stat().st_mtime < now - ORPHAN_SECONDS
            if is_old and not Attachment.objects.not_removed().filter(public_id=path.name).exists():
                path.unlink()
                number += 1
    return number


def is_as_stored(attachment: Attachment) -> bool:
    """Whether the file is there, and its digest that of the row."""
    try:
        with build_path(attachment.public_id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == attachment.sha256
    except FileNotFoundError:
        return False


def recognise_type(head: bytes) -> str:
    """The media type of a file that begins like this; `application/octet-stream` where nothing tells."""
    try:
        return puremagic.from_string(head, mime=True) or UNKNOWN
    except (puremagic.PureError, ValueError):
        return TEXT if _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) - error.start < 4 and len(head) == HEAD  # a character that the head cuts
    return True
