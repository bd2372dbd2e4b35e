"""Builds and installs the index template from the schema, and makes each month's index with settings that keep it for ever."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
from opensearchpy.exceptions import NotFoundError, RequestError, TransportError

from trail.connection import Trail, translate_errors
from trail.errors import SchemaConflict, TrailUnavailable
from trail.schema import DISCHARGE_FIELDS, FIELDS, Kind

# Raised when the template changes, so that an older process does not put its template over a newer one. Fields are only ever
# added. 2: host.name. 3: signature. 4: user.full_name. 5: event.implied_by, token.issued_at.
VERSION = 5

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.KEYWORD: {"type": "keyword"},
    Kind.TEXT: {"type": "match_only_text"},
    Kind.WILDCARD: {"type": "wildcard", "doc_values": True},  # as the engine says it, so that the two compare
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


def build_properties() -> dict[str, Any]:
    """The mapping's properties, nested as OpenSearch wants them."""
    tree: dict[str, Any] = {}
    for field in FIELDS:
        *path, last = field.name.split(".")
        inner = tree
        for part in path:
            inner = inner.setdefault(part, {"dynamic": "strict", "properties": {}})["properties"]
        inner[last] = dict(_TYPES[field.kind])
    return tree


def build_template(prefix: str, *, shards: int = 1, replicas: int = 0) -> dict[str, Any]:
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
            "mappings": {"dynamic": "strict", "_meta": {"version": VERSION}, "properties": build_properties()},
        },
    }


def find_differences(wanted: dict[str, Any], current: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """The fields of an index that are not as `wanted`: (name, what is so), such as `("user.id", "is missing")`."""
    for name in sorted(wanted.keys() | current.keys()):
        whole = f"{path}{name}"
        if name not in current:
            yield whole, "is missing"
        elif name not in wanted:
            yield whole, "is none of the schema's"
        elif "properties" in wanted[name] and "properties" in current[name]:
            if current[name].get("dynamic") != wanted[name]["dynamic"]:
                yield whole, "is not strict"
            yield from find_differences(wanted[name]["properties"], current[name]["properties"], f"{whole}.")
        elif wanted[name] != current[name]:
            yield whole, f"is {orjson.dumps(current[name]).decode()}, not {orjson.dumps(wanted[name]).decode()}"


def install(trail: Trail) -> None:
    """Put the template in place, and new fields into the months there are. Safe to repeat; never replaces a newer one.

    Raises SchemaConflict, before anything is touched, when a field would change in a month that is there; TrailUnavailable
    when the engine does not answer.
    """
    wanted = build_template(trail.prefix, shards=trail.shards, replicas=trail.replicas)
    months = {"index": f"{trail.prefix}-events-*", "params": {"allow_no_indices": "true"}}
    with translate_errors("The trail's index template could not be installed"):
        if (read_installed_version(trail) or 0) > VERSION:
            return
        mappings, current = wanted["template"]["mappings"], trail.client.indices.get_mapping(**months)
        _expect_no_conflict(current, mappings["properties"])
        trail.client.indices.put_index_template(name=f"{trail.prefix}-events", body=wanted)
        # Fields are only ever added, so events that are there already stay as they are and are found as before. A month that
        # has them all is left alone: it takes no change for some time after the disk was full.
        for index, answer in sorted(current.items()):
            if not _is_complete(answer["mappings"], mappings):
                trail.client.indices.put_mapping(index=index, body=mappings)


def _is_complete(current: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a month has every field, in this version of the schema."""
    return all(current.get(name) == wanted[name] for name in ("dynamic", "_meta")) and not any(
        find_differences(wanted["properties"], current.get("properties", {}))
    )


def _expect_no_conflict(mappings: dict[str, Any], wanted: dict[str, Any]) -> None:
    for index, current in sorted(mappings.items()):
        for name, what in find_differences(wanted, current["mappings"].get("properties", {})):
            if what.startswith("is {"):
                raise SchemaConflict(
                    f"The field {name} of {index} {what}. What is written cannot change: give the new meaning a new field. "
                    "Nothing was installed."
                )


def index_for(prefix: str, timestamp: str) -> str:
    """The index of an event, by the month of its own `@timestamp`: so the same event always goes to the same index."""
    return f"{prefix}-events-{timestamp[:4]}.{timestamp[5:7]}"


def late_index(index: str) -> str:
    """Where a finished month's late events go. Once it is there, nothing enters the month itself (trail.maintenance.months)."""
    return f"{index}-late"


def month_of(prefix: str, index: str) -> str | None:
    """`2026.11`, for the index of that month's events or of its late ones; None for any other index."""
    match = re.fullmatch(re.escape(prefix) + r"-events-(\d{4}\.(?:0[1-9]|1[0-2]))(?:-late)?", index)
    return match[1] if match else None


def expect_index(trail: Trail, index: str) -> None:
    """`ensure_index` once for each month, before a batch finds no index and has to be sent again.

    An error here is not raised: the write meets it too, and raises it.
    """
    if index not in trail.known_indices:
        with trail.making, suppress(TrailUnavailable):
            if index not in trail.known_indices:
                ensure_index(trail, index)
                trail.known_indices.add(index)


def ensure_index(trail: Trail, index: str) -> None:
    """Create one month's index, or the one beside it, if it is not there.

    Raises TrailUnavailable; ValueError for a name that is not ours.
    """
    if month_of(trail.prefix, index) is None:
        raise ValueError(f"{index} is not an index of this trail")
    try:
        if trail.client.indices.exists(index=index):
            return
        if read_installed_version(trail) is None:
            install(trail)  # without it the index would be none of ours: it would take anything, and let it be changed
        # With replicas it waits for them, else the first events would be on one copy only, and not acknowledged. (In the
        # address, for the client takes a parameter `timeout` for its own.)
        trail.client.transport.perform_request("PUT", f"/{index}?wait_for_active_shards=all&timeout=10s")
    except RequestError as error:
        if error.error != "resource_already_exists_exception":
            raise TrailUnavailable(f"The index {index} could not be created: {error}.") from error
    except TransportError as error:
        raise TrailUnavailable(f"The index {index} could not be created: {error}.") from error


def read_installed_version(trail: Trail) -> int | None:
    """The version of the template in place, None when there is none. The client's errors pass through."""
    try:
        response = trail.client.indices.get_index_template(name=f"{trail.prefix}-events")
    except NotFoundError:
        return None
    version = response["index_templates"][0]["index_template"].get("version")
    return int(version) if version is not None else None
