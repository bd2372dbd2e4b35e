"""Says how far the engine is with what a person waits for, and ends it."""

import re
from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from core.connection import quick_trail
from trail.mapping import month_of
from trail.search.engine import cancel_searches, read_progress

KEY_HEADER = "X-Search-Key"  # what a page names its search by: made in the browser, so that only it can name it
_KEY = re.compile(r"[0-9a-z]{16,40}")


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """What the engine does for a search: `months` being searched, in `parts` of the trail's `of` parts; nothing once done."""

    months: tuple[str, ...]
    parts: int
    of: int
    running: bool


def name_task(by: User, key: str) -> str | None:
    """The name by which the engine knows what a person waits for, None for a key that no page makes.

    It holds the person, so that nobody ends another's.
    """
    return f"page-{by.pk}-{key}" if _KEY.fullmatch(key) else None


def cancel_task(*, by: User, key: str) -> int:
    """Ends a person's own search in the engine and returns how many tasks that were. Raises TrailUnavailable."""
    name = name_task(by, key)
    return cancel_searches(quick_trail(), name) if name else 0


def find_progress(*, by: User, key: str) -> SearchProgress:
    """How far a person's own search is. Raises TrailUnavailable."""
    name = name_task(by, key)
    if name is None:
        return SearchProgress(months=(), parts=0, of=0, running=False)
    tasks = read_progress(quick_trail(), name)
    months = dict.fromkeys(month_of(settings.TRAIL_PREFIX, index) or index for index in tasks.indices)
    return SearchProgress(months=tuple(months), parts=tasks.parts, of=tasks.of, running=tasks.running)
