"""Incidents of something that is tried again and again: said at once, then once a minute."""

import time
from dataclasses import dataclass, field

from operations.services import incidents
from operations.services.incidents import Kind

EVERY = 60  # seconds


@dataclass(slots=True)
class Trouble:
    """What one process has said already."""

    _said: dict[tuple[Kind, str], float] = field(default_factory=dict)
    _well: dict[tuple[Kind, str], float] = field(default_factory=dict)

    def failed(self, kind: Kind, subject: str, what: str, *, events: int = 0) -> None:
        """Something is wrong, still or again."""
        last = self._said.get((kind, subject))
        if last is None or time.monotonic() - last >= EVERY:
            incidents.failed(kind, subject, what, events=events)
            self._said[kind, subject] = time.monotonic()
            self._well.pop((kind, subject), None)

    def over(self, kind: Kind, subject: str, text: str = "") -> None:
        """It is well. Asked of the database now and then: an earlier process may have opened an incident, or one that
        waited in the file may be on record only now."""
        last = self._well.get((kind, subject))
        if last is None or time.monotonic() - last >= EVERY:
            incidents.over(kind, subject, text)
            self._well[kind, subject] = time.monotonic()
            self._said.pop((kind, subject), None)
