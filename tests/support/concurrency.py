"""Several people, or workers, who do something at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(*works: Callable[[], T]) -> list[T]:
    """What each has given back; they begin together, each with a connection to the database of its own."""
    together = Barrier(len(works))

    def begun_together(work: Callable[[], T]) -> T:
        try:
            together.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(begun_together, work) for work in works]]
