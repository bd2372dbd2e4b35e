"""The index of firsts: derived from the trail, kept beside it, and made anew from it whenever there is a doubt.

Three kinds of documents lie in it: one for each pair there ever was, with the place of its first event; a copy of each event
that is the first of a pair, for searches to look into; and how far the trail was read. All of them stand and fall together.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson
from opensearchpy.exceptions import ConflictError, NotFoundError

from trail import mapping, pairing
from trail.connection import Trail, asking
from trail.errors import TrailUnavailable
from trail.search.firsts import index_of

AT_ONCE = 5_000  # documents read at once
BYTES = 8 * 1024 * 1024  # written at once, about
_READ = "The index of firsts could not be read"
_WRITTEN = "The index of firsts could not be written"
_PROGRESS = "progress"
_MADE_BY = {"schema": mapping.VERSION, "pairing": pairing.VERSION}

Place = tuple[int, str]  # of an event in time: nanoseconds, then its id, so that one of any two is the earlier


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one shard that are, or were, being taken in together."""

    index: str
    shard: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the trail was read: of each shard its index's uuid and the last number; what was under way.

    `until`: all that had arrived by then is in. `version` is the engine's own of this, by which two writers would meet.
    """

    shards: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    under_way: Batch | None = None
    until: str | None = None
    version: tuple[int, int] | None = field(default=None, compare=False)


class Superseded(TrailUnavailable):
    """Another process has taken over keeping the firsts."""


def create(trail: Trail) -> Progress:
    """Make the index anew, and what was in it is gone; nothing is read yet. Raises TrailUnavailable."""
    drop(trail)
    body = {
        "settings": {
            "index.number_of_shards": trail.shards,
            "index.number_of_replicas": trail.replicas,
            "index.sort.field": ["@timestamp", "event.id"],
            "index.sort.order": ["desc", "desc"],
            "index.refresh_interval": "1s",
            "index.mapping.total_fields.limit": 300,
            "index.max_result_window": 10_000,
        },
        "mappings": _mappings(),
    }
    with asking(_WRITTEN):
        trail.client.indices.create(index=index_of(trail.prefix), body=body)
    return save(trail, Progress())


def drop(trail: Trail) -> None:
    """Take the index away: all that is in it can be found anew. It is the one thing that is ever taken from the engine.

    Raises TrailUnavailable.
    """
    with asking(_WRITTEN):
        trail.client.indices.delete(index=index_of(trail.prefix), params={"ignore_unavailable": "true"})


def _mappings() -> dict[str, Any]:
    own = {
        "novelty": {
            "dynamic": "strict",
            "properties": {
                "kinds": {"type": "keyword"},
                "event": {"type": "keyword"},  # the event's id in its index, the name of which is beside it
                "index": {"type": "keyword", "index": False, "doc_values": False},
                "pairs": {"type": "keyword", "index": False, "doc_values": False},
            },
        },
        "first": {"type": "object", "enabled": False},
        "progress": {"type": "object", "enabled": False},
    }
    return {
        "dynamic": "strict",
        "_meta": _MADE_BY,
        "properties": mapping.properties() | own,
    }


def is_current(trail: Trail) -> bool:
    """Whether the index is there, and was made by this schema and this table of pairs. Raises TrailUnavailable."""
    try:
        with asking(_READ):
            found = trail.client.indices.get_mapping(
                index=index_of(trail.prefix), params={"filter_path": "*.mappings._meta"}
            )
    except TrailUnavailable as error:
        if isinstance(error.__cause__, NotFoundError):
            return False
        raise
    return any(one["mappings"]["_meta"] == _MADE_BY for one in found.values())


# --- How far it is ---------------------------------------------------------------------------------------------------


def progress(trail: Trail) -> Progress | None:
    """How far the trail was read; None where the index is not there, or says nothing. Raises TrailUnavailable."""
    (found,) = _get(trail, [_PROGRESS])
    if not found.get("found"):
        return None
    kept = found["_source"]["progress"]
    return Progress(
        {(index, shard): (uuid, last) for index, shard, uuid, last in kept["shards"]},
        Batch(*kept["under_way"]) if kept["under_way"] else None,
        kept["until"],
        (found["_seq_no"], found["_primary_term"]),
    )


def save(trail: Trail, now: Progress) -> Progress:
    """Keep it, unless somebody else has kept another since it was read: then Superseded. Raises TrailUnavailable."""
    batch = now.under_way
    body = {
        "shards": [[index, shard, uuid, last] for (index, shard), (uuid, last) in sorted(now.shards.items())],
        "under_way": [batch.index, batch.shard, batch.first, batch.last] if batch else None,
        "until": now.until,
    }
    guard: dict[str, Any] = {"op_type": "create"}
    if now.version:
        guard = {"if_seq_no": now.version[0], "if_primary_term": now.version[1]}
    try:
        with asking(_WRITTEN):
            kept = trail.client.index(index=index_of(trail.prefix), id=_PROGRESS, body={"progress": body}, params=guard)
    except TrailUnavailable as error:
        if isinstance(error.__cause__, ConflictError):
            raise Superseded("The firsts were kept on by another process; there must be one only.") from error
        raise
    return replace(now, version=(kept["_seq_no"], kept["_primary_term"]))


# --- What is in it ---------------------------------------------------------------------------------------------------


def places(trail: Trail, names: Iterable[str]) -> dict[str, Place]:
    """Where the first event of each pair stands, of those pairs that there were so far."""
    found = (one for one in _get(trail, names) if one.get("found"))
    return {one["_id"]: (one["_source"]["first"][0], one["_source"]["first"][1]) for one in found}


def held(trail: Trail, event_ids: Sequence[str]) -> dict[str, list[str]]:
    """The pairs that each of some events is said to be the first of."""
    by_copy = {_copy(event_id): event_id for event_id in event_ids}
    found = (one for one in _get(trail, by_copy, "novelty.pairs") if one.get("found"))
    return {by_copy[one["_id"]]: one["_source"]["novelty"]["pairs"] for one in found}


def _get(trail: Trail, ids: Iterable[str], *source: str) -> Iterable[dict[str, Any]]:
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        with asking(_READ):
            answer = trail.client.mget(
                index=index_of(trail.prefix), body={"ids": some}, params={"_source": ",".join(source) or "true"}
            )
        for one in answer["docs"]:
            error = one.get("error", {})
            if error and error.get("type") != "index_not_found_exception":
                raise TrailUnavailable(f"{_READ}: {error.get('reason')}.")
            yield one


def put_copy(index: str, event_id: str, document: dict[str, Any], names: Sequence[str]) -> bytes:
    """The lines that keep a copy of an event that is the first of these pairs."""
    novelty = {"kinds": pairing.kinds(names), "event": event_id, "index": index, "pairs": names}
    copied = document | {"novelty": novelty}
    if isinstance(event := document.get("event"), dict):
        # Its source's own text is searched by nobody, and may be long.
        copied["event"] = {name: value for name, value in event.items() if name != "original"}
    return _lines({"index": {"_id": _copy(event_id)}}, copied)


def cut_copy(event_id: str, names: Sequence[str]) -> bytes:
    """The lines that leave a copy no other pairs than these; without any it goes."""
    if not names:
        return _lines({"delete": {"_id": _copy(event_id)}})
    novelty = {"kinds": pairing.kinds(names), "pairs": names}
    return _lines({"update": {"_id": _copy(event_id)}}, {"doc": {"novelty": novelty}})


def put_place(name: str, place: Place) -> bytes:
    """The lines that keep where the first event of a pair stands."""
    return _lines({"index": {"_id": name}}, {"first": place})


def _copy(event_id: str) -> str:
    """The name of an event's copy, which no event can choose to be another document's."""
    return f"event:{hashlib.blake2b(event_id.encode(), digest_size=20).hexdigest()}"


def _lines(*parts: Any) -> bytes:
    return b"".join(orjson.dumps(part) + b"\n" for part in parts)


def write(trail: Trail, parts: Iterable[bytes]) -> None:
    """Write all of it, or raise TrailUnavailable: then any part of it may have been written."""
    some: list[bytes] = []
    size = 0
    for part in parts:
        if size > BYTES:
            _send(trail, some)
            some, size = [], 0
        some.append(part)
        size += len(part)
    if some:
        _send(trail, some)


def _send(trail: Trail, parts: list[bytes]) -> None:
    with asking(_WRITTEN):
        answer = trail.client.transport.perform_request(
            "POST", f"/{index_of(trail.prefix)}/_bulk", body=b"".join(parts)
        )
    if answer["errors"]:
        failed = [about["error"] for item in answer["items"] for about in item.values() if "error" in about]
        raise TrailUnavailable(f"{_WRITTEN}: {failed[0].get('reason')} ({len(failed)} in all).")
