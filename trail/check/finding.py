"""What a check of the trail says: one finding for each thing that is not as it should be, or one that all is well."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trail.connection import Trail


class State(StrEnum):
    """`note` is worth a look and not wrong; `unknown` could not be checked."""

    FINE = "fine"
    NOTE = "note"
    UNKNOWN = "unknown"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: what is so, and what to do where something is wrong. Both are sentences for a person."""

    check: str
    state: State
    what: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a single check yields; where nothing comes, all is well."""

    what: str
    todo: str
    state: State = State.WRONG


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check goes by. `since` limits the reading of single events to what was taken after it; None reads them all."""

    trail: Trail
    now: datetime
    finish_after: timedelta
    repository: str
    snapshot_age: timedelta
    silent_after: timedelta
    since: datetime | None = None
