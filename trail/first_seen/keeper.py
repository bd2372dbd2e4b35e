"""Keeps the index of what is first seen: reads the events that arrive, in any order, and finds the first event of each pair.

The first event is the earliest by its own time, and of two at the same nanosecond that with the lesser id. So an event that
arrives late can replace a later one as the first of its pairs.

All state is in the index, and a step can be cut off at any point. A batch is noted before it is begun, and a batch that was
not finished is repeated. The copies of events are corrected before the pairs: a repeated batch finds either the old pairs, and
corrects the same copies again, or the new ones, and then the copies are right already.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from trail import arrivals
from trail import pairs as trail_pairs
from trail.arrivals import Shard
from trail.connection import Trail
from trail.first_seen import index
from trail.first_seen.index import Batch, Place, Progress
from trail.reserved_names import AUDIT_DATASET
from trail.times import format_datetime, parse_datetime

SECONDS = 5.0  # of one step at most, and a batch
SAVE_EVERY = 10.0  # seconds between two saves of the progress while nothing arrives
_HIT_OPTIONS = {
    # The engine's own view of the values: one way to write an address, and a time to the nanosecond.
    "docvalue_fields": [*trail_pairs.PAIRED_FIELDS, "event.dataset"],
    "sort": [{"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}}],
}


@dataclass(frozen=True, slots=True)
class ArrivedEvent:
    """One event: `at` is its time in nanoseconds since 1970, `pairs` the names of the pairs it holds, `bytes` its size."""

    index: str
    event_id: str
    at: int
    pairs: tuple[str, ...]
    document: dict[str, Any]
    bytes: int

    @property
    def place(self) -> Place:
        """Its place in the order of events by time."""
        return self.at, self.event_id


@dataclass(frozen=True, slots=True)
class Step:
    """How many events a step read, and whether more were waiting when its time was over."""

    events: int
    waits: bool


def run_step(trail: Trail, *, seconds: float = SECONDS) -> Step:
    """Index the events that have arrived, for about so many seconds; make the index first where it is missing or out of date.

    Raises TrailUnavailable; Superseded where another process does the same.
    """
    now = datetime.now(UTC)
    uuids = arrivals.list_indices(trail)
    shards = arrivals.list_shards(trail)
    progress = index.read_progress(trail) if index.is_current(trail) else None
    if progress is None or _has_strayed(progress, uuids, shards):
        progress = index.create_index(trail)
    if progress.under_way:
        progress = _repeat_batch(trail, progress, progress.under_way)
    progress, step = _index_arrivals(trail, progress, shards, time.monotonic() + seconds)
    if not step.waits and uuids.keys() == {shard.index for shard in shards}:
        if step.events or _age(progress, now) >= SAVE_EVERY:
            index.save_progress(trail, replace(progress, under_way=None, until=format_datetime(now)))
    elif step.events:
        index.save_progress(trail, replace(progress, under_way=None))
    return step


def rebuild_index(trail: Trail) -> Iterator[int]:
    """Make the index anew from the whole trail, and yield how many events each step read. Raises TrailUnavailable."""
    index.drop_index(trail)
    waits = True
    while waits:
        step = run_step(trail)
        waits = step.waits
        yield step.events


def _has_strayed(progress: Progress, uuids: dict[str, str], shards: list[Shard]) -> bool:
    """Whether events that were read may be gone: their index was replaced or put back to an older state."""
    last = {(shard.index, shard.number): shard.last for shard in shards}
    return any(
        uuids.get(name) != uuid or last.get((name, number), seq) < seq
        for (name, number), (uuid, seq) in progress.shards.items()
    )


def _age(progress: Progress, now: datetime) -> float:
    """Seconds since the progress was saved."""
    return (now - parse_datetime(progress.until)).total_seconds() if progress.until else SAVE_EVERY


def _repeat_batch(trail: Trail, progress: Progress, batch: Batch) -> Progress:
    """Index a batch again, exactly as it was, that was begun and perhaps not finished."""
    windows = _windows(trail, batch.index, batch.shard, batch.first, batch.last)
    _apply(trail, [event for _, _, events in windows for event in events])
    uuid = progress.shards[batch.index, batch.shard][0]
    return _advance(replace(progress, under_way=None), batch, uuid)


def _index_arrivals(trail: Trail, progress: Progress, shards: list[Shard], end: float) -> tuple[Progress, Step]:
    """Index what waits in each shard, in turns, so that a long import does not hold up other events."""
    waiting: deque[tuple[Shard, Iterator[tuple[int, int, list[ArrivedEvent]]]]] = deque()
    for shard in shards:
        seq = progress.shards.get((shard.index, shard.number), ("", -1))[1]
        if shard.settled > seq:
            waiting.append((shard, _windows(trail, shard.index, shard.number, seq + 1, shard.settled)))
    count = 0
    while waiting and time.monotonic() < end:
        shard, windows = waiting.popleft()
        if (window := next(windows, None)) is None:
            continue
        first, last, events = window
        batch = Batch(shard.index, shard.number, first, last)
        progress = _advance(progress, replace(batch, last=first - 1), shard.uuid)
        progress = index.save_progress(trail, replace(progress, under_way=batch))
        _apply(trail, events)
        progress = _advance(progress, batch, shard.uuid)
        count += len(events)
        waiting.append((shard, windows))
    return progress, Step(count, bool(waiting))


def _advance(progress: Progress, batch: Batch, uuid: str) -> Progress:
    return replace(progress, shards={**progress.shards, (batch.index, batch.shard): (uuid, batch.last)})


def _windows(
    trail: Trail, name: str, number: int, first: int, last: int
) -> Iterator[tuple[int, int, list[ArrivedEvent]]]:
    """A shard's events with numbers from `first` to `last` once it was refreshed, range by range."""
    arrivals.refresh(trail, {name})
    yield from arrivals.read_ranges(first, last, partial(_read, trail, name, number))


def _read(trail: Trail, name: str, number: int, first: int, last: int) -> list[ArrivedEvent]:
    return [_read_hit(hit) for hit in arrivals.read_hits(trail, name, number, first, last, **_HIT_OPTIONS)]


def _read_hit(hit: dict[str, Any]) -> ArrivedEvent:
    document, values = hit["_source"], hit.get("fields", {})
    # The console's own events say who looks at what, which is not everybody's to know: they are never first seen.
    pairs = () if values.get("event.dataset") == [AUDIT_DATASET] else trail_pairs.name_pairs(values)
    return ArrivedEvent(
        index=hit["_index"],
        event_id=hit["_id"],
        at=hit["sort"][0],
        pairs=pairs,
        document=document,
        bytes=len(orjson.dumps(document)),
    )


def _apply(trail: Trail, events: Sequence[ArrivedEvent]) -> None:
    """Correct pairs and copies by a batch of events. It can be cut off at any point and repeated."""
    before = index.read_places(trail, {name for event in events for name in event.pairs})
    first = find_first_places(before, events)
    copies = []
    for event in events:
        if won := [name for name in event.pairs if first[name] == event.place]:
            copies.append(index.build_copy(event.index, event.event_id, event.document, won))
    lost = _lost(before, first)
    for event_id, names in index.read_copied_pairs(trail, list(lost)).items():
        copies.append(index.build_reduced_copy(event_id, [name for name in names if name not in lost[event_id]]))
    index.write_lines(trail, copies)
    index.write_lines(trail, [index.build_place(name, at) for name, at in first.items() if before.get(name) != at])


def find_first_places(before: dict[str, Place], events: Sequence[ArrivedEvent]) -> dict[str, Place]:
    """The place of each pair's first event, given the places `before` these events."""
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
