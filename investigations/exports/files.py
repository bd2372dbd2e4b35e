"""Says where the file of an export is and what it holds, and reads one in parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

from investigations.models import Export

CHUNK = 1 << 20


def build_path(export: Export) -> Path:
    """Where a finished export's file is, until it is removed."""
    return Path(settings.STATE_DIR) / "exports" / f"{export.public_id}.{export.format}"


def describe_file(export: Export) -> str:
    """How many entries and bytes the file of a finished export has, and its digest, as `sha256sum --check` (GNU coreutils) reads
    them: lines with # are comments."""
    redaction = (
        f"# redacted by the profile “{export.redaction.name}” ({export.redaction.public_id})\n"
        if export.redaction
        else ""
    )
    written = f"{export.ended_at:%Y-%m-%dT%H:%M:%SZ}" if export.ended_at else ""
    return (
        f"# {export.done} entries, {export.size} bytes, written {written}\n{redaction}{export.sha256}  {export.name}\n"
    )


def read_parts(file: IO[bytes]) -> Iterator[bytes]:
    """What an open file holds, from its beginning, in parts of a mebibyte."""
    file.seek(0)
    while part := file.read(CHUNK):
        yield part
