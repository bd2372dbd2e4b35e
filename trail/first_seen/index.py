"""Reads and writes the index of what is first seen: derived from the trail, and made anew from it when it may be wrong.

It holds three kinds of documents: one for each pair, with the place of its first event; a copy of each event that is the first of
a pair, for searches; and how far the trail was read. None is of use without the others. The fields `novelty.*` of a copy, and
the index's name `…-firsts` (trail.search.first_seen_index), are stored data: their names do not change.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson
from opensearchpy.exceptions import ConflictError, NotFoundError

from trail import mapping, pairs
from trail.connection import Trail, translate_errors
from trail.errors import TrailUnavailable
from trail.search.first_seen_index import name_index

AT_ONCE = 5_000  # documents read at once
BYTES = 8 * 1024 * 1024  # written at once, about
_READ = "The index of what is first seen could not be read"
_WRITTEN = "The index of what is first seen could not be written"
_PROGRESS = "progress"
# Stored in the index: another value here makes it anew.
_MADE_BY = {"schema": mapping.VERSION, "pairing": pairs.VERSION}

Place = tuple[int, str]  # of an event in time: nanoseconds, then its id, so that of any two one is the earlier


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one shard that are read and indexed together: the engine's numbers from `first` to `last`."""

    index: str
    shard: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the trail was read: of each shard (index, number) its index's uuid and the last number; the batch under way.

    `until`: every event that had arrived by this time is in. `version` is the engine's (_seq_no, _primary_term) of the stored
    progress, by which a second process is noticed.
    """

    shards: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    under_way: Batch | None = None
    until: str | None = None
    version: tuple[int, int] | None = field(default=None, compare=False)


class Superseded(TrailUnavailable):
    """Another process keeps the index of what is first seen."""


def create_index(trail: Trail) -> Progress:
    """Replace the index by an empty one, with nothing read yet. Raises TrailUnavailable."""
    drop_index(trail)
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
    with translate_errors(_WRITTEN):
        trail.client.indices.create(index=name_index(trail.prefix), body=body)
    return save_progress(trail, Progress())


def drop_index(trail: Trail) -> None:
    """Delete the index: all of it can be derived anew. Nothing else is ever deleted from the engine.

    Raises TrailUnavailable.
    """
    with translate_errors(_WRITTEN):
        trail.client.indices.delete(index=name_index(trail.prefix), params={"ignore_unavailable": "true"})


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
        "properties": mapping.build_properties() | own,
    }


def is_current(trail: Trail) -> bool:
    """Whether the index is there, and was made by this schema and this table of pairs. Raises TrailUnavailable."""
    try:
        with translate_errors(_READ):
            mappings = trail.client.indices.get_mapping(
                index=name_index(trail.prefix), params={"filter_path": "*.mappings._meta"}
            )
    except TrailUnavailable as error:
        if isinstance(error.__cause__, NotFoundError):
            return False
        raise
    # By its own name, or it is an alias, which may show a part of another index.
    index = mappings.get(name_index(trail.prefix))
    return bool(index and index["mappings"]["_meta"] == _MADE_BY)


# --- How far it is ---------------------------------------------------------------------------------------------------


def read_progress(trail: Trail) -> Progress | None:
    """How far the trail was read; None where the index is not there, or says nothing. Raises TrailUnavailable."""
    (document,) = _get(trail, [_PROGRESS])
    if not document.get("found"):
        return None
    stored = document["_source"]["progress"]
    batch = stored["under_way"]
    return Progress(
        shards={(index, shard): (uuid, last) for index, shard, uuid, last in stored["shards"]},
        under_way=Batch(index=batch[0], shard=batch[1], first=batch[2], last=batch[3]) if batch else None,
        until=stored["until"],
        version=(document["_seq_no"], document["_primary_term"]),
    )


def save_progress(trail: Trail, progress: Progress) -> Progress:
    """Store the progress, with its new version. Raises Superseded when another process stored one since, TrailUnavailable."""
    batch = progress.under_way
    body = {
        "shards": [[index, shard, uuid, last] for (index, shard), (uuid, last) in sorted(progress.shards.items())],
        "under_way": [batch.index, batch.shard, batch.first, batch.last] if batch else None,
        "until": progress.until,
    }
    guard: dict[str, Any] = {"op_type": "create"}
    if progress.version:
        guard = {"if_seq_no": progress.version[0], "if_primary_term": progress.version[1]}
    try:
        with translate_errors(_WRITTEN):
            response = trail.client.index(
                index=name_index(trail.prefix), id=_PROGRESS, body={"progress": body}, params=guard
            )
    except TrailUnavailable as error:
        if isinstance(error.__cause__, ConflictError):
            raise Superseded(
                "Another process keeps the index of what is first seen; there must be one only."
            ) from error
        raise
    return replace(progress, version=(response["_seq_no"], response["_primary_term"]))


# --- What is in it ---------------------------------------------------------------------------------------------------


def read_places(trail: Trail, names: Iterable[str]) -> dict[str, Place]:
    """The place of the first event of each named pair that was seen before. Raises TrailUnavailable."""
    documents = (document for document in _get(trail, names) if document.get("found"))
    return {
        document["_id"]: (document["_source"]["first"][0], document["_source"]["first"][1]) for document in documents
    }


def read_copied_pairs(trail: Trail, event_ids: Sequence[str]) -> dict[str, list[str]]:
    """The names of the pairs of which each event is stored as the first, by the event's id. Raises TrailUnavailable."""
    by_copy = {_copy(event_id): event_id for event_id in event_ids}
    copies = (copy for copy in _get(trail, by_copy, "novelty.pairs") if copy.get("found"))
    return {by_copy[copy["_id"]]: copy["_source"]["novelty"]["pairs"] for copy in copies}


