"""Waits until there may be something to seal: until a writer says so, the engine's numbers moved, or a second is over."""

import time
from threading import Event as Signal

from core.arrival_signal import ArrivalListener
from core.connection import quick_trail
from trail import arrivals
from trail.arrivals import Shard
from trail.errors import TrailUnavailable

PAUSE = 0.25  # seconds after a step, in which the engine takes what comes without being asked to refresh it
EVERY = 1.0  # seconds after a step, at most, until the next one
LATELY = 10.0  # seconds for which what arrived makes more of the same likely
# Seconds between two looks at the engine's numbers: what is written past the console is announced by nobody.
LOOK_LATELY, LOOK_IDLE = 0.25, 0.5


class ArrivalWatch:
    """Waits between two steps of the sealer. What it missed the next step finds, which asks for itself."""

    def __init__(self, listener: ArrivalListener) -> None:
        self._listener = listener
        self._shards: list[Shard] = []  # as last looked at
        self._moved_at = float("-inf")  # when something arrived last, by the monotonic clock

    def wait(self, stop: Signal) -> None:
        """Return when a step is due, or `stop` is set, within half a second."""
        until = time.monotonic() + EVERY
        stop.wait(PAUSE)
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._listener.wait(min(left, self._choose_interval())):
                self._moved_at = time.monotonic()
                return
            if time.monotonic() < until and self._has_moved():
                return

    def _choose_interval(self) -> float:
        return LOOK_LATELY if time.monotonic() - self._moved_at < LATELY else LOOK_IDLE

    def _has_moved(self) -> bool:
        """Whether a shard has other numbers than when last looked at, in one request. A silent engine is the step's to meet."""
        try:
            shards = arrivals.list_shards(quick_trail())
        except TrailUnavailable:
            return False
        if shards == self._shards:
            return False
        self._shards, self._moved_at = shards, time.monotonic()
        return True
