"""What has arrived in the trail, read by the engine's own numbers: nothing is missed, and no clock is asked.

Each shard numbers what it takes (`_seq_no`). What is below its global checkpoint is on every copy and stays as it is; after a
refresh it can be found, so who reads up to a checkpoint taken *before* the refresh has read all there is.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import orjson
import rfc8785

from trail.connection import Trail, asking
from trail.errors import TrailUnavailable
from trail.events import canonical, get
from trail.integrity import merkle
from trail.mapping import index_for, late_index

FEWEST, MOST = 250, 5_000  # events asked for at once
BYTES = 8 * 1024 * 1024  # of events at once, about
_NUMBERS = "The trail could not be read by its numbers"


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard as it is now. `uuid` tells its index from another of the same name; `settled` is the last number that
    is on every copy, `last` the last number given; both are -1 in an empty one."""

    index: str
    uuid: str
    number: int
    settled: int
    last: int


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it stands in the engine: its number, its leaf in the tree, and what the writer says of it.

    `strange` says why it cannot have come through the trail's writer, and is empty where it can.
    """

    seq: int
    event_id: str
    leaf: bytes
    ingested: str
    strange: str
    bytes: int


class Sized(Protocol):
    """Whatever knows about how many bytes it takes."""

    @property
    def bytes(self) -> int: ...


S = TypeVar("S", bound=Sized)


@dataclass(frozen=True, slots=True)
class Window:
    """All events of a shard with numbers from `first` to `last`, in order."""

    first: int
    last: int
    events: list[Stored]


def indices(trail: Trail) -> dict[str, str]:
    """Every index of events that there is, with its uuid, whether it answers or not. Raises TrailUnavailable."""
    with asking(_NUMBERS):
        found = trail.client.indices.get_settings(
            index=f"{trail.prefix}-events-*",
            params={"filter_path": "*.settings.index.uuid", "expand_wildcards": "all", "allow_no_indices": "true"},
        )
    return {name: about["settings"]["index"]["uuid"] for name, about in found.items()}


def shards(trail: Trail) -> list[Shard]:
    """Every shard whose primary is at work. Raises TrailUnavailable."""
    with asking(_NUMBERS):
        answer = trail.client.indices.stats(
            index=f"{trail.prefix}-events-*",
            metric="docs",
            params={
                "level": "shards",
                "filter_path": "indices.*.uuid,indices.*.shards.*.routing,indices.*.shards.*.seq_no",
            },
        )
    return [
        Shard(name, index["uuid"], int(number), copy["seq_no"]["global_checkpoint"], copy["seq_no"]["max_seq_no"])
        for name, index in sorted(answer.get("indices", {}).items())
        for number, copies in sorted(index["shards"].items())
        for copy in copies
        if copy["routing"]["primary"] and copy["routing"]["state"] in ("STARTED", "RELOCATING")
    ]


def refresh(trail: Trail, names: Collection[str]) -> None:
    """Make findable what was taken so far, on every copy. Raises TrailUnavailable."""
    with asking(_NUMBERS):
        answer = trail.client.indices.refresh(index=",".join(sorted(names)))
    if answer["_shards"]["failed"]:
        raise TrailUnavailable(f"A copy of {', '.join(sorted(names))} could not be refreshed.")


def windows(trail: Trail, index: str, number: int, first: int, last: int) -> Iterator[Window]:
    """A shard's events with numbers from `first` to `last`, window by window. Raises TrailUnavailable.

    A window is as wide as memory allows for events of their size; numbers that no event has are passed over.
    """
    for begin, end, events in stretches(first, last, partial(_read, trail, index, number)):
        yield Window(begin, end, events)


def stretches(first: int, last: int, read: Callable[[int, int], list[S]]) -> Iterator[tuple[int, int, list[S]]]:
    """What `read` finds from `first` to `last`, stretch by stretch; each as wide as memory allows for what was in the last."""
    width = FEWEST
    while first <= last:
        until = min(last, first + width - 1)
        events = read(first, until)
        size = sum(event.bytes for event in events)
        held = [events]
        del events
        yield first, until, held.pop()  # the caller's alone, however many are read in turns
        first = until + 1
        width = max(FEWEST, width // 2) if size > BYTES else min(MOST, width * 2) if size < BYTES // 2 else width


def numbered(trail: Trail, index: str, number: int, first: int, last: int, **more: Any) -> list[dict[str, Any]]:
    """The engine's hits for a shard's events with these numbers, in order. Raises TrailUnavailable."""
    body = {
        "query": {"range": {"_seq_no": {"gte": first, "lte": last}}},
        "size": last - first + 1,  # there is one event to a number at most
        "sort": ["_doc"],
        "seq_no_primary_term": True,
        "track_total_hits": False,
        **more,
    }
    kept = ",".join(f"hits.hits.{part}" for part in ("_index", "_id", "_seq_no", "_source", "sort", "fields"))
    params = {
        "preference": f"_shards:{number}",
        "allow_partial_search_results": "false",
        "filter_path": f"timed_out,_shards.failed,{kept}",
    }
    with asking(_NUMBERS):
        answer = trail.client.search(index=index, body=body, params=params)
    if answer["timed_out"] or answer["_shards"]["failed"]:
        raise TrailUnavailable(f"The trail answered in part only when {index} was read by its numbers.")
    found: list[dict[str, Any]] = answer.get("hits", {}).get("hits", [])
    found.sort(key=lambda hit: hit["_seq_no"])
    return found


def _read(trail: Trail, index: str, number: int, first: int, last: int) -> list[Stored]:
    return [_stored(trail.prefix, index, hit) for hit in numbered(trail, index, number, first, last)]


def _stored(prefix: str, index: str, hit: dict[str, Any]) -> Stored:
    document, event_id = hit["_source"], hit["_id"]
    form = sealed_form(document)
    ingested = get(document, "event.ingested")
    return Stored(
        seq=hit["_seq_no"],
        event_id=event_id,
        leaf=merkle.leaf_hash(form),
        ingested=ingested if isinstance(ingested, str) else "",
        strange=_strange(prefix, index, event_id, document),
        bytes=len(form),
    )


def sealed_form(document: dict[str, Any]) -> bytes:
    """The bytes that are sealed: the canonical form. What cannot have one never came through the writer, and is sealed as
    it stands all the same, so that it cannot change afterwards."""
    try:
        return canonical(document)
    except rfc8785.CanonicalizationError:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _strange(prefix: str, index: str, event_id: str, document: dict[str, Any]) -> str:
    timestamp = document.get("@timestamp")
    if get(document, "event.id") != event_id:
        return "its id is not the event's own"
    if not isinstance(get(document, "event.ingested"), str):
        return "nothing says when the trail took it"
    if not isinstance(timestamp, str) or index not in (month := index_for(prefix, timestamp), late_index(month)):
        return "it is not in the index of its month"
    return ""


def find(trail: Trail, event_id: str) -> list[tuple[str, int, dict[str, Any]]]:
    """Where an event stands: index, number and document. Several only where something wrote around the writer."""
    body = {"query": {"ids": {"values": [event_id]}}, "size": 100, "seq_no_primary_term": True}
    params = {"allow_partial_search_results": "false", "allow_no_indices": "true"}
    with asking(_NUMBERS):
        answer = trail.client.search(index=f"{trail.prefix}-events-*", body=body, params=params)
    if answer["timed_out"] or answer["_shards"]["failed"]:
        raise TrailUnavailable("The trail answered in part only when an event was looked for.")
    return [(hit["_index"], hit["_seq_no"], hit["_source"]) for hit in answer["hits"]["hits"]]
