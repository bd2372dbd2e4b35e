"""Notices that this process was stopped for a while, or its machine asleep: what is late then says nothing of the parts."""

import os
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

TICK = 1.0  # seconds
LEAST = 15.0  # seconds between two ticks that are a pause; a busy machine is late by less


def read_clock() -> float:
    """Seconds, those of sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()


class PauseWatch:
    """Counts the pauses of one process. Nothing is a pause before it is started."""

    def __init__(self, clock: Callable[[], float] = read_clock) -> None:
        self._clock, self._lock, self._stop = clock, Lock(), Event()
        self._ticked: float | None = None
        self._process = 0  # in which the thread runs; a child that was forked has none
        self._resumed = float("-inf")
        self.count = 0  # pauses so far
        self.length = 0.0  # seconds that the last one took

    def start(self) -> None:
        """Tick from now on, in a thread that ends with the process. Once is enough."""
        if self._process != os.getpid():
            self._process, self._ticked = os.getpid(), self._clock()
            Thread(target=self._run, name="pauses", daemon=True).start()

    def tick(self) -> int:
        """Look at the clock; how many pauses there have been."""
        with self._lock:
            if self._ticked is None:
                return self.count
            now = self._clock()
            if now - self._ticked > LEAST:
                self.count, self.length, self._resumed = self.count + 1, now - self._ticked, now
            self._ticked = now
            return self.count

    def measure_awake(self) -> float:
        """Seconds since the last pause ended; without end where there was none, or nobody watches."""
        self.tick()
        return self._clock() - self._resumed

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            self.tick()


WATCH = PauseWatch()  # of this process
