"""Keeps the secrets that a machine makes for itself, each in a file that only its own account can read."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The secret that the file holds; made the first time, so that no default stands in the source."""
    if not path.exists():
        # Written beside and linked into place: of two processes that start together, both read the same whole secret.
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(make())
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()
