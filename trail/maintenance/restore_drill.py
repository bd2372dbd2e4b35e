"""Compares what was restored beside the trail with the trail itself, event by event. Memory is two batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from trail import arrivals
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.search.bodies import maintenance
from trail.search.execute import Hit, scan_index
from trail.times import parse_datetime

DrillDifference = Literal["altered", "altered beside the seal", "gone", "appeared"]


@dataclass(frozen=True, slots=True)
class EventDifference:
    """One event that is not in the trail as it is in the snapshot, by its id.

    `altered beside the seal` says that its digest is the same: only `raw` or `event.ingested` changed. `appeared` is an
    event that the trail says it took before the snapshot was made, which the snapshot does not hold.
    """

    kind: DrillDifference
    index: str
    event_id: str


@dataclass(slots=True)
class DrillCount:
    """How many events were compared so far, and how many the trail took after the snapshot."""

    same: int = 0
    newer: int = 0


def compare_indices(
    trail: Trail, index: str, beside: str, snapshot_at: datetime, count: DrillCount
) -> Iterator[EventDifference]:
    """Two indices in the same order. `snapshot_at` is when the snapshot was begun. Raises TrailUnavailable."""
    arrivals.refresh(trail, {index, beside})  # what the trail has just taken is not gone
    live, restored = _ordered(trail, index), _ordered(trail, beside)
    ours, theirs = next(live, None), next(restored, None)
    while ours or theirs:
        if theirs is None or (ours and _place(ours) < _place(theirs)):
            assert ours is not None
            if _ingested(ours) < snapshot_at:
                yield EventDifference("appeared", index, ours.event_id)
            else:
                count.newer += 1
            ours = next(live, None)
        elif ours is None or _place(theirs) < _place(ours):
            yield EventDifference("gone", index, theirs.event_id)
            theirs = next(restored, None)
        else:
            if ours.document == theirs.document and ours.event_id == theirs.event_id:
                count.same += 1
            else:
                sealed = (
                    compute_digest(ours.document) == compute_digest(theirs.document)
                    and ours.event_id == theirs.event_id
                )
                yield EventDifference("altered beside the seal" if sealed else "altered", index, theirs.event_id)
            ours, theirs = next(live, None), next(restored, None)


def _ordered(trail: Trail, index: str) -> Iterator[Hit]:
    return scan_index(trail, index, maintenance.build_everything())


def _place(hit: Hit) -> tuple[Any, ...]:
    return hit.sort


def _ingested(hit: Hit) -> datetime:
    """When the trail took it; long ago where it does not say, for then no writer of the trail wrote it."""
    ingested = hit.document.get("event", {}).get("ingested")
    return parse_datetime(ingested if isinstance(ingested, str) else "1970-01-01")
