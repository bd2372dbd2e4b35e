"""Keeps the secret from which the pseudonyms of each case are made: one file, readable by its owner alone."""

import hmac
import os
import secrets
from pathlib import Path

from django.conf import settings

from core.errors import Refused
from trail import files

_BYTES = 32


def derive_key(subject: str) -> bytes:
    """The key of one case (or run), 32 bytes: the same in every export of it, and of use in no other. Raises Refused."""
    return hmac.digest(_read_secret(), subject.encode(), "sha256")


def _read_secret() -> bytes:
    """The console's secret, made if there was none yet; of processes that begin together all read that of the first."""
    path = Path(settings.STATE_DIR) / "redaction_key"
    try:
        if not path.exists():
            files.write_once(path, secrets.token_hex(_BYTES).encode(), beside=path.parent)
            os.chmod(path, 0o600)
            files.sync_folder(path.parent)
        secret = bytes.fromhex(path.read_text())
    except (OSError, ValueError) as error:
        raise Refused(
            f"The secret of pseudonyms cannot be read from {path}: tell an admin. Nothing was redacted."
        ) from error
    if len(secret) != _BYTES:
        raise Refused(f"The secret of pseudonyms in {path} is not one: tell an admin. Nothing was redacted.")
    return secret
