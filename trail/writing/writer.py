"""Append events to the trail: durable or refused. Writing the same event again changes nothing."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import TransportError

from trail.connection import Trail
from trail.errors import InvalidEvent, TrailBusy, TrailError, TrailUnavailable, WriteRefused, WriteUnknown
from trail.events import Event, digest, get, parse
from trail.mapping import ensure_index, expect_index, index_for, late_index

Status = Literal["created", "existing", "conflict", "invalid"]
# Small batches and more of them under way keep every core of the engine busy.
BATCH = 500
BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event. `existing`: the same event was there; `conflict`: another one under its id."""

    event_id: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Ready:
    """One event as it is sent, an action and a document; or, without lines, what became of it already."""

    document: dict[str, Any]
    index: str = ""
    lines: bytes = b""
    outcome: Outcome | None = None


def write(trail: Trail, documents: Iterable[dict[str, Any] | Event], *, refresh: bool = False) -> list[Outcome]:
    """Write events and answer for each, in order. `refresh` waits until they can be found. An Event is checked already.

    Raises TrailUnavailable when the engine does not answer and WriteRefused when it did not take an event that is
    valid: then nothing is known to be durable beyond what an identical second call will report as existing.
    """
    ready = (_ready(trail, document) for document in documents)
    return [outcome for batch in _batches(ready, BATCH) for outcome in _send(trail, batch, refresh)]


def write_many(
    trail: Trail, documents: Iterable[dict[str, Any] | Event], *, batch: int = BATCH, threads: int = 4
) -> Iterator[Outcome]:
    """Write a stream of events in batches, at most `threads` under way: memory stays flat. Outcomes come in order.

    The stream is read and checked here while the threads wait for the engine.
    """
    under_way: deque[Future[list[Outcome]]] = deque()
    ready = (_ready(trail, document) for document in documents)
    with ThreadPoolExecutor(threads, thread_name_prefix="trail-writer") as pool:
        try:
            for full in _batches(ready, batch):
                under_way.append(pool.submit(_send, trail, full))
                if len(under_way) > threads:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _ready(trail: Trail, document: dict[str, Any] | Event) -> _Ready:
    try:
        event = document if isinstance(document, Event) else parse(document)
    except InvalidEvent as error:
        return _Ready({}, outcome=Outcome(str(_id_of(document)), "invalid", str(error)))
    ingested = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    stored = {**event.document, "event": {**event.document["event"], "ingested": ingested}}
    index = index_for(trail.prefix, event.timestamp)
    target = {"create": {"_index": index, "_id": event.id}}
    return _Ready(event.document, index, b"%b\n%b\n" % (orjson.dumps(target), orjson.dumps(stored)))


def _batches(ready: Iterable[_Ready], most: int) -> Iterator[list[_Ready]]:
    """Batches of at most `most` events and BATCH_BYTES, for the engine refuses a request that is too large."""
    batch: list[_Ready] = []
    size = 0
    for one in ready:
        if batch and (len(batch) >= most or size + len(one.lines) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.lines)
    if batch:
        yield batch


def attempt(trail: Trail, documents: Iterable[dict[str, Any] | Event]) -> list[Outcome | TrailError]:
    """Write events and answer for each what became of it, in order; an error of one is not an error of its neighbours.

    WriteRefused: it was not taken (TrailBusy: for now). WriteUnknown or TrailUnavailable: it may be there, or not on every copy.
    """
    ready = (_ready(trail, document) for document in documents)
    return [answer for batch in _batches(ready, BATCH) for answer in _attempt(trail, batch, False)]


def _send(trail: Trail, batch: list[_Ready], refresh: bool = False) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for answer in _attempt(trail, batch, refresh):
        if isinstance(answer, TrailError):
            raise answer
        outcomes.append(answer)
    return outcomes


def _attempt(trail: Trail, batch: list[_Ready], refresh: bool) -> list[Outcome | TrailError]:
    answers: list[Outcome | TrailError | None] = [one.outcome for one in batch]
    sent = [number for number, one in enumerate(batch) if one.lines]
    there: list[tuple[int, str]] = []
    try:
        for index in {batch[n].index for n in sent}:
            expect_index(trail, index)
        items = _bulk(trail, [batch[n].lines for n in sent], refresh)
        items = _beside_finished_months(trail, [batch[n].lines for n in sent], items, refresh)
    except TrailError as error:
        return [one.outcome or error for one in batch]
    for number, item in zip(sent, items, strict=True):
        result = item["create"]
        if result["status"] == 409:
            there.append((number, result["_index"]))
        else:
            answers[number] = _answer(result)
    try:
        compared: list[Outcome | TrailError] = list(_compare(trail, [(i, batch[n].document) for n, i in there]))
    except TrailError as error:
        compared = [error for _ in there]
    for (number, _), one in zip(there, compared, strict=True):
        answers[number] = one
    return [answer for answer in answers if answer is not None]


def _answer(result: dict[str, Any]) -> Outcome | TrailError:
    """What the engine says of one event that was not there yet."""
    event_id, status = result["_id"], result["status"]
    if status == 201:
        shards = result["_shards"]
        if shards["successful"] < shards["total"]:
            return WriteUnknown(f"Event {event_id} reached {shards['successful']} of {shards['total']} copies only.")
        return Outcome(event_id, "created")
    if status == 400:
        return Outcome(event_id, "invalid", _reason(result))
    return _kind(status)(f"The trail did not take event {event_id}: {_reason(result)}.")


