"""Asks a search of the events that have arrived since a place, by the engine's own numbers: no clock is asked.

A place says of each shard the last number that was looked at. What is up to a shard's global checkpoint can be found after
a refresh (see trail.arrivals), so who goes on from the place of the last answer looks at every event exactly once. A shard
that does not answer is left to the next time, and named in the answer. An index that was made anew, or restored from a
snapshot, has another uuid: all of it counts as arrived.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from operator import itemgetter
from typing import Any

from trail import arrivals
from trail.arrivals import Shard
from trail.connection import Trail
from trail.errors import Incomplete
from trail.first_seen import index as first_seen
from trail.search import completeness, engine, execute, first_seen_index
from trail.search.bodies.page import build_hits, without_documents
from trail.search.spec import Scope, Search

IDS_AT_ONCE = 5_000
Place = Mapping[str, int]  # by a shard's key: the last number that was looked at


@dataclass(slots=True)
class Arrived:
    """What matched among what has arrived: how many events, the first of them as (index, id) in the order of time, when
    the trail took the earliest and the latest of them (by the writers' clocks; in milliseconds since 1970), and the place
    from which the next question goes on. `silent` are the indices that could not be asked, which the place leaves out."""

    place: Place
    count: int = 0
    events: list[tuple[str, str]] = field(default_factory=list)
    taken: tuple[float, float] | None = None
    silent: tuple[str, ...] = ()


def read_present_place(trail: Trail) -> dict[str, int]:
    """The place after all that has arrived by now. Raises TrailUnavailable, also where an index does not answer: of what
    it holds nobody could say later whether it had arrived before."""
    uuids, shards = arrivals.list_indices(trail), arrivals.list_shards(trail)
    if silent := _list_silent(trail, uuids, shards):
        raise Incomplete(f"What has arrived by now is not known: {', '.join(silent)} cannot be asked.")
    return {_key(shard): shard.settled for shard in shards}


def _list_silent(trail: Trail, uuids: Iterable[str], shards: Iterable[Shard]) -> tuple[str, ...]:
    """The indices that are there, or should be, by what is sealed, without a shard at work."""
    return tuple(sorted({*uuids, *completeness.read_expected(trail)} - {shard.index for shard in shards}))


def ask_of_arrived(
    trail: Trail, search: Search, scope: Scope, place: Place, *, size: int, opaque_id: str | None = None
) -> Arrived:
    """What of the events that have arrived after the place matches the search; `size` of them are named.

    Raises BadQuery, TrailUnavailable.
    """
    body = without_documents(build_hits(search, scope, size=size)) | {"track_total_hits": True}
    body["aggs"] = {"taken": {"stats": {"field": "event.ingested"}}}
    if not engine.has_indices(trail, body):
        return Arrived(place)
    uuids, shards = arrivals.list_indices(trail), arrivals.list_shards(trail)
    silent = _list_silent(trail, uuids, shards)
    asks_first_seen = first_seen_index.asks_for_first_seen(body)
    ends = _find_ends(trail, shards, by_first_seen=asks_first_seen)
    waiting = [(shard, place.get(_key(shard), -1) + 1, end) for shard, end in ends if place.get(_key(shard), -1) < end]
    if waiting:
        copies = {first_seen_index.name_index(trail.prefix)} if asks_first_seen else set()
        arrivals.refresh(trail, copies | {shard.index for shard, _, _ in waiting})
    arrived = Arrived({**place, **{_key(shard): end for shard, _, end in waiting}}, silent=silent)
    hits: list[dict[str, Any]] = []
    for shard, first, last in waiting:
        parts = (
            _build_first_seen_parts(trail, body, shard, first, last)
            if asks_first_seen
            else _build_parts(body, shard, first, last)
        )
        for part, where in parts:
            answer = execute.ask(trail, part, opaque_id=opaque_id, **where)
            arrived.count += int(answer["hits"]["total"]["value"])
            arrived.taken = _join_times(arrived.taken, answer["aggregations"]["taken"])
            hits = nsmallest(size, hits + answer["hits"]["hits"], key=itemgetter("sort"))
    arrived.events = [(hit["_index"], hit["_id"]) for hit in hits]
    return arrived


def _key(shard: Shard) -> str:
    return f"{shard.uuid}/{shard.number}"


def _find_ends(trail: Trail, shards: list[Shard], *, by_first_seen: bool) -> list[tuple[Shard, int]]:
    """Each shard with the last number that can be asked about: which events are first seen is known a little later."""
    if not by_first_seen:
        return [(shard, shard.settled) for shard in shards]
    progress = first_seen.read_progress(trail) or first_seen.Progress()
    read = {(uuid, number): last for (_, number), (uuid, last) in progress.shards.items()}
    return [(shard, min(shard.settled, read.get((shard.uuid, shard.number), -1))) for shard in shards]


Part = tuple[dict[str, Any], dict[str, Any]]  # a body, and where it is asked


def _build_parts(body: dict[str, Any], shard: Shard, first: int, last: int) -> Iterator[Part]:
    numbers = {"range": {"_seq_no": {"gte": first, "lte": last}}}
    yield _narrow(body, numbers), {"indices": [shard.index], "shard": shard.number}


def _build_first_seen_parts(trail: Trail, body: dict[str, Any], shard: Shard, first: int, last: int) -> Iterator[Part]:
    """Copies of first seen events have numbers of their own, so they are asked for by the ids of what has arrived."""
    for start in range(first, last + 1, IDS_AT_ONCE):
        end = min(last, start + IDS_AT_ONCE - 1)
        hits = arrivals.read_hits(trail, shard.index, shard.number, start, end, _source=False)
        yield _narrow(body, {"terms": {"event.id": [hit["_id"] for hit in hits]}}), {}


def _narrow(body: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    return body | {"query": {"bool": {"filter": [body["query"], condition]}}}


def _join_times(taken: tuple[float, float] | None, stats: dict[str, Any]) -> tuple[float, float] | None:
    times = [*(taken or ()), *((stats["min"], stats["max"]) if stats["count"] else ())]
    return (min(times), max(times)) if times else None
