"""Keeps the state folder from the other accounts of the machine: nothing in it is theirs to read."""

import os
import shlex
from pathlib import Path

from auditconsole.local.errors import CannotStart

OTHERS = 0o077  # what the group and everybody else may do


def open_state_folder(folder: Path) -> None:
    """Make it, and give whatever this process makes from now on to its own account alone. Raises CannotStart."""
    os.umask(OTHERS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"{folder} cannot be made ({error.strerror}); set CONSOLE_STATE_DIR to a folder where this console may write."
        ) from None
    if folder.stat().st_mode & OTHERS:
        raise CannotStart(describe_open(folder, folder))


def check_every_file(folder: Path) -> None:
    """Look at all that is in it. Raises CannotStart naming the first that other accounts may read or change."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if not path.is_symlink() and path.exists() and path.stat().st_mode & OTHERS:
                raise CannotStart(describe_open(path, folder))


def describe_open(path: Path, folder: Path) -> str:
    """The refusal, with the command that mends it."""
    return f"Other accounts of this machine may open {path}; run: chmod -R go= {shlex.quote(str(folder))}"
