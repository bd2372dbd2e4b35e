"""Watches who holds the database's lock for writing: from where, how long, for how many statements, and what the engine is asked meanwhile."""

import inspect
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connection
from django.db.transaction import Atomic

from trail.connection import CompleteResponses

ROOMS = ("accounts", "core", "investigations", "operations")
_current: ContextVar["Hold | None"] = ContextVar("hold", default=None)


@dataclass
class Hold:
    """One transaction, which on SQLite holds the lock from its beginning."""

    who: str
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0
    statements: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class LockWatch:
    """Every transaction while it watched."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []

    def print_longest(self, count: int = 10) -> None:
        """A table of who held the lock for longest, of each one's longest time."""
        longest: dict[str, Hold] = {}
        for hold in sorted(self.holds, key=lambda hold: hold.seconds):
            longest[hold.who] = hold
        print("\nlongest  statements  requests  who held the lock for writing")
        for hold in sorted(longest.values(), key=lambda hold: -hold.seconds)[:count]:
            numbers = f"{hold.seconds * 1_000:5.0f} ms  {len(hold.statements):10}  {len(hold.requests):8}"
            print(f"{numbers}  {hold.who}")


def _find_caller() -> str:
    stack = inspect.stack(context=0)
    for frame in stack:
        service = frame.frame.f_locals.get("func") if frame.function == "inner" else None  # of transaction.atomic
        if service is not None and service.__module__.partition(".")[0] in ROOMS:
            return f"{service.__module__.replace('.', '/')}.py:{service.__name__}"
        path = Path(frame.filename)
        if path.is_relative_to(settings.BASE_DIR):
            name = path.relative_to(settings.BASE_DIR)
            if name.parts[0] in ROOMS:
                return f"{name}:{frame.function}"
    return " < ".join(frame.function for frame in stack[2:9])


@contextmanager
def watch_write_lock() -> Iterator[LockWatch]:
    """Watch all transactions of this process's threads in the block."""
    watch = LockWatch()
    enter, leave, ask = Atomic.__enter__, Atomic.__exit__, CompleteResponses.perform_request

    def begin(atomic: Any) -> None:
        outermost = not connection.in_atomic_block
        enter(atomic)
        if outermost:
            hold = Hold(_find_caller())
            watch.holds.append(hold)
            _current.set(hold)

    def end(atomic: Any, *error: Any) -> None:
        leave(atomic, *error)
        hold = _current.get()
        if hold and not connection.in_atomic_block:
            hold.seconds = time.monotonic() - hold.began
            _current.set(None)

    def request(self: CompleteResponses, method: str, url: str, *args: Any, **options: Any) -> Any:
        if hold := _current.get():
            hold.requests.append(f"{method} {url.partition('?')[0]}")
        return ask(self, method, url, *args, **options)

    def note(execute: Any, sql: str, *args: Any) -> Any:
        if hold := _current.get():
            hold.statements.append(sql)
        return execute(sql, *args)

    with (
        patch.object(Atomic, "__enter__", begin),
        patch.object(Atomic, "__exit__", end),
        patch.object(CompleteResponses, "perform_request", request),
        connection.execute_wrapper(note),
    ):
        yield watch
