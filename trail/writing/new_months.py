"""Finds which months a batch of events would open: an event of a month without an index makes one, which stays for ever."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from trail.connection import Trail, deadline, translate_errors
from trail.errors import TrailError
from trail.events import Event
from trail.mapping import index_for
from trail.times import format_datetime

NEAR = timedelta(
    days=1
)  # to a month whose beginning or end is so near, an event may come by a clock that is a little off

PATIENCE = 2.0  # seconds for the engine to list the months, for a write waits for it


class TooManyMonths(TrailError):
    """More months would be opened than were allowed; nothing of the one that is too many was written."""


def find_new_months(trail: Trail, months: Iterable[str]) -> set[str]:
    """Those of these months, such as `2026-11`, that the trail does not have and that are not the present one.

    The engine is asked only for months that this process has not seen. Raises TrailUnavailable.
    """
    indices = {index_for(trail.prefix, month): month for month in months}
    now = datetime.now(UTC)
    expected = {index_for(trail.prefix, format_datetime(time)) for time in (now - NEAR, now, now + NEAR)}
    unknown = indices.keys() - trail.known_indices - expected
    if not unknown:
        return set()
    with deadline(PATIENCE), translate_errors("The months of the trail cannot be listed"):
        there = trail.client.indices.get_alias(index=f"{trail.events}-*", params={"allow_no_indices": "true"})
    trail.known_indices.update(unknown & there.keys())
    return {indices[index] for index in unknown - there.keys()}


@dataclass(slots=True)
class MonthAllowance:
    """How many months a piece of work may still open; `let` are those that it was let open."""

    allowed: int
    let: set[str] = field(default_factory=set)

    def limit(self, trail: Trail, events: Iterable[Event]) -> Iterator[Event]:
        """The same events, up to the first of a month that is too many. Raises TooManyMonths there, and TrailUnavailable."""
        seen: set[str] = set()
        for event in events:
            month = event.timestamp[:7]
            if month not in seen:
                self._open(trail, month)
                seen.add(month)
            yield event

    def _open(self, trail: Trail, month: str) -> None:
        new = find_new_months(trail, [month]) - self.let
        if new and len(self.let) >= self.allowed:
            raise TooManyMonths(
                f"The month {month} would be the {self.allowed + 1:,}th that is new in the trail, and each is kept for ever. "
                f"If that is meant, allow as many as the records are of (--allow-months)."
            )
        self.let |= new
