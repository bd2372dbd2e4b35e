"""How much at a time: requests under way in this process, and events a second of a key. Beyond, the answer is 429.

Each web process counts for itself and asks nobody, so that writing needs neither Redis nor the others.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings

from operations.ingest.errors import NotTaken


class Rate:
    """So many a second for each name. What goes beyond is lent, and nothing more is taken until it is paid back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._left: dict[object, tuple[float, float]] = {}  # how much, as of when

    def take(self, name: object, count: int, *, per_second: int) -> float:
        """Take so many; 0, or how many seconds to wait, and then nothing was taken."""
        now = self._now()
        with self._lock:
            left, since = self._left.get(name, (float(per_second), now))
            left = min(float(per_second), left + (now - since) * per_second)
            taken = left > 0
            self._left[name] = (left - count if taken else left, now)
        return 0.0 if taken else (1 - left) / per_second


class UnderWay:
    """How many there are at this moment."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._now = 0

    @contextmanager
    def one_more(self, most: int) -> Iterator[None]:
        """Raises NotTaken where there are so many already."""
        with self._lock:
            if self._now >= most:
                raise NotTaken(429, "Too many requests are under way; send the same again in a second.", after=1)
            self._now += 1
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


rate = Rate()
under_way = UnderWay()


def within_rate(key: object, events: int) -> None:
    """Raises NotTaken when this key has sent more than its share."""
    if wait := rate.take(key, events, per_second=settings.INGEST_RATE):
        raise NotTaken(
            429, f"This key may write {settings.INGEST_RATE:,} events a second; send the same again later.",
            after=math.ceil(wait),
        )  # fmt: skip
