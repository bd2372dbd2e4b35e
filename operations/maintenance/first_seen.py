"""Keep the firsts (trail.novelty), in one process at a time: as a duty of the keeper, or built anew by a command."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from accounts.journal import trail
from operations.sealing.log import Log
from trail import disk, novelty
from trail.errors import SpoolBusy
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

LOCK = "firsts"
PATIENCE = 60.0  # seconds that the command waits for a step of the keeper to end


def keep() -> None:
    """Take in what has arrived, unless they are being built anew. Raises TrailUnavailable."""
    with suppress(SpoolBusy), _alone(0):
        novelty.step(trail())


def rebuild() -> Iterator[int]:
    """Build them anew from the whole trail; how many events were read, step by step. Raises TrailUnavailable, SpoolBusy."""
    with _alone(PATIENCE):
        yield from novelty.rebuild(trail())


def in_all() -> int:
    """How many events there are to read. Raises TrailUnavailable."""
    return execute.count(trail(), Search(), WHOLE_TRAIL)


@contextmanager
def _alone(patience: float) -> Iterator[None]:
    held = disk.lock(Log().folder / LOCK, fcntl.LOCK_EX, patience)
    try:
        yield
    finally:
        os.close(held)
