"""Bounds how many refusals of visitors one process puts on record, and counts those that it leaves out."""

import time
from threading import Lock

MOST = 120  # a minute
MINUTE = 60.0  # seconds


class RefusalBudget:
    """So many records a minute. A flood of strangers fills no disk, and the number of what was left out is on record."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._began = float("-inf")
        self._taken = self._left_out = 0

    def take(self, now: float | None = None) -> int | None:
        """None where this refusal is left out; else how many were left out before it. `now` is on the monotonic clock."""
        now = time.monotonic() if now is None else now
        with self._lock:
            if now - self._began >= MINUTE:
                self._began, self._taken = now, 0
            if self._taken >= self._most:
                self._left_out += 1
                return None
            self._taken += 1
            left_out, self._left_out = self._left_out, 0
            return left_out
