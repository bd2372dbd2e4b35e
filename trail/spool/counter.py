"""Keeps a writer's count of its events on disk: a number that was given to one event is never given to another."""

import fcntl
import os
from pathlib import Path

from trail import files
from trail.errors import WriteRefused
from trail.spool.slot_file import SlotFile


class SequenceCounter:
    """The next number, for one process and one thread at a time; at least `at_least`.

    `next` is the number that is given out next, `durable` the one below which all are known on disk to be given out. Raises
    SpoolBusy when another process counts, WriteRefused where the file cannot be read, OSError where it cannot be used.
    """

    def __init__(self, path: Path, *, at_least: int = 0) -> None:
        files.make_folder(path.parent)
        self._lock = files.lock(path.with_name(f"{path.name}.lock"), fcntl.LOCK_EX)
        self._file = SlotFile(path)
        try:
            self.durable = self._load()
        except BaseException:
            os.close(self._lock)
            raise
        self.next = max(self.durable, at_least)

    def take_numbers(self, count: int) -> range:
        """The next `count` numbers. After a crash they are given to no other event only if `save` has returned."""
        numbers = range(self.next, self.next + count)
        self.next = numbers.stop
        return numbers

    def save(self) -> None:
        """Make it durable that every number below `next` is given out. Raises OSError."""
        if self.durable < self.next:
            self._file.write(self.next)
            self.durable = self.next

    def close(self) -> None:
        """Let another process count."""
        os.close(self._lock)

    def _load(self) -> int:
        if not self._file.path.exists():
            self._file.write(0)  # while there is room: later it is overwritten in place
        number = self._file.read()
        if number is None:
            raise WriteRefused(
                f"The count of events in {self._file.path} cannot be read, so no number is known to be free; "
                "write as another writer."
            )
        return number
