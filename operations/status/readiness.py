"""Tells a load balancer or a supervisor whether this process can serve, without giving strangers a way to load the parts."""

import time
from collections.abc import Callable, Mapping
from threading import Lock

from operations.status import health

KEPT_SECONDS = 1.0


class Readiness:
    """The parts asked at most once a second in this process, by one thread at a time; the others are given the last answer."""

    def __init__(self, check: Callable[[], Mapping[str, bool]], clock: Callable[[], float] = time.monotonic) -> None:
        self._check, self._clock = check, clock
        self._turn = Lock()
        self._answer: Mapping[str, bool] = {}
        self._asked_at = float("-inf")

    def read(self) -> Mapping[str, bool]:
        """Whether each part answers, by its name; nothing while the first answer is being waited for."""
        if self._clock() - self._asked_at >= KEPT_SECONDS and self._turn.acquire(blocking=False):
            try:
                self._answer = self._check()
                self._asked_at = self._clock()
            finally:
                self._turn.release()
        return self._answer


def check_needed_parts() -> dict[str, bool]:
    """Whether each part answers without which pages are errors. Raises nothing."""
    return {
        "opensearch": health.is_search_ready(),
        "redis": health.is_queue_up(),
        "database": health.is_database_up(),
    }


readiness = Readiness(check_needed_parts)
