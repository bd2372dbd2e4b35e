"""Keeps access records on disk until the keeper delivers them, so that looking and signing in wait for no engine.

Each process writes a spool of its own below ACCESS_SPOOL_DIR, in a folder that no other process ever takes up.
"""

import os
import secrets
import time
from pathlib import Path
from threading import Lock

from django.conf import settings

from trail.errors import SpoolBusy, WriteRefused
from trail.spool.slot_file import SlotFile
from trail.spool.spool import Positions, Spool

MAX_BYTES = 256 * 1024 * 1024
SEGMENT_BYTES = 2 * 1024 * 1024  # the keeper reads a segment anew each time that something was added
# Beside the positions of every spool: the number below which each record was delivered, or is being counted.
SHIPPED = "shipped"
_opening = Lock()
_spools: dict[Path, tuple[int, Spool]] = {}


def append(record: bytes) -> None:
    """Make a record durable on this machine. Raises WriteRefused where its disk does not take it."""
    _open_spool(Path(settings.ACCESS_SPOOL_DIR)).append(record)


def list_folders() -> list[Path]:
    """The folders of all spools, of processes that have ended too."""
    return sorted(path.parent for path in Path(settings.ACCESS_SPOOL_DIR).glob("*/writer.lock"))


def count_waiting() -> int:
    """How many access records wait to be delivered to the trail."""
    waiting = 0
    for folder in list_folders():
        positions = Positions.of(folder)
        shipped = SlotFile(folder / SHIPPED).read() or 0
        waiting += max(0, (positions.durable.read() or 0) - max(shipped, positions.cursor.read() or 0))
    return waiting


def was_delivered_within(seconds: float) -> bool:
    """Whether the keeper has delivered something that lately."""
    delivered = (folder / SHIPPED for folder in list_folders())
    return any(time.time() - path.stat().st_mtime < seconds for path in delivered if path.exists())


def close() -> None:
    """Close what this process has opened; the next record opens a spool anew."""
    with _opening:
        for _, spool in _spools.values():
            spool.close()
        _spools.clear()


def _open_spool(root: Path) -> Spool:
    """This process's spool; one that was inherited by a fork is another process's."""
    with _opening:
        process, spool = _spools.get(root, (0, None))
        if spool is None or process != os.getpid():
            try:
                spool = Spool(
                    root / f"{os.getpid()}-{secrets.token_hex(4)}", max_bytes=MAX_BYTES, segment_bytes=SEGMENT_BYTES
                )
            except (OSError, SpoolBusy) as error:
                raise WriteRefused(
                    f"What is looked at cannot be put on record: {root} takes no files ({error}). "
                    "An admin has to make room there."
                ) from error
            _spools[root] = (os.getpid(), spool)
        return spool
