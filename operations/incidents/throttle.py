"""Records the failures of something that is tried again and again: the first at once, then one a minute."""

import time
from dataclasses import dataclass, field

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind

EVERY = 60  # seconds


@dataclass(slots=True)
class IncidentThrottle:
    """What this process has put on record already: when each failure, and when each recovery."""

    _failures: dict[tuple[IncidentKind, str], float] = field(default_factory=dict)
    _recoveries: dict[tuple[IncidentKind, str], float] = field(default_factory=dict)

    def record_failure(self, kind: IncidentKind, subject: str, what: str, *, events: int = 0) -> None:
        """Record that something is wrong, still or again."""
        last = self._failures.get((kind, subject))
        if last is None or time.monotonic() - last >= EVERY:
            incidents.record_failure(kind, subject, what, events=events)
            self._failures[kind, subject] = time.monotonic()
            self._recoveries.pop((kind, subject), None)

    def record_recovery(self, kind: IncidentKind, subject: str, text: str = "") -> None:
        """Record that it is well. The database is asked now and then: an earlier process may have opened an incident, or
        one that waited in the file may be on record only now."""
        last = self._recoveries.get((kind, subject))
        if last is None or time.monotonic() - last >= EVERY:
            incidents.record_recovery(kind, subject, text)
            self._recoveries[kind, subject] = time.monotonic()
            self._failures.pop((kind, subject), None)
