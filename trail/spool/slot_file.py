"""Keeps a number in a file that is overwritten in place: a full disk does not stop it, and half a write leaves the number before.

The file is of 8192 bytes with two slots, at 0 and 4096, written in turn. A slot is 16 bytes: the number, big-endian in 8,
its CRC-32 in 4, and zeros. The greater of the numbers whose check holds is the number of the file.
"""

import errno
import os
import struct
import zlib
from pathlib import Path

from trail import files

_SLOT = struct.Struct(">QIxxxx")
_PLACES = (0, 4096)
_SIZE = 8192


class SlotFile:
    """A number that only grows. One process writes it, others may read it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> int | None:
        """The number; None where no file is, or none that can be understood."""
        if not self.path.exists():
            return None
        with files.open_descriptor(self.path, os.O_RDONLY) as descriptor:
            whole = [number for number in _slots(descriptor) if number is not None]
        return max(whole, default=None)

    def write(self, number: int, *, sync: bool = True) -> None:
        """Replace the number; on disk when it returns, with `sync`. Raises OSError, and then the one before holds."""
        if not self.path.exists():
            files.replace(self.path, _slot(number).ljust(_SIZE, b"\0"))
            return
        with files.open_descriptor(self.path, os.O_RDWR) as descriptor:
            first, second = (-1 if number is None else number for number in _slots(descriptor))
            if os.pwrite(descriptor, _slot(number), _PLACES[first > second]) < _SLOT.size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(descriptor)


def _slot(number: int) -> bytes:
    return _SLOT.pack(number, zlib.crc32(struct.pack(">Q", number)))


def _slots(descriptor: int) -> list[int | None]:
    slots = [os.pread(descriptor, _SLOT.size, place) for place in _PLACES]
    return [
        int(_SLOT.unpack(slot)[0]) if len(slot) == _SLOT.size and slot == _slot(_SLOT.unpack(slot)[0]) else None
        for slot in slots
    ]
