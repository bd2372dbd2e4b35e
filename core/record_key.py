"""Keeps the key with which this console signs its own records: made when it is first needed, the same for every process.

It lies in the state folder as `record_key`, readable by its owner alone, or where RECORD_KEY says; a console on several machines
gives each of them the same file. Its public half is kept for ever by operations.sealing.record_keys.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from trail import files
from trail.errors import WriteRefused
from trail.integrity.signed_note import BadKey, Signer


@dataclass(slots=True)
class _Cached:
    """The signer of this process, and the file that it was read from as it was then."""

    file: tuple[str, int, int] | None = None
    signer: Signer | None = None


_cached = _Cached()


def find_path() -> Path:
    """Where the key lies."""
    return Path(settings.RECORD_KEY) if settings.RECORD_KEY else Path(settings.STATE_DIR) / "record_key"


def read_signer() -> Signer:
    """The key that signs now, made if there was none yet. A file that was replaced is read again. Raises WriteRefused."""
    path = find_path()
    try:
        if not path.exists():
            _make(path)
        status = path.stat()
        file = (str(path), status.st_ino, status.st_mtime_ns)
        if _cached.file != file or _cached.signer is None:
            _cached.signer, _cached.file = Signer.parse(path.read_text().strip()), file
        return _cached.signer
    except (OSError, ValueError, BadKey) as error:
        raise WriteRefused(
            f"The key that signs the console's own records cannot be read from {path}: {error}. Nothing is done that cannot be "
            "put on record; put the key back."
        ) from error


def replace_signer(signer: Signer) -> None:
    """Put another key in place, for every process. Raises WriteRefused."""
    try:
        files.replace(find_path(), _format(signer))
    except OSError as error:
        raise WriteRefused(f"The new key cannot be written to {find_path()}: {error.strerror}.") from error


def generate_signer() -> Signer:
    """A new key under a name of its own, which tells nothing."""
    return Signer.generate(f"auditconsole/{secrets.token_hex(4)}")


def _make(path: Path) -> None:
    """Of processes that begin together, all read the key of the first. Raises OSError."""
    if settings.RECORD_KEY:
        raise FileNotFoundError(f"there is no file {path}")
    files.write_once(path, _format(generate_signer()), beside=path.parent)
    os.chmod(path, 0o600)
    files.sync_folder(path.parent)


def _format(signer: Signer) -> bytes:
    return f"{signer.secret()}\n".encode()
