"""Incidents of something that is tried again and again: said at once, then once a minute while it lasts."""

import time
from dataclasses import dataclass, field

from operations.services import incidents
from operations.services.incidents import Kind

EVERY = 60  # seconds


@dataclass(slots=True)
class Trouble:
    """What one process has said already."""

    _said: dict[tuple[Kind, str], float] = field(default_factory=dict)
    _well: set[tuple[Kind, str]] = field(default_factory=set)

    def failed(self, kind: Kind, subject: str, what: str, *, events: int = 0) -> None:
        """Something is wrong, still or again."""
        last = self._said.get((kind, subject))
        if last is None or time.monotonic() - last >= EVERY:
            incidents.failed(kind, subject, what, events=events)
            self._said[kind, subject] = time.monotonic()
            self._well.discard((kind, subject))

    def over(self, kind: Kind, subject: str, text: str = "") -> None:
        """It is well. Asked of the database once, for an earlier process may have opened an incident."""
        if (kind, subject) not in self._well:
            incidents.over(kind, subject, text)
            self._well.add((kind, subject))
            self._said.pop((kind, subject), None)
