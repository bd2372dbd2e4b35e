"""Limits the requests under way in this process, and the events a second of each key; beyond them the answer is 429.

Each web process counts for itself and asks nobody, so that writing needs neither Redis nor the others.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings

from operations.ingest.errors import RequestRefused

PATIENCE = 2.0  # seconds that a request is kept waiting rather than refused; a place is taken meanwhile


class RateLimit:
    """A token bucket for each name, which one request may overdraw; nothing more is let in until the debt is paid back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._buckets: dict[object, tuple[float, float]] = {}  # what is left, and as of when

    def take(self, name: object, count: int, *, per_second: int) -> float:
        """Take so many; returns 0, or how many seconds to wait, and then nothing was taken."""
        now = self._now()
        with self._lock:
            left, since = self._buckets.get(name, (float(per_second), now))
            left = min(float(per_second), left + (now - since) * per_second)
            is_free = left > 0
            self._buckets[name] = (left - count if is_free else left, now)
        return 0.0 if is_free else (1 - left) / per_second


class RequestLimit:
    """Counts the requests under way."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way = 0

    @contextmanager
    def admit(self, limit: int) -> Iterator[None]:
        """Count a request while it lasts. Raises RequestRefused where `limit` are under way already."""
        with self._lock:
            if self._under_way >= limit:
                raise RequestRefused(429, "Too many requests are under way; send the same again in a second.", after=1)
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1


rate_limit = RateLimit()
request_limit = RequestLimit()


def check_rate(key: object, events: int, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait a little where this key has sent more than its share, for few clients send a request again.

    Raises RequestRefused when it would have to wait longer.
    """
    wait = rate_limit.take(key, events, per_second=settings.INGEST_RATE)
    if 0 < wait <= PATIENCE:
        sleep(wait)
        wait = rate_limit.take(key, events, per_second=settings.INGEST_RATE)
    if wait:
        sentence = f"This key may write {settings.INGEST_RATE:,} events a second; send the same again later."
        raise RequestRefused(429, sentence, after=math.ceil(wait))