def _get(trail: Trail, ids: Iterable[str], *source: str) -> Iterable[dict[str, Any]]:
    remaining = iter(ids)
    while batch := list(islice(remaining, AT_ONCE)):
        with translate_errors(_READ):
            response = trail.client.mget(
                index=name_index(trail.prefix), body={"ids": batch}, params={"_source": ",".join(source) or "true"}
            )
        for document in response["docs"]:
            error = document.get("error", {})
            if error and error.get("type") != "index_not_found_exception":
                raise TrailUnavailable(f"{_READ}: {error.get('reason')}.")
            yield document


def build_copy(index: str, event_id: str, document: dict[str, Any], names: Sequence[str]) -> bytes:
    """The bulk lines that store a copy of an event, which is the first of these pairs."""
    novelty = {"kinds": pairs.find_kinds(names), "event": event_id, "index": index, "pairs": names}
    copied = document | {"novelty": novelty}
    if isinstance(event := document.get("event"), dict):
        # Its source's own text is searched by nobody, and may be long.
        copied["event"] = {name: value for name, value in event.items() if name != "original"}
    return _lines({"index": {"_id": _copy(event_id)}}, copied)


def build_reduced_copy(event_id: str, names: Sequence[str]) -> bytes:
    """The bulk lines that reduce a copy to these pairs; without any the copy is deleted."""
    if not names:
        return _lines({"delete": {"_id": _copy(event_id)}})
    novelty = {"kinds": pairs.find_kinds(names), "pairs": names}
    return _lines({"update": {"_id": _copy(event_id)}}, {"doc": {"novelty": novelty}})


def build_place(name: str, place: Place) -> bytes:
    """The bulk lines that store the place of a pair's first event."""
    return _lines({"index": {"_id": name}}, {"first": place})


def _copy(event_id: str) -> str:
    """The id of an event's copy, hashed so that no event's id can be that of another document."""
    return f"event:{hashlib.blake2b(event_id.encode(), digest_size=20).hexdigest()}"


def _lines(*parts: Any) -> bytes:
    return b"".join(orjson.dumps(part) + b"\n" for part in parts)


def write_lines(trail: Trail, parts: Iterable[bytes]) -> None:
    """Write all bulk lines, or raise TrailUnavailable: then any of them may have been written."""
    batch: list[bytes] = []
    size = 0
    for part in parts:
        if size > BYTES:
            _send(trail, batch)
            batch, size = [], 0
        batch.append(part)
        size += len(part)
    if batch:
        _send(trail, batch)


def _send(trail: Trail, parts: list[bytes]) -> None:
    with translate_errors(_WRITTEN):
        answer = trail.client.transport.perform_request(
            "POST", f"/{name_index(trail.prefix)}/_bulk", body=b"".join(parts)
        )
    if answer["errors"]:
        failed = [result["error"] for item in answer["items"] for result in item.values() if "error" in result]
        raise TrailUnavailable(f"{_WRITTEN}: {failed[0].get('reason')} ({len(failed)} in all).")
