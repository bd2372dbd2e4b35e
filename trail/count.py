"""A writer's count of its events, on disk: a number that was given out is never given to another event.

The file holds two slots of 16 bytes (the number big-endian in 8, its CRC-32, zeros), 4096 bytes apart and written in turn:
half a write leaves the other slot whole.
"""

import errno
import fcntl
import os
import struct
import zlib
from pathlib import Path

from trail import disk
from trail.errors import WriteRefused

_SLOT = struct.Struct(">QIxxxx")
_APART = 4096


class Count:
    """The next number. Not for several threads at once, and for one process. Raises SpoolBusy,
    and WriteRefused where the file cannot be understood."""

    def __init__(self, path: Path, *, at_least: int = 0) -> None:
        disk.make_folder(path.parent)
        new = not path.exists()
        self._descriptor = disk.lock(path, fcntl.LOCK_EX)
        self._turn = 0
        try:
            if new:
                disk.sync_folder(path.parent)
            self.kept = self._read(path)
        except BaseException:
            os.close(self._descriptor)
            raise
        self.next = max(self.kept, at_least)

    def take(self, numbers: int) -> range:
        """The next numbers. They are sure to be nobody else's after a crash only when `keep` has returned."""
        taken = range(self.next, self.next + numbers)
        self.next = taken.stop
        return taken

    def keep(self) -> None:
        """Make it durable that every number taken so far is taken. Raises OSError."""
        if self.kept < self.next:
            turn = 1 - self._turn
            if os.pwrite(self._descriptor, _slot(self.next), turn * _APART) < _SLOT.size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._descriptor)
            self.kept, self._turn = self.next, turn

    def close(self) -> None:
        os.close(self._descriptor)

    def _read(self, path: Path) -> int:
        slots = [os.pread(self._descriptor, _SLOT.size, turn * _APART) for turn in (0, 1)]
        whole = [_SLOT.unpack(slot)[0] if _is_whole(slot) else -1 for slot in slots]
        if max(whole) < 0 and any(slots):
            raise WriteRefused(
                f"The count of events in {path} cannot be read, so no number is known to be free; write as another writer."
            )
        self._turn = int(whole[1] > whole[0])
        return max(*whole, 0)


def _slot(number: int) -> bytes:
    return _SLOT.pack(number, zlib.crc32(struct.pack(">Q", number)))


def _is_whole(slot: bytes) -> bool:
    return len(slot) == _SLOT.size and slot == _slot(_SLOT.unpack(slot)[0])
