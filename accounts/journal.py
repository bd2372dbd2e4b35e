"""What people do in the console, as events in the trail. Rooms above say which actions there are.

Called inside the transaction of the change: when the trail does not take the event, the change does not happen.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Protocol

from django.conf import settings

from trail.connection import Trail, connect
from trail.errors import WriteRefused
from trail.events import nest, without_secrets
from trail.moments import text_of
from trail.search.bodies import JOURNAL_DATASET
from trail.writer import write

MAX_LABEL = 8_000  # bytes


class Actor(Protocol):
    """Who does something: a person, or a program that came with a key."""

    @property
    def username(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Program:
    """A program, as it stands on record. No person's username holds a colon, so that none is taken for it."""

    username: str
    name: str
    role: str = "program"


class Action(StrEnum):
    """What is done to people."""

    MAKE = "user.make"
    CHANGE = "user.change"


def trail() -> Trail:
    """The trail as this console is set up to use it. Settings are read each time, so that a test's own prefix holds."""
    return _configured(30)


def quick_trail() -> Trail:
    """The same for what a page can do without: it gives up after three seconds."""
    return _configured(3)


def _configured(timeout: float) -> Trail:
    return _connected(
        settings.OPENSEARCH_URL, settings.TRAIL_PREFIX, timeout, settings.TRAIL_SHARDS, settings.TRAIL_REPLICAS
    )


@cache
def _connected(url: str, prefix: str, timeout: float, shards: int, replicas: int) -> Trail:
    return connect(url, prefix=prefix, timeout=timeout, shards=shards, replicas=replicas)


def record(
    action: StrEnum,
    *,
    by: Actor,
    resource: tuple[str, str] | None,
    labels: dict[str, str] | None = None,
    at: datetime | None = None,
    event_id: str = "",
) -> str:
    """Write one event to the trail and return its id. Raises TrailUnavailable or WriteRefused.

    What was done while the trail was down is recorded later, with its own time and an id of its own (`at`, `event_id`):
    then it is once on record however often it is tried.
    Titles, notes and reasons stay out: the trail is for ever, and more people read it than a case.
    """
    kind, key = resource or (None, None)
    kept = {name: _label(text) for name, text in (labels or {}).items() if text}
    document = nest(
        {
            "@timestamp": text_of(at or datetime.now(UTC)),
            "event.id": event_id or f"console-{uuid.uuid4()}",
            "event.action": str(action),
            "event.outcome": "success",
            "event.dataset": JOURNAL_DATASET,
            "service.name": "auditconsole",
            "user.id": by.username,
            "user.name": by.name,
            "user.roles": [by.role],
            "resource.type": kind,
            "resource.id": key,
            "labels": kept or None,
        }
    )
    (outcome,) = write(trail(), [document])
    if outcome.status not in ("created", "existing"):
        raise WriteRefused(f"The trail did not take the record of this action ({outcome.status}: {outcome.reason}).")
    return outcome.event_id


def _label(text: str) -> str:
    """As much of a text as a label holds, and no secret."""
    return without_secrets(text)[0].encode()[:MAX_LABEL].decode(errors="ignore")
