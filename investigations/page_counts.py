"""Keeps the numbers that every page shows in the cache for some seconds, and reads those of one page in one step."""

from collections.abc import Callable
from contextlib import suppress

from django.core.cache import cache
from redis.exceptions import RedisError


class PageCounts:
    """The numbers under some names, read at once; one that is missing is counted when it is read, and kept.

    `answered` is whether Redis did. Raises nothing.
    """

    def __init__(self, *names: str) -> None:
        self._numbers: dict[str, int] = {}
        self.answered = False
        with suppress(RedisError):
            self._numbers = cache.get_many(names)
            self.answered = True

    def read(self, name: str, count: Callable[[], int], *, seconds: int) -> int:
        """The number, so many seconds old at most; while Redis does not answer it is counted each time."""
        if (number := self._numbers.get(name)) is None:
            number = self._numbers[name] = count()
            with suppress(RedisError):
                cache.set(name, number, timeout=seconds)
        return int(number)
