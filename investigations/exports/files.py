"""Says where the file of an export is, and reads one in parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

from investigations.models import Export

CHUNK = 1 << 20


def build_path(export: Export) -> Path:
    """Where a finished export's file is, until it is removed."""
    return Path(settings.STATE_DIR) / "exports" / f"{export.public_id}.{export.format}"


def read_parts(file: IO[bytes]) -> Iterator[bytes]:
    """What an open file holds, from its beginning, in parts of a mebibyte."""
    file.seek(0)
    while part := file.read(CHUNK):
        yield part
