"""A search while a person waits for it: how long a page may take, what the engine does meanwhile, and its end."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from accounts.journal import quick_trail, trail
from accounts.models import User
from investigations.access import scope_of
from trail.errors import Incomplete
from trail.mapping import month_of
from trail.search import execute
from trail.search.execute import Page
from trail.search.spec import Search
from trail.search.under_way import cancel as cancel_in_engine
from trail.search.under_way import under_way as engine_under_way

KEY_HEADER = "X-Search-Key"  # what a page names its search by: made in the browser, so that only it can name it
_TOO_LONG = "The search took longer than {:.0f} seconds and was ended, in the engine too; narrow it, or run it in the background."
_KEY = re.compile(r"[0-9a-z]{16,40}")


@dataclass(frozen=True, slots=True)
class Answer:
    """`page` is None when it could not be had at once; `took` is in milliseconds."""

    page: Page | None
    took: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What the engine does for a search: `months` being searched, in how many of the trail's parts; nothing when it is done."""

    months: tuple[str, ...]
    parts: int
    of: int
    running: bool


def opaque_id(by: User, key: str) -> str | None:
    """Under which name the engine knows a person's search. With the person in it, nobody ends another's."""
    return f"page-{by.pk}-{key}" if _KEY.fullmatch(key) else None


def answer(
    *, search: Search, by: User, key: str = "", at_once: bool = False, after: Sequence[Any] | None = None
) -> Answer:
    """A page of a search. `at_once`: only as long as a person waits without a sign of life; the engine ends it then.

    Raises BadQuery, TrailUnavailable.
    """
    began = time.monotonic()
    asked = replace(trail(), patience=settings.PAGE_SECONDS) if at_once else trail()
    # The engine stops at four fifths of the patience, and says so.
    late = asked.patience * 0.75
    try:
        page = execute.page(
            asked, search, scope_of(by), after=list(after) if after else None, opaque_id=opaque_id(by, key)
        )
    except Incomplete as error:
        if at_once and time.monotonic() - began >= late:
            return Answer(None, _milliseconds(began))
        if time.monotonic() - began >= asked.patience:
            raise Incomplete(_TOO_LONG.format(asked.patience)) from error
        raise
    too_late = at_once and bool(page.missing) and time.monotonic() - began >= late
    return Answer(None if too_late else page, _milliseconds(began))


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def cancel(*, by: User, key: str) -> int:
    """End a person's own search in the engine; how many there were. Raises TrailUnavailable."""
    name = opaque_id(by, key)
    return cancel_in_engine(quick_trail(), name) if name else 0


def progress(*, by: User, key: str) -> Progress:
    """How far a person's own search is. Raises TrailUnavailable."""
    name = opaque_id(by, key)
    if name is None:
        return Progress((), 0, 0, False)
    found = engine_under_way(quick_trail(), name)
    months = dict.fromkeys(month_of(settings.TRAIL_PREFIX, index) or index for index in found.indices)
    return Progress(tuple(months), found.parts, found.of, found.running)
