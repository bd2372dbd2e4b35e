"""Reads the events that arrived in the trail by the engine's own numbers, so that none is missed and no clock matters.

Each shard numbers the documents it takes (`_seq_no`). Those up to its global checkpoint are on every copy and do not change.
After a refresh they can be found, so reading up to a checkpoint that was taken *before* the refresh reads all of them.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import orjson
import rfc8785

from trail.canonical_form import canonicalise
from trail.connection import NO_PIPELINE, Trail, translate_errors
from trail.documents import get
from trail.errors import TrailUnavailable
from trail.integrity import merkle
from trail.mapping import index_for, late_index
from trail.source_record import find_contradiction

FEWEST, MOST = 250, 5_000  # events in one request
BYTES = 8 * 1024 * 1024  # of events in one request, about
_UNREADABLE = "The trail could not be read by its numbers"


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard as it is now. `uuid` tells its index from another of the same name.

    `settled` is the last number that is on every copy, `last` the last number given; both are -1 in an empty shard.
    """

    index: str
    uuid: str
    number: int
    settled: int
    last: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it stands in the engine: its number, its leaf hash (RFC 9162), and `event.ingested` (empty if it has none).

    `strange` says why it cannot have come through the trail's writer, and is empty where it can; `contradiction` names the value
    of its `raw` that is not what its sealed `event.original` says (trail.source_record). `bytes` is the size of what is sealed.
    """

    seq: int
    event_id: str
    leaf: bytes
    ingested: str
    strange: str
    bytes: int
    contradiction: str = ""


class HasSize(Protocol):
    """Something of a known size."""

    @property
    def bytes(self) -> int:
        """How many bytes it takes, about."""
        ...


S = TypeVar("S", bound=HasSize)


@dataclass(frozen=True, slots=True)
class Window:
    """All events of a shard with numbers from `first` to `last`, in order."""

    first: int
    last: int
    events: list[StoredEvent]


def list_indices(trail: Trail) -> dict[str, str]:
    """The uuid of every index of events, by its name, whether it answers or not. Raises TrailUnavailable."""
    with translate_errors(_UNREADABLE):
        settings = trail.client.indices.get_settings(
            index=f"{trail.prefix}-events-*",
            params={"filter_path": "*.settings.index.uuid", "expand_wildcards": "all", "allow_no_indices": "true"},
        )
    return {name: index["settings"]["index"]["uuid"] for name, index in settings.items()}


def list_shards(trail: Trail) -> list[Shard]:
    """Every shard whose primary is at work, by index and number. Raises TrailUnavailable."""
    with translate_errors(_UNREADABLE):
        answer = trail.client.indices.stats(
            index=f"{trail.prefix}-events-*",
            metric="docs",
            params={
                "level": "shards",
                "expand_wildcards": "open,hidden",
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
    """Make the events that were taken so far findable, on every copy of these indices. Raises TrailUnavailable."""
    with translate_errors(_UNREADABLE):
        answer = trail.client.indices.refresh(index=",".join(sorted(names)))
    if answer["_shards"]["failed"]:
        raise TrailUnavailable(f"A copy of {', '.join(sorted(names))} could not be refreshed.")


def read_windows(trail: Trail, index: str, number: int, first: int, last: int) -> Iterator[Window]:
    """A shard's events with numbers from `first` to `last`, window by window. Raises TrailUnavailable.

    A window is as wide as memory allows for events of their size; numbers that no event has are passed over.
    """
    for begin, end, events in read_ranges(first, last, partial(_read, trail, index, number)):
        yield Window(begin, end, events)


def read_ranges(first: int, last: int, read: Callable[[int, int], list[S]]) -> Iterator[tuple[int, int, list[S]]]:
    """What `read` returns for the numbers from `first` to `last`, range by range: (first, last, items).

    A range is as wide as memory allows for items of the size of those in the range before.
    """
    width = FEWEST
    while first <= last:
        until = min(last, first + width - 1)
        events = read(first, until)
        size = sum(event.bytes for event in events)
        handed_over = [events]
        del events
        yield (
            first,
            until,
            handed_over.pop(),
        )  # the only reference is the caller's, however many ranges are read in turns
        first = until + 1
        width = max(FEWEST, width // 2) if size > BYTES else min(MOST, width * 2) if size < BYTES // 2 else width


def read_hits(trail: Trail, index: str, number: int, first: int, last: int, **options: Any) -> list[dict[str, Any]]:
    """The engine's hits for a shard's events with these numbers, in order. `options` are added to the search body.

    Raises TrailUnavailable.
    """
    body = {
        "query": {"range": {"_seq_no": {"gte": first, "lte": last}}},
        "size": last - first + 1,  # there is one event to a number at most
        "sort": ["_doc"],
        "seq_no_primary_term": True,
        "track_total_hits": False,
        **options,
    }
    parts = ",".join(f"hits.hits.{part}" for part in ("_index", "_id", "_seq_no", "_source", "sort", "fields"))
    params = {
        "preference": f"_shards:{number}",
        "allow_partial_search_results": "false",
        "filter_path": f"timed_out,_shards.failed,{parts}",
        "search_pipeline": NO_PIPELINE,
    }
    with translate_errors(_UNREADABLE):
        answer = trail.client.search(index=index, body=body, params=params)
    if answer["timed_out"] or answer["_shards"]["failed"]:
        raise TrailUnavailable(f"The trail answered in part only when {index} was read by its numbers.")
    hits: list[dict[str, Any]] = answer.get("hits", {}).get("hits", [])
    hits.sort(key=lambda hit: hit["_seq_no"])
    return hits


def _read(trail: Trail, index: str, number: int, first: int, last: int) -> list[StoredEvent]:
    return [_read_event(trail.prefix, index, hit) for hit in read_hits(trail, index, number, first, last)]


def _read_event(prefix: str, index: str, hit: dict[str, Any]) -> StoredEvent:
    document, event_id = hit["_source"], hit["_id"]
    form = build_sealed_form(document)
    ingested = get(document, "event.ingested")
    contradiction = find_contradiction(document)
    return StoredEvent(
        seq=hit["_seq_no"],
        event_id=event_id,
        leaf=merkle.leaf_hash(form),
        ingested=ingested if isinstance(ingested, str) else "",
        strange=_find_strangeness(prefix, index, event_id, document)
        or (contradiction and f"its {contradiction} is not what its event.original says"),
        bytes=len(form),
        contradiction=contradiction,
    )


def build_sealed_form(document: dict[str, Any]) -> bytes:
    """The bytes of a document that are sealed: its canonical form (trail.canonical_form).

    A document that has none never came through the writer. It is sealed as it stands, so that it cannot change afterwards.
    """
    try:
        return canonicalise(document)
    except rfc8785.CanonicalizationError:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _find_strangeness(prefix: str, index: str, event_id: str, document: dict[str, Any]) -> str:
    timestamp = document.get("@timestamp")
    if get(document, "event.id") != event_id:
        return "its id is not the event's own"
    if not isinstance(get(document, "event.ingested"), str):
        return "nothing says when the trail took it"
    if not isinstance(timestamp, str) or index not in (month := index_for(prefix, timestamp), late_index(month)):
        return "it is not in the index of its month"
    return ""


def find_event(trail: Trail, event_id: str) -> list[tuple[str, int, dict[str, Any]]]:
    """The index, number and document of the event with an id; several only where something wrote around the writer.

    Raises TrailUnavailable.
    """
    body = {"query": {"ids": {"values": [event_id]}}, "size": 100, "seq_no_primary_term": True}
    params = {
        "allow_partial_search_results": "false",
        "allow_no_indices": "true",
        "expand_wildcards": "all",
        "search_pipeline": NO_PIPELINE,
    }
    with translate_errors(_UNREADABLE):
        answer = trail.client.search(index=f"{trail.prefix}-events-*", body=body, params=params)
    if answer["timed_out"] or answer["_shards"]["failed"]:
        raise TrailUnavailable("The trail answered in part only when an event was looked for.")
    return [(hit["_index"], hit["_seq_no"], hit["_source"]) for hit in answer["hits"]["hits"]]
