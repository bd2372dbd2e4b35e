"""Keep the firsts: read what arrived in the trail, whichever order it came in, and say of each pair which event is first.

The earliest by its own time is the first, and of two at the same nanosecond that with the lesser id. So an event that
arrives late takes its firsts away from a later one.

Nothing is remembered but in the index of firsts itself, and a step can be cut off anywhere. A batch is noted before it is
begun; one that was not ended is taken in again as it was. The copies of events are put right before the pairs, so whoever
begins again finds the pairs as they were, and corrects the same copies, or as they shall be, and then the copies are right.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from trail import arrivals, pairing
from trail.arrivals import Shard
from trail.connection import Trail
from trail.novelty import index
from trail.novelty.index import Batch, Place, Progress
from trail.search.bodies import JOURNAL_DATASET

SECONDS = 5.0  # of one step at most, and a batch
SAID_EVERY = 10.0  # seconds between two notes of how far it is while nothing arrives
_ASKED = {
    # The engine's own view of the values: one way to write an address, and a time to the nanosecond.
    "docvalue_fields": [*pairing.FIELDS, "event.dataset"],
    "sort": [{"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}}],
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event, with the pairs it holds."""

    index: str
    event_id: str
    at: int
    pairs: tuple[str, ...]
    document: dict[str, Any]
    bytes: int

    @property
    def place(self) -> Place:
        return self.at, self.event_id


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did, and whether something waits that it did not come to."""

    events: int
    waits: bool


def step(trail: Trail, *, seconds: float = SECONDS) -> Step:
    """Take in what has arrived, for about so many seconds. The index is made where it is not there, or cannot be gone on with.

    Raises TrailUnavailable; Superseded where another process does the same.
    """
    now = datetime.now(UTC)
    there = arrivals.indices(trail)
    shards = arrivals.shards(trail)
    known = index.progress(trail) if index.is_current(trail) else None
    if known is None or _has_strayed(known, there, shards):
        known = index.create(trail)
    if known.under_way:
        known = _begin_again(trail, known, known.under_way)
    known, step = _take_in(trail, known, shards, time.monotonic() + seconds)
    if not step.waits and there.keys() == {shard.index for shard in shards}:
        if step.events or _age(known, now) >= SAID_EVERY:
            index.save(trail, replace(known, under_way=None, until=now.isoformat()))
    elif step.events:
        index.save(trail, replace(known, under_way=None))
    return step


def rebuild(trail: Trail) -> Iterator[int]:
    """Make the index anew from the whole trail; how many events were read, step by step. Raises TrailUnavailable."""
    index.drop(trail)
    waits = True
    while waits:
        done = step(trail)
        waits = done.waits
        yield done.events


def _has_strayed(known: Progress, there: dict[str, str], shards: list[Shard]) -> bool:
    """Whether events that were read may be gone: their index was replaced or put back to an older state."""
    last = {(shard.index, shard.number): shard.last for shard in shards}
    return any(
        there.get(name) != uuid or last.get((name, number), seq) < seq
        for (name, number), (uuid, seq) in known.shards.items()
    )


def _age(known: Progress, now: datetime) -> float:
    return (now - datetime.fromisoformat(known.until)).total_seconds() if known.until else SAID_EVERY


def _begin_again(trail: Trail, known: Progress, batch: Batch) -> Progress:
    """Take in once more, exactly as it was, what was begun and perhaps not ended."""
    windows = _windows(trail, batch.index, batch.shard, batch.first, batch.last)
    _apply(trail, [event for _, _, events in windows for event in events])
    uuid = known.shards[batch.index, batch.shard][0]
    return _up_to(replace(known, under_way=None), batch, uuid)


def _take_in(trail: Trail, known: Progress, shards: list[Shard], end: float) -> tuple[Progress, Step]:
    """What waits in each shard, in turns, so that a long import holds up nobody else's events."""
    waiting: deque[tuple[Shard, Iterator[tuple[int, int, list[Arrived]]]]] = deque()
    for shard in shards:
        seq = known.shards.get((shard.index, shard.number), ("", -1))[1]
        if shard.settled > seq:
            waiting.append((shard, _windows(trail, shard.index, shard.number, seq + 1, shard.settled)))
    taken = 0
    while waiting and time.monotonic() < end:
        shard, windows = waiting.popleft()
        if (window := next(windows, None)) is None:
            continue
        first, last, events = window
        batch = Batch(shard.index, shard.number, first, last)
        known = _up_to(known, replace(batch, last=first - 1), shard.uuid)
        known = index.save(trail, replace(known, under_way=batch))
        _apply(trail, events)
        known = _up_to(known, batch, shard.uuid)
        taken += len(events)
        waiting.append((shard, windows))
    return known, Step(taken, bool(waiting))


def _up_to(known: Progress, batch: Batch, uuid: str) -> Progress:
    return replace(known, shards={**known.shards, (batch.index, batch.shard): (uuid, batch.last)})


def _windows(trail: Trail, name: str, number: int, first: int, last: int) -> Iterator[tuple[int, int, list[Arrived]]]:
    """What can be found of a shard's events once it was refreshed, a stretch at a time."""
    arrivals.refresh(trail, {name})
    yield from arrivals.stretches(first, last, partial(_read, trail, name, number))


def _read(trail: Trail, name: str, number: int, first: int, last: int) -> list[Arrived]:
    return [_arrived(hit) for hit in arrivals.numbered(trail, name, number, first, last, **_ASKED)]


def _arrived(hit: dict[str, Any]) -> Arrived:
    document, values = hit["_source"], hit.get("fields", {})
    # The console's own events say who looks at what, which is not everybody's to know: they are nobody's first.
    pairs = () if values.get("event.dataset") == [JOURNAL_DATASET] else pairing.pairs(values)
    return Arrived(hit["_index"], hit["_id"], hit["sort"][0], pairs, document, len(orjson.dumps(document)))


def _apply(trail: Trail, events: Sequence[Arrived]) -> None:
    """Put pairs and copies right for a batch. Doing it again, at any point of having done it, comes to the same."""
    before = index.places(trail, {name for event in events for name in event.pairs})
    first = settled(before, events)
    copies = []
    for event in events:
        if won := [name for name in event.pairs if first[name] == event.place]:
            copies.append(index.put_copy(event.index, event.event_id, event.document, won))
    lost = _lost(before, first)
    for event_id, names in index.held(trail, list(lost)).items():
        copies.append(index.cut_copy(event_id, [name for name in names if name not in lost[event_id]]))
    index.write(trail, copies)
    index.write(trail, [index.put_place(name, at) for name, at in first.items() if before.get(name) != at])


def settled(before: dict[str, Place], events: Sequence[Arrived]) -> dict[str, Place]:
    """Of each pair the place of its first event, given what was so before."""
    first = dict(before)
    for event in events:
        for name in event.pairs:
            if name not in first or event.place < first[name]:
                first[name] = event.place
    return first


def _lost(before: dict[str, Place], first: dict[str, Place]) -> dict[str, set[str]]:
    """The pairs of which an event was the first and is it no longer, by the event's id."""
    lost: dict[str, set[str]] = {}
    for name, place in before.items():
        if first[name] != place:
            lost.setdefault(place[1], set()).add(name)
    return lost
