"""Append events to the trail: durable or refused. Writing the same event again changes nothing."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

import orjson
from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import TransportError

from trail.connection import Trail
from trail.errors import InvalidEvent, TrailUnavailable, WriteRefused
from trail.events import digest, get, parse
from trail.mapping import ensure_index, index_for

Status = Literal["created", "existing", "conflict", "invalid"]
BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event. `existing`: the same event was there; `conflict`: another one under its id."""

    event_id: str
    status: Status
    reason: str = ""


def write(trail: Trail, documents: Sequence[dict[str, Any]], *, refresh: bool = False) -> list[Outcome]:
    """Write events and answer for each, in order. `refresh` waits until they can be found.

    Raises TrailUnavailable when the engine does not answer and WriteRefused when it did not take an event that is
    valid: then nothing is known to be durable beyond what an identical second call will report as existing.
    """
    outcomes: list[Outcome | None] = [None] * len(documents)
    sent: list[int] = []
    lines: list[bytes] = []
    ingested = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for number, document in enumerate(documents):
        try:
            event = parse(document)
        except InvalidEvent as error:
            outcomes[number] = Outcome(str(_id_of(document)), "invalid", str(error))
            continue
        stored = {**document, "event": {**document["event"], "ingested": ingested}}
        target = {"create": {"_index": index_for(trail.prefix, event.timestamp), "_id": event.id}}
        sent.append(number)
        lines += [orjson.dumps(target), orjson.dumps(stored)]
    items = _bulk(trail, lines, refresh) if lines else []
    there: list[int] = []
    for number, item in zip(sent, items, strict=True):
        result = item["create"]
        if result["status"] == 201:
            _expect_every_copy(result)
            outcomes[number] = Outcome(result["_id"], "created")
        elif result["status"] == 409:
            there.append(number)
        elif result["status"] == 400:
            outcomes[number] = Outcome(result["_id"], "invalid", _reason(result))
        else:
            raise WriteRefused(f"The trail did not take event {result['_id']}: {_reason(result)}.")
    for number, outcome in zip(there, _compare(trail, [documents[n] for n in there]), strict=True):
        outcomes[number] = outcome
    return [outcome for outcome in outcomes if outcome is not None]


def write_many(
    trail: Trail, documents: Iterable[dict[str, Any]], *, batch: int = 1000, threads: int = 2
) -> Iterator[Outcome]:
    """Write a stream of events in batches, at most `threads` under way: memory stays flat. Outcomes come in order."""
    stream = iter(documents)
    under_way: deque[Future[list[Outcome]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="trail-writer") as pool:
        try:
            while chunk := list(islice(stream, batch)):
                under_way.append(pool.submit(write, trail, chunk))
                if len(under_way) > threads:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _id_of(document: Any) -> Any:
    return get(document, "event.id") if isinstance(document, dict) else None


def _reason(result: dict[str, Any]) -> str:
    error = result.get("error", {})
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason', 'no reason given')}{f' ({cause})' if cause else ''}"


def _expect_every_copy(result: dict[str, Any]) -> None:
    shards = result["_shards"]
    if shards.get("failed"):
        raise WriteRefused(f"Event {result['_id']} reached {shards['successful']} of {shards['total']} copies only.")


def _bulk(trail: Trail, lines: list[bytes], refresh: bool, *, first: bool = True) -> list[dict[str, Any]]:
    body = b"\n".join(lines) + b"\n"
    params = {"refresh": "wait_for"} if refresh else {}
    try:
        answer = trail.client.transport.perform_request("POST", "/_bulk", params=params, body=body)
    except EngineConnectionError as error:
        raise TrailUnavailable("The trail does not answer, so nothing is known to be written to it.") from error
    except TransportError as error:
        raise WriteRefused(f"The trail refused to write: {error}.") from error
    items: list[dict[str, Any]] = answer["items"]
    missing = [number for number, item in enumerate(items) if item["create"]["status"] == 404]
    if missing and first:
        # The first events of a month: make its index, and send once more only what found none.
        for index in {items[number]["create"]["_index"] for number in missing}:
            ensure_index(trail, index)
        again = [line for number in missing for line in lines[2 * number : 2 * number + 2]]
        for number, item in zip(missing, _bulk(trail, again, refresh, first=False), strict=True):
            items[number] = item
    return items


def _compare(trail: Trail, documents: list[dict[str, Any]]) -> list[Outcome]:
    """Events whose ids were taken: the same event again, or another under the same id?"""
    if not documents:
        return []
    wanted = [{"_index": index_for(trail.prefix, d["@timestamp"]), "_id": d["event"]["id"]} for d in documents]
    try:
        found = trail.client.mget(body={"docs": wanted})["docs"]
    except TransportError as error:
        raise TrailUnavailable(f"The trail could not be read to compare events: {error}.") from error
    outcomes = []
    for document, stored in zip(documents, found, strict=True):
        event_id = document["event"]["id"]
        if not stored.get("found"):
            raise WriteRefused(f"Event {event_id} is said to exist and cannot be read.")
        same = digest(stored["_source"]) == digest(document)
        outcomes.append(
            Outcome(event_id, "existing")
            if same
            else Outcome(event_id, "conflict", "another event is stored under this id")
        )
    return outcomes
