"""From the schema to OpenSearch: the index template, an index for each period, and the settings that make it permanent."""

import re
from contextlib import suppress
from typing import Any

from opensearchpy.exceptions import NotFoundError, RequestError, TransportError

from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.schema import DISCHARGE_FIELDS, FIELDS, Kind

# Raised when the template changes, so that an older process does not put its template over a newer one.
VERSION = 1

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.KEYWORD: {"type": "keyword"},
    Kind.TEXT: {"type": "match_only_text"},
    Kind.WILDCARD: {"type": "wildcard"},
    Kind.IP: {"type": "ip"},
    Kind.TIME: {"type": "date_nanos"},
    Kind.INTEGER: {"type": "long"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.GEO_POINT: {"type": "geo_point"},
    Kind.NESTED: {"type": "nested", "dynamic": "strict",
                  "properties": {name: {"type": "keyword"} for name in DISCHARGE_FIELDS}},
    # Names of labels are the writers' own; as a flat_object they can never add a field to the mapping.
    Kind.LABELS: {"type": "flat_object"},
    Kind.RAW: {"type": "flat_object"},
    Kind.OPAQUE: {"type": "keyword", "index": False, "doc_values": False},
}  # fmt: skip


def properties() -> dict[str, Any]:
    """The mapping's properties, nested as OpenSearch wants them."""
    tree: dict[str, Any] = {}
    for field in FIELDS:
        *path, last = field.name.split(".")
        inner = tree
        for part in path:
            inner = inner.setdefault(part, {"dynamic": "strict", "properties": {}})["properties"]
        inner[last] = dict(_TYPES[field.kind])
    return tree


def template(prefix: str, *, shards: int = 1, replicas: int = 0) -> dict[str, Any]:
    """The composable index template of every index of events."""
    return {
        "index_patterns": [f"{prefix}-events-*"],
        "version": VERSION,
        "priority": 500,
        "template": {
            "aliases": {f"{prefix}-events": {}},
            "settings": {
                "index.number_of_shards": shards,
                "index.number_of_replicas": replicas,
                # Update, delete, by-query and overwriting are refused by the engine itself, and it cannot be taken off.
                "index.append_only.enabled": True,
                # An acknowledged write is on disk, not in a buffer that a power cut empties.
                "index.translog.durability": "request",
                # Newest first is what a search page asks for; a sorted index stops reading early.
                "index.sort.field": ["@timestamp", "event.id"],
                "index.sort.order": ["desc", "desc"],
                "index.codec": "best_compression",
                "index.refresh_interval": "1s",
                "index.mapping.total_fields.limit": 300,
                "index.max_result_window": 10_000,
            },
            "mappings": {"dynamic": "strict", "_meta": {"version": VERSION}, "properties": properties()},
        },
    }


def install(trail: Trail) -> None:
    """Put the template in place, and new fields into the months there are. Safe to repeat; never replaces a newer one.

    Raises TrailUnavailable when the engine does not answer.
    """
    asked = template(trail.prefix, shards=trail.shards, replicas=trail.replicas)
    try:
        if (installed_version(trail) or 0) > VERSION:
            return
        trail.client.indices.put_index_template(name=f"{trail.prefix}-events", body=asked)
        # Fields are only ever added, so events that are there already stay as they are and are found as before.
        trail.client.indices.put_mapping(
            index=f"{trail.prefix}-events-*", body=asked["template"]["mappings"], params={"allow_no_indices": "true"}
        )
    except TransportError as error:
        raise TrailUnavailable(f"The trail's index template could not be installed: {error}.") from error


def index_for(prefix: str, timestamp: str) -> str:
    """The index of an event: by its own month, so that the same event always meets itself again."""
    return f"{prefix}-events-{timestamp[:4]}.{timestamp[5:7]}"


def late_index(index: str) -> str:
    """Where a finished month's late events go. Once it is there, nothing enters the month itself (trail.months)."""
    return f"{index}-late"


def month_of(prefix: str, index: str) -> str | None:
    """`2026.11`, for the index of that month's events or of its late ones; None for any other index."""
    match = re.fullmatch(re.escape(prefix) + r"-events-(\d{4}\.(?:0[1-9]|1[0-2]))(?:-late)?", index)
    return match[1] if match else None


def expect_index(trail: Trail, index: str) -> None:
    """`ensure_index` once for each month, before a batch finds no index and has to be sent again.

    What goes wrong here the write itself meets too, and says.
    """
    if index not in trail.known:
        with trail.making, suppress(TrailUnavailable):
            if index not in trail.known:
                ensure_index(trail, index)
                trail.known.add(index)


def ensure_index(trail: Trail, index: str) -> None:
    """Create one month's index, or the one beside it, if it is not there.

    Raises TrailUnavailable; ValueError for a name that is not ours.
    """
    if month_of(trail.prefix, index) is None:
        raise ValueError(f"{index} is not an index of this trail")
    try:
        if trail.client.indices.exists(index=index):
            return
        if installed_version(trail) is None:
            install(trail)  # without it the index would be none of ours: it would take anything, and let it be changed
        trail.client.indices.create(index=index)
    except RequestError as error:
        if error.error != "resource_already_exists_exception":
            raise TrailUnavailable(f"The index {index} could not be created: {error}.") from error
    except TransportError as error:
        raise TrailUnavailable(f"The index {index} could not be created: {error}.") from error


def installed_version(trail: Trail) -> int | None:
    """The version of the template in place, None when there is none. The client's errors pass through."""
    try:
        found = trail.client.indices.get_index_template(name=f"{trail.prefix}-events")
    except NotFoundError:
        return None
    version = found["index_templates"][0]["index_template"].get("version")
    return int(version) if version is not None else None