def _kind(status: Any) -> type[WriteRefused]:
    """Which error a status of the engine's means."""
    if status == 429:
        return TrailBusy
    return WriteRefused if isinstance(status, int) and status < 500 else WriteUnknown


def _id_of(document: Any) -> Any:
    return get(document, "event.id") if isinstance(document, dict) else None


def _reason(result: dict[str, Any]) -> str:
    error = result.get("error", {})
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason', 'no reason given')}{f' ({cause})' if cause else ''}"


def _bulk(trail: Trail, lines: list[bytes], refresh: bool, *, first: bool = True) -> list[dict[str, Any]]:
    if not lines:
        return []
    body = b"".join(lines)
    params = {"refresh": "wait_for"} if refresh else {}
    try:
        answer = trail.client.transport.perform_request("POST", "/_bulk", params=params, body=body)
    except EngineConnectionError as error:
        raise TrailUnavailable("The trail does not answer, so nothing is known to be written to it.") from error
    except TransportError as error:
        raise _kind(error.status_code)(f"The trail refused to write: {error}.") from error
    items: list[dict[str, Any]] = answer["items"]
    missing = [number for number, item in enumerate(items) if item["create"]["status"] == 404]
    if missing and first:
        # Known to be there, and gone: make it again, and send once more only what found none.
        for index in {items[number]["create"]["_index"] for number in missing}:
            ensure_index(trail, index)
        again = [lines[number] for number in missing]
        for number, item in zip(missing, _bulk(trail, again, refresh, first=False), strict=True):
            items[number] = item
    return items


def _beside_finished_months(
    trail: Trail, lines: list[bytes], items: list[dict[str, Any]], refresh: bool
) -> list[dict[str, Any]]:
    """Late events find their place: what a finished month does not hold goes into the index beside it.

    That index is there only since the month's write block held on every shard (trail.months), so an event that the month
    does not hold now will never be in it: in both together an id is taken once.
    """
    blocked = [number for number, item in enumerate(items) if _is_blocked(item["create"])]
    beside = {index for index in {_place(items[number])[0] for number in blocked} if _is_finished(trail, index)}
    late = [number for number in blocked if _place(items[number])[0] in beside]
    if not late:
        return items
    answers = list(items)
    absent: list[int] = []
    for number, stored in zip(late, _read(trail, [_place(items[number]) for number in late]), strict=True):
        if stored.get("found"):
            answers[number] = {"create": items[number]["create"] | {"status": 409}}
        else:
            absent.append(number)
    again = [_moved(lines[number], late_index(_place(items[number])[0])) for number in absent]
    for number, item in zip(absent, _bulk(trail, again, refresh, first=False), strict=True):
        answers[number] = item
    return answers


def _is_blocked(result: dict[str, Any]) -> bool:
    return bool(result["status"] == 403 and result["error"].get("type") == "cluster_block_exception")


def _place(item: dict[str, Any]) -> tuple[str, str]:
    return item["create"]["_index"], item["create"]["_id"]


def _is_finished(trail: Trail, index: str) -> bool:
    try:
        return bool(trail.client.indices.exists(index=late_index(index)))
    except TransportError as error:
        raise TrailUnavailable(f"Whether {index} is finished cannot be told: {error}.") from error


def _moved(lines: bytes, index: str) -> bytes:
    """The same event for another index."""
    action, _, document = lines.partition(b"\n")
    target = {"create": {**orjson.loads(action)["create"], "_index": index}}
    return b"%b\n%b" % (orjson.dumps(target), document)


def _read(trail: Trail, places: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is stored under each (index, id), as it is now. Raises TrailUnavailable when one cannot be told."""
    try:
        found = trail.client.mget(body={"docs": [{"_index": index, "_id": key} for index, key in places]})["docs"]
    except TransportError as error:
        raise TrailUnavailable(f"The trail could not be read to compare events: {error}.") from error
    for one in found:
        if "error" in one:
            raise TrailUnavailable(f"Event {one['_id']} could not be read to compare it: {_reason(one)}.")
    return list(found)


def _compare(trail: Trail, documents: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    """Events whose ids were taken in these indices: the same event again, or another under the same id?"""
    if not documents:
        return []
    found = _read(trail, [(index, document["event"]["id"]) for index, document in documents])
    _expect_to_see([document for _, document in documents], found)
    _expect_every_copy(trail, {index for index, _ in documents})
    outcomes = []
    for (_, document), stored in zip(documents, found, strict=True):
        event_id = document["event"]["id"]
        same = digest(stored["_source"]) == digest(document)
        outcomes.append(
            Outcome(event_id, "existing")
            if same
            else Outcome(event_id, "conflict", "another event is stored under this id")
        )
    return outcomes


def _expect_to_see(documents: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    for document, stored in zip(documents, found, strict=True):
        if not stored.get("found"):
            raise WriteRefused(f"Event {document['event']['id']} is said to exist and cannot be read.")


def _expect_every_copy(trail: Trail, indices: set[str]) -> None:
    """That an event is there says nothing of its copies: it counts when no copy of its index is missing."""
    try:
        health = trail.client.cluster.health(index=",".join(sorted(indices)), params={"level": "indices"})["indices"]
    except TransportError as error:
        raise TrailUnavailable(f"Whether every copy is there cannot be told: {error}.") from error
    for index in sorted(indices):
        if health[index]["status"] != "green":
            raise WriteUnknown(f"A copy of {index} is missing, so events in it are not known to be on every copy.")
