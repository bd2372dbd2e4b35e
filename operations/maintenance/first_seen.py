"""Keeps the index of what is first seen, in one process at a time: as a duty of the keeper, or built anew by a command."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.connection import trail
from operations.sealing.folder import LogDirectory
from trail import files
from trail.errors import SpoolBusy
from trail.first_seen import keeper
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

LOCK = "firsts"
PATIENCE = 60.0  # seconds that the command waits for a step of the keeper to end


def keep_first_seen() -> None:
    """Take in what has arrived, unless they are being built anew. Raises TrailUnavailable."""
    with suppress(SpoolBusy), _alone(0):
        keeper.run_step(trail())


def rebuild_first_seen() -> Iterator[int]:
    """Build them anew from the whole trail; how many events were read, step by step. Raises TrailUnavailable, SpoolBusy."""
    with _alone(PATIENCE):
        yield from keeper.rebuild_index(trail())


def count_events() -> int:
    """How many events there are to read. Raises TrailUnavailable."""
    return execute.count(trail(), Search(), WHOLE_TRAIL)


@contextmanager
def _alone(patience: float) -> Iterator[None]:
    lock = files.lock(LogDirectory().folder / LOCK, fcntl.LOCK_EX, patience)
    try:
        yield
    finally:
        os.close(lock)
