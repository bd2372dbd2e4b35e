"""Keeps how far something was compared as notes that the log's key signs, so that who writes the database alone decides nothing.

A note lies in the log's folder under `progress/NAME`. Its first line is no origin, so that it can never pass for a checkpoint.
"""

import json
import logging
from typing import Any

from operations.sealing import signing_keys
from operations.sealing.errors import KeyUnusable
from operations.sealing.folder import LogDirectory
from trail import files
from trail.integrity import signed_note
from trail.integrity.signed_note import Algorithm
from trail.integrity.verdict import Broken

_VERSION = "auditconsole-progress/v1"
log = logging.getLogger(__name__)

Values = dict[str, Any]  # of JSON


def keep_progress(directory: LogDirectory, name: str, values: Values) -> None:
    """Sign these values and keep them in the place of those before, durably. Raises OSError.

    Where the key is kept from this process nothing is kept, and the next one compares from the beginning.
    """
    try:
        message = directory.keys.sign_statement(f"{_VERSION}\n{name}\n{json.dumps(values, sort_keys=True)}\n")
    except KeyUnusable as error:
        log.warning("How far %s has come is not kept: %s", name, error)
        return
    folder = directory.folder / "progress"
    folder.mkdir(mode=0o700, exist_ok=True)
    files.replace(folder / name, message)


def read_progress(directory: LogDirectory, name: str) -> Values | None:
    """The values that were kept last under a name; None where there are none that a key of the log signed."""
    try:
        message = (directory.folder / "progress" / name).read_bytes()
    except FileNotFoundError:
        return None
    keys = [key for key in signing_keys.list_verifiers() if key.algorithm is Algorithm.ED25519]
    note = signed_note.open_note(message, keys)
    if isinstance(note, Broken):
        log.warning("What is kept of how far %s has come is not believed: %s.", name, note.reason)
        return None
    version, its_name, encoded, _ = note.text.split("\n", 3)
    if (version, its_name) != (_VERSION, name):
        return None
    values: Values = json.loads(encoded)
    return values
