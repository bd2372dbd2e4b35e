"""Looks up by id whether events are in the trail, in a month or beside it, without writing anything."""

from collections.abc import Iterable
from typing import Any

from opensearchpy.exceptions import TransportError

from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.events import Event
from trail.mapping import index_for, late_index


def find_records(trail: Trail, events: Iterable[tuple[str, Event]]) -> list[dict[str, Any] | None]:
    """For each (id, event) what is stored under that id in the event's month; None for nothing. Raises TrailUnavailable."""
    places = [
        {"_index": index, "_id": event_id}
        for event_id, event in events
        for month in (index_for(trail.prefix, event.timestamp),)
        for index in (month, late_index(month))
    ]
    if not places:
        return []
    try:
        documents = trail.client.mget(body={"docs": places})["docs"]
    except TransportError as error:
        raise TrailUnavailable(f"The trail could not be read to look for earlier events: {error}.") from error
    stored = [_read_source(document) for document in documents]
    return [month or late for month, late in zip(stored[::2], stored[1::2], strict=True)]


def _read_source(document: dict[str, Any]) -> dict[str, Any] | None:
    error = document.get("error")
    if error and error.get("type") != "index_not_found_exception":  # a month without events has no index
        raise TrailUnavailable(f"Event {document['_id']} could not be read to look for it: {error.get('reason')}.")
    return document["_source"] if document.get("found") else None
