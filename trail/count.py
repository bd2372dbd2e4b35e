"""A writer's count of its events, on disk: a number that was given out is never given to another event."""

import fcntl
import os
from pathlib import Path

from trail import disk
from trail.errors import WriteRefused
from trail.number import Number


class Count:
    """The next number, for one process and one thread at a time.

    Raises SpoolBusy when another process counts, WriteRefused where the file cannot be understood, OSError where it cannot
    be used.
    """

    def __init__(self, path: Path, *, at_least: int = 0) -> None:
        disk.make_folder(path.parent)
        self._lock = disk.lock(path.with_name(f"{path.name}.lock"), fcntl.LOCK_EX)
        self._file = Number(path)
        try:
            self.kept = self._begin()
        except BaseException:
            os.close(self._lock)
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
            self._file.write(self.next)
            self.kept = self.next

    def close(self) -> None:
        os.close(self._lock)

    def _begin(self) -> int:
        if not self._file.path.exists():
            self._file.write(0)  # while there is room: later it is overwritten in place
        kept = self._file.read()
        if kept is None:
            raise WriteRefused(
                f"The count of events in {self._file.path} cannot be read, so no number is known to be free; "
                "write as another writer."
            )
        return kept
