"""Holds back an outage that only a time-out speaks for, until a second one confirms it with no answer between them.

One slow answer on a busy machine is no outage. What is refused, or said by the part itself, is recorded at once.
"""

import time
from dataclasses import dataclass, field
from threading import Lock

from redis.exceptions import TimeoutError as QueueTimeout

from trail.connection import is_time_out as is_engine_time_out

SPACING = 4.0  # seconds at least between two time-outs, so that several that waited for one answer count once
EXPIRY = 60.0  # seconds after which the first time-out says nothing any more
MOST_WRITERS = 1_000


@dataclass(slots=True)
class UnconfirmedOutage:
    """The first time-out of a part, by the monotonic clock, and how many events of each writer met one since."""

    since: float
    events: dict[str, int] = field(default_factory=dict)


_unconfirmed: dict[str, UnconfirmedOutage] = {}  # by subject
_lock = Lock()


def is_time_out(error: BaseException) -> bool:
    """Whether an error says only that a part did not answer in time."""
    return is_engine_time_out(error) or _is_queue_time_out(error)


def _is_queue_time_out(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, QueueTimeout):
            return True
        cause = cause.__cause__
    return False


def confirm_outage(subject: str, writer: str, events: int, *, answered_at: float) -> dict[str, int] | None:
    """How many events of each writer an outage has met so far, once it is sure of; None while it is not.

    `answered_at` is when the part last answered this process anything, by the monotonic clock.
    """
    now = time.monotonic()
    with _lock:
        first = _unconfirmed.get(subject)
        if first is None or answered_at >= first.since or now - first.since > EXPIRY:
            first = _unconfirmed[subject] = UnconfirmedOutage(now)
        if writer in first.events or len(first.events) < MOST_WRITERS:
            first.events[writer] = first.events.get(writer, 0) + events
        if now - first.since < SPACING:
            return None
        return _unconfirmed.pop(subject).events


def forget_time_out(subject: str) -> None:
    """The part answered."""
    with _lock:
        _unconfirmed.pop(subject, None)
