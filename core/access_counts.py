"""Turns access records that came one by one into events: the first of equal ones at once, the others as one with their count.

Pure: what it answers depends on nothing but the records, their times and the time it is told. So a keeper that was
killed reads the same records again and makes the same events, under the same ids.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from trail.documents import get
from trail.times import parse_datetime

WINDOW = timedelta(minutes=1)
# A record reaches its spool a moment after its time: so long a window stays open for it.
GRACE = timedelta(seconds=5)
# So many different refusals of one person a minute are told apart; what goes beyond is counted together.
MOST_REFUSALS = 60
REFUSE = "access.refuse"
Place = tuple[str, int]


@dataclass(slots=True)
class AccessWindow:
    """A minute of equal records, from the first one's time. `places` are where they stand in the spools.

    `mixed`: what it counts are refusals of several pages.
    """

    first: dict[str, Any]
    began: datetime
    person: str
    places: list[Place] = field(default_factory=list)
    count: int = 0
    last: str = ""
    mixed: bool = False


@dataclass(slots=True)
class AccessCounter:
    """The windows that are open."""

    windows: dict[str, AccessWindow] = field(default_factory=dict)
    _refusals: Counter[str] = field(default_factory=Counter)

    def add(self, place: Place, equal: str, document: dict[str, Any]) -> dict[str, Any] | None:
        """The event to write now; None where an equal one was written and this one is counted."""
        at, person = parse_datetime(document["@timestamp"]), str(get(document, "user.id"))
        refused = get(document, "event.action") == REFUSE
        mixed = refused and equal not in self.windows and self._refusals[person] >= MOST_REFUSALS
        if mixed:
            equal = hashlib.sha256(f"further refusals of {person}".encode()).hexdigest()
        window = self.windows.get(equal)
        if window is not None and at < window.began + WINDOW:
            window.places.append(place)
            window.count += 1
            window.last = max(window.last, document["@timestamp"])
            return None
        if window is not None:  # over, and its count was not written yet: it makes room under another name
            self.windows[f"{equal} {get(window.first, 'event.id')}"] = self.windows.pop(equal)
        elif refused:
            self._refusals[person] += 1
        self.windows[equal] = AccessWindow(document, at, person, [place], mixed=mixed)
        return document

    def list_over(self, now: datetime) -> list[tuple[str, AccessWindow]]:
        """The windows that are over at a time, by the names under which `forget` takes them out."""
        return [(name, window) for name, window in self.windows.items() if window.began + WINDOW + GRACE <= now]

    def forget(self, names: Iterable[str]) -> None:
        """These are on record whole."""
        for name in names:
            window = self.windows.pop(name)
            if " " not in name and get(window.first, "event.action") == REFUSE:
                self._refusals[window.person] -= 1
        self._refusals += Counter()  # without those at none

    def find_first_open(self, spool: str, following: int) -> int:
        """The number of a spool's first record that is not on record whole; `following` where all are."""
        return min((n for w in self.windows.values() for name, n in w.places if name == spool), default=following)


def build_count(window: AccessWindow) -> dict[str, Any]:
    """The event that says how many further equal records a minute had, and which was the first."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(window.first))
    first_id = document["event"]["id"]
    labels = {name: text for name, text in document.get("labels", {}).items() if name not in ("duration_ms", "hits")}
    document["event"]["id"] = f"{first_id}-further"
    document["@timestamp"] = window.last
    if window.mixed:
        document.pop("resource", None)
        labels = {"of": "several pages"}
    document["labels"] = {**labels, "first": first_id, "further": str(window.count)}
    return document
