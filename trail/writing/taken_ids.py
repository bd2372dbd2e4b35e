"""Finds events whose ids are taken in another month, before they are written: an id is taken once in all of history."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from opensearchpy.exceptions import TransportError

from trail.canonical_form import holds_same_record
from trail.connection import NO_PIPELINE, Trail
from trail.errors import TrailBusy, TrailError, TrailUnavailable
from trail.events import read_id_month
from trail.mapping import late_index

Taken = tuple[bool, str]  # whether both were made of one source record, and the sentence
_GONE = "index_not_found_exception"


class AddressedEvent(Protocol):
    """An event that is to be written into an index."""

    @property
    def index(self) -> str: ...
    @property
    def document(self) -> dict[str, Any]: ...


def find_taken(trail: Trail, events: Sequence[AddressedEvent]) -> dict[int, Taken | TrailError]:
    """By its place among some, each event whose id another month has; or why that cannot be told now.

    Asked is what `trail.find_sealed` knows, which costs a memory access or two. Where that knows nothing now the engine is asked
    for the ids that do not carry their own time. A trail without it asks nobody. Raises TrailUnavailable.
    """
    if trail.find_sealed is None:
        return {}
    known = trail.find_sealed([event.document["event"]["id"] for event in events])
    if known is None:
        known = _search_months(trail, events)
    if not any(known):
        return {}
    places = [
        (number, index)
        for number, indices in enumerate(known)
        for index in indices
        if index not in (events[number].index, late_index(events[number].index))
    ]
    return _read_places(trail, events, places) if places else {}


def _search_months(trail: Trail, events: Sequence[AddressedEvent]) -> list[tuple[str, ...]]:
    """The other months in which the engine shows each id.

    What it does not show now, the keeper finds when it is sealed. An error here is not raised: the write meets it too.
    """
    ids = [event.document["event"]["id"] for event in events]
    foreign = [
        event_id
        for event_id, event in zip(ids, events, strict=True)
        if read_id_month(event_id) != event.document["@timestamp"][:7]
    ]
    if not foreign:
        return [()] * len(events)
    own = {event.index for event in events}
    # A single month knows its own ids; where there are several, each is another one for the others' events.
    where = f"{trail.prefix}-events-*" + "".join(f",-{index}*" for index in own if len(own) == 1)
    body = {"query": {"ids": {"values": foreign}}, "size": 10_000, "_source": False, "track_total_hits": False}
    params = {
        "allow_partial_search_results": "true",
        "allow_no_indices": "true",
        "filter_path": "hits.hits._i*",
        "search_pipeline": NO_PIPELINE,
    }
    indices: dict[str, tuple[str, ...]] = {}
    with suppress(TransportError):
        answer = trail.client.search(index=where, body=body, params=params)
        for hit in answer.get("hits", {}).get("hits", []):
            indices[hit["_id"]] = (*indices.get(hit["_id"], ()), hit["_index"])
    return [indices.get(event_id, ()) for event_id in ids]


def _read_places(
    trail: Trail, events: Sequence[AddressedEvent], places: list[tuple[int, str]]
) -> dict[int, Taken | TrailError]:
    """What stands at these places, each an event by its place among `events` and an index."""
    lookups = [{"_index": index, "_id": events[number].document["event"]["id"]} for number, index in places]
    try:
        answers = trail.client.mget(body={"docs": lookups})["docs"]
    except TransportError as error:
        raise TrailUnavailable(f"The trail could not be read to compare events: {error}.") from error
    taken: dict[int, Taken | TrailError] = {}
    for (number, index), answer in zip(places, answers, strict=True):
        fault = answer.get("error")
        if answer.get("found"):
            is_same_record = holds_same_record(answer["_source"], events[number].document)
            taken[number] = (is_same_record, f"another event is stored under this id in {index}")
        elif fault and fault.get("type") == _GONE:
            taken[number] = (False, f"another event is sealed under this id in {index}, which is gone")
        elif fault:
            reason = fault.get("reason", "no reason given")
            taken.setdefault(number, TrailBusy(f"Whether {answer['_id']} is taken cannot be told: {reason}."))
    return taken
