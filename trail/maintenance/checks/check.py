"""Defines a check of the trail: what it goes by, and what it yields."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from trail.connection import Trail
from trail.errors import TrailError
from trail.maintenance.index_states import IndexState, read_index_states

ANEW = (
    "Find out who made it. Its events must be written again, through the writer, into an index that "
    "manage.py install_trail's template makes."
)


class CheckState(StrEnum):
    """`note` is worth a look and not wrong; `unknown` could not be checked."""

    FINE = "fine"
    NOTE = "note"
    UNKNOWN = "unknown"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One line of a check: what is so, and what to do where something is wrong. Both are sentences for a person."""

    check: str
    state: CheckState
    what: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Unchecked(CheckFinding):
    """A check that could not be made, and what kept it."""

    error: TrailError | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a single check yields; where nothing comes, all is well."""

    what: str
    todo: str
    state: CheckState = CheckState.WRONG


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks go by. `since` limits the reading of single events to those taken after it; None reads them all."""

    trail: Trail
    now: datetime
    finish_after: timedelta
    repository: str
    snapshot_age: timedelta
    silent_after: timedelta
    since: datetime | None = None
    _states: list[IndexState] = field(default_factory=list, compare=False, repr=False)

    def read_index_states(self) -> list[IndexState]:
        """Every index that a search of the trail asks, read once for all checks. Raises TrailUnavailable."""
        if not self._states:
            self._states.extend(read_index_states(self.trail))
        return self._states
