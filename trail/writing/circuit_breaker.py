"""Gives up a write to an engine that hangs within two seconds; from then on refuses at once, and lets one through now and then.

A write may take long while the engine has much to do, so that it is not the write's own time that decides: when no answer came
for a while the engine is asked for a sign of life. What this process knows of an engine is not shared with others.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TypeVar

from opensearchpy.exceptions import ConnectionTimeout, TransportError

from trail.connection import Trail, read_last_answer
from trail.errors import TrailUnavailable, WriteTimedOut

PATIENCE = 0.8  # seconds without an answer, after which the engine is asked for a sign of life
ALIVE = 1.0  # seconds that it has for that
RETRY = 1.0  # seconds between two writes that are let through while it hangs

T = TypeVar("T")


@dataclass(slots=True)
class CircuitBreaker:
    """Whether an engine is known to hang, and when a write may try it again (by the monotonic clock)."""

    _next_try: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def expect_closed(self) -> None:
        """Let a write through, or raise TrailUnavailable: it is not sent."""
        with self._lock:
            if self._next_try is None:
                return
            now = time.monotonic()
            if now >= self._next_try:
                self._next_try = now + RETRY  # this one tries it
                return
        raise TrailUnavailable("The trail does not answer; nothing was sent to it.") from _no_answer()

    def open(self) -> None:
        """The engine hangs."""
        with self._lock:
            self._next_try = time.monotonic() + RETRY

    def close(self) -> None:
        """The engine answered, or refused a connection, which takes no time."""
        self._next_try = None


_breakers: dict[str, CircuitBreaker] = {}  # by the engine's URL


def send_watched(trail: Trail, send: Callable[[], T], is_in_time: Callable[[T], bool]) -> T:
    """What `send` returns, which asks the engine; `is_in_time` tells of that whether the engine answered in time.

    Raises TrailUnavailable where the engine is known to hang, and nothing was sent; WriteTimedOut where it turns out to.
    """
    url = trail.client.transport.get_connection().host
    breaker = _breakers.setdefault(url, CircuitBreaker())
    breaker.expect_closed()
    result: Future[T] = Future()
    # A thread of its own, which is left behind when the engine hangs, and ends by its own time-out.
    Thread(target=copy_context().run, args=(_run, send, result), name="trail-write", daemon=True).start()
    while not result.done():
        since = time.monotonic()
        wait([result], PATIENCE)
        if not result.done() and read_last_answer(url) < since and not _is_alive(trail):
            breaker.open()
            raise WriteTimedOut(
                "The trail does not answer, so it is not known whether this was written to it."
            ) from _no_answer()
    answer = result.result()
    breaker.close() if is_in_time(answer) else breaker.open()
    return answer


def _run(send: Callable[[], T], result: "Future[T]") -> None:
    try:
        result.set_result(send())
    except BaseException as error:  # noqa: BLE001  raised where it is waited for
        result.set_exception(error)


def _is_alive(trail: Trail) -> bool:
    """Whether the engine says anything at all."""
    try:
        trail.client.info(params={"request_timeout": ALIVE})
    except TransportError as error:
        return isinstance(error.status_code, int)
    return True


def _no_answer() -> ConnectionTimeout:
    return ConnectionTimeout("TIMEOUT", "no sign of life", None)
