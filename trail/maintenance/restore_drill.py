"""A restore drill: what was restored beside the trail against the trail itself, event by event. Memory is two batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from trail import arrivals
from trail.connection import Trail
from trail.events import digest
from trail.search import keeping
from trail.search.execute import Hit, scan_index

Kind = Literal["altered", "altered beside the seal", "gone", "appeared"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that is not in the trail as it is in the snapshot, by its id.

    `altered beside the seal` says that its digest is the same: only `raw` or `event.ingested` changed. `appeared` is an
    event that the trail says it took before the snapshot was made, which the snapshot does not hold.
    """

    kind: Kind
    index: str
    event_id: str


@dataclass(slots=True)
class Compared:
    """How many events were compared so far, and how many the trail took after the snapshot."""

    same: int = 0
    newer: int = 0


def compare(trail: Trail, index: str, beside: str, taken: datetime, count: Compared) -> Iterator[Difference]:
    """Two indices in the same order. `taken` is when the snapshot was begun. Raises TrailUnavailable."""
    arrivals.refresh(trail, {index, beside})  # what the trail has just taken is not gone
    live, kept = _ordered(trail, index), _ordered(trail, beside)
    ours, theirs = next(live, None), next(kept, None)
    while ours or theirs:
        if theirs is None or (ours and _place(ours) < _place(theirs)):
            assert ours is not None
            if _ingested(ours) < taken:
                yield Difference("appeared", index, ours.event_id)
            else:
                count.newer += 1
            ours = next(live, None)
        elif ours is None or _place(theirs) < _place(ours):
            yield Difference("gone", index, theirs.event_id)
            theirs = next(kept, None)
        else:
            if ours.document == theirs.document and ours.event_id == theirs.event_id:
                count.same += 1
            else:
                sealed = digest(ours.document) == digest(theirs.document) and ours.event_id == theirs.event_id
                yield Difference("altered beside the seal" if sealed else "altered", index, theirs.event_id)
            ours, theirs = next(live, None), next(kept, None)


def _ordered(trail: Trail, index: str) -> Iterator[Hit]:
    return scan_index(trail, index, keeping.everything())


def _place(hit: Hit) -> tuple[Any, ...]:
    return hit.sort


def _ingested(hit: Hit) -> datetime:
    """When the trail took it; long ago where it does not say, for then no writer of the trail wrote it."""
    told = hit.document.get("event", {}).get("ingested")
    return datetime.fromisoformat(told) if isinstance(told, str) else datetime.fromisoformat("1970-01-01T00:00:00Z")
