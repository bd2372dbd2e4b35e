"""Writes events to the trail: each is durable or refused. Writing the same event again changes nothing."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

import orjson
from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import TransportError

from trail.canonical_form import holds_same_record, is_same_event
from trail.connection import NO_PIPELINE, Trail, is_time_out
from trail.documents import get
from trail.errors import (
    InvalidEvent,
    TrailBusy,
    TrailError,
    TrailUnavailable,
    WriteRefused,
    WriteTimedOut,
    WriteUnknown,
)
from trail.events import Event, parse_event
from trail.mapping import ensure_index, expect_index, index_for, late_index
from trail.reserved_names import SIGNATURE, expect_unreserved
from trail.times import format_datetime
from trail.writing.circuit_breaker import send_watched
from trail.writing.taken_ids import Taken, find_taken

Status = Literal["created", "existing", "conflict", "invalid"]
# Small batches and more of them under way keep every core of the engine busy.
BATCH = 500
BATCH_BYTES = 8 * 1024 * 1024
SHARD_WAIT = "2s"  # that the engine waits for a shard that is not there to be written to, before it says so


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one event. `existing`: the same event was there; `conflict`: another event under its id.

    `is_same_record` says of a conflict that both were made of one source record, which was read otherwise before.
    """

    event_id: str
    status: Status
    reason: str = ""
    is_same_record: bool = False


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One event as it is sent, the two lines of a bulk action; or, without lines, its outcome already."""

    document: dict[str, Any]
    index: str = ""
    lines: bytes = b""
    outcome: Outcome | None = None


def write(
    trail: Trail, documents: Iterable[dict[str, Any] | Event], *, refresh: bool = False, by_console: bool = False
) -> list[Outcome]:
    """Write events; the outcome of each, in order. `refresh` waits until they can be found. An Event is checked already.

    `by_console`: they are the console's own records. In the events of everybody else its names are invalid.

    Raises TrailUnavailable when the engine does not answer and WriteRefused when it did not take an event that is
    valid: then nothing is known to be durable beyond what an identical second call will report as existing.
    """
    ready = (_prepare(trail, document, by_console=by_console) for document in documents)
    return [outcome for batch in _batches(ready, BATCH) for outcome in _send(trail, batch, refresh)]


def write_many(
    trail: Trail, documents: Iterable[dict[str, Any] | Event], *, batch: int = BATCH, threads: int = 4
) -> Iterator[Outcome]:
    """Write a stream of events in batches, at most `threads` under way: memory stays flat. Outcomes come in order.

    The stream is read and checked here while the threads wait for the engine.
    """
    under_way: deque[Future[list[Outcome]]] = deque()
    ready = (_prepare(trail, document) for document in documents)
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


def _prepare(trail: Trail, document: dict[str, Any] | Event, *, by_console: bool = False) -> _Prepared:
    try:
        event = document if isinstance(document, Event) else parse_event(document)
        if not by_console:
            expect_unreserved(event.document)
    except InvalidEvent as error:
        return _Prepared({}, outcome=Outcome(str(_read_id(document)), "invalid", str(error)))
    ingested = format_datetime(datetime.now(UTC))
    stored = {**event.document, "event": {**event.document["event"], "ingested": ingested}}
    index = index_for(trail.prefix, event.timestamp)
    target = {"create": {"_index": index, "_id": event.id}}
    return _Prepared(event.document, index, b"%b\n%b\n" % (orjson.dumps(target), orjson.dumps(stored)))


def _batches(ready: Iterable[_Prepared], most: int) -> Iterator[list[_Prepared]]:
    """Batches of at most `most` events and BATCH_BYTES, for the engine refuses a request that is too large."""
    batch: list[_Prepared] = []
    size = 0
    for prepared in ready:
        if batch and (len(batch) >= most or size + len(prepared.lines) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(prepared)
        size += len(prepared.lines)
    if batch:
        yield batch


def attempt_writes(
    trail: Trail, documents: Iterable[dict[str, Any] | Event], *, by_console: bool = False
) -> list[Outcome | TrailError]:
    """Write events; the outcome or the error of each, in order. An error of one event does not affect the others.

    `by_console`: as in `write`.

    WriteRefused: it was not written (TrailBusy: for now). WriteUnknown, TrailUnavailable: it may be there, or not on every copy.
    """
    ready = (_prepare(trail, document, by_console=by_console) for document in documents)
    return [answer for batch in _batches(ready, BATCH) for answer in _attempt(trail, batch, False)]


def _send(trail: Trail, batch: list[_Prepared], refresh: bool = False) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for answer in _attempt(trail, batch, refresh):
        if isinstance(answer, TrailError):
            raise answer
        outcomes.append(answer)
    return outcomes


def _attempt(trail: Trail, batch: list[_Prepared], refresh: bool) -> list[Outcome | TrailError]:
    """The outcome or the error of each, within two seconds where the engine hangs (trail.writing.circuit_breaker)."""
    if not any(prepared.lines for prepared in batch):
        return [prepared.outcome for prepared in batch if prepared.outcome]
    try:
        return send_watched(trail, partial(_attempt_now, trail, batch, refresh), _is_answered)
    except TrailUnavailable as error:
        return [prepared.outcome or error for prepared in batch]


def _is_answered(answers: list[Outcome | TrailError]) -> bool:
    return not any(isinstance(answer, TrailError) and is_time_out(answer) for answer in answers)


def _attempt_now(trail: Trail, batch: list[_Prepared], refresh: bool) -> list[Outcome | TrailError]:
    answers: list[Outcome | TrailError | None] = [prepared.outcome for prepared in batch]
    sent = [number for number, prepared in enumerate(batch) if prepared.lines]
    taken_ids: list[tuple[int, str]] = []
    try:
        if taken := find_taken(trail, [batch[number] for number in sent]):
            for place, result in taken.items():
                answers[sent[place]] = _refuse_taken(batch[sent[place]], result)
            sent = [number for number in sent if answers[number] is None]
        for index in {batch[n].index for n in sent}:
            expect_index(trail, index)
        items = _bulk(trail, [batch[n].lines for n in sent], refresh)
        items = _write_beside_finished_months(trail, [batch[n].lines for n in sent], items, refresh)
    except TrailError as error:
        return [answer or error for answer in answers]
    if trail.announce_write and any(item["create"]["status"] == 201 for item in items):
        trail.announce_write()
    for number, item in zip(sent, items, strict=True):
        result = item["create"]
        if result["status"] == 409:
            taken_ids.append((number, result["_index"]))
        else:
            answers[number] = _read_result(result)
    try:
        compared: list[Outcome | TrailError] = list(_compare(trail, [(i, batch[n].document) for n, i in taken_ids]))
    except TrailError as error:
        compared = [error for _ in taken_ids]
    for (number, _), outcome in zip(taken_ids, compared, strict=True):
        answers[number] = outcome
    return [answer for answer in answers if answer is not None]


def _refuse_taken(prepared: _Prepared, taken: Taken | TrailError) -> Outcome | TrailError:
    """What is said of an event whose id another month has, or may have: it is not sent."""
    if isinstance(taken, TrailError):
        return taken
    is_same_record, reason = taken
    return Outcome(prepared.document["event"]["id"], "conflict", reason, is_same_record)


def _read_result(result: dict[str, Any]) -> Outcome | TrailError:
    """What the engine says of one event that was not there yet."""
    event_id, status = result["_id"], result["status"]
    if status == 201:
        shards = result["_shards"]
        if shards["successful"] < shards["total"]:
            return WriteUnknown(f"Event {event_id} reached {shards['successful']} of {shards['total']} copies only.")
        return Outcome(event_id, "created")
    if status == 400:
        return Outcome(event_id, "invalid", _reason(result))
    return _error_type(status)(f"The trail did not take event {event_id}: {_reason(result)}.")


def _error_type(status: Any) -> type[WriteRefused]:
    """The error that a status of the engine means."""
    if status == 429:
        return TrailBusy
    return WriteRefused if isinstance(status, int) and status < 500 else WriteUnknown


def _read_id(document: Any) -> Any:
    if isinstance(document, Event):
        return document.id
    return get(document, "event.id") if isinstance(document, dict) else None


def _reason(result: dict[str, Any]) -> str:
    error = result.get("error", {})
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason', 'no reason given')}{f' ({cause})' if cause else ''}"


def _bulk(trail: Trail, lines: list[bytes], refresh: bool, *, first: bool = True) -> list[dict[str, Any]]:
    if not lines:
        return []
    body = b"".join(lines)
    # Not among the client's parameters, where `timeout` is its own.
    address = f"/_bulk?timeout={SHARD_WAIT}&pipeline={NO_PIPELINE}{'&refresh=wait_for' if refresh else ''}"
    try:
        answer = trail.client.transport.perform_request("POST", address, body=body)
    except EngineConnectionError as error:
        unknown = WriteTimedOut if is_time_out(error) else TrailUnavailable
        raise unknown("The trail does not answer, so nothing is known to be written to it.") from error
    except TransportError as error:
        raise _error_type(error.status_code)(f"The trail refused to write: {error}.") from error
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


def _write_beside_finished_months(
    trail: Trail, lines: list[bytes], items: list[dict[str, Any]], refresh: bool
) -> list[dict[str, Any]]:
    """Write late events: what a finished month does not hold goes into the index beside it.

    That index is there since the month's write block held on every shard (trail.maintenance.months), so an event that the month
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
    again = [_redirect(lines[number], late_index(_place(items[number])[0])) for number in absent]
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


def _redirect(lines: bytes, index: str) -> bytes:
    """The same event for another index."""
    action, _, document = lines.partition(b"\n")
    target = {"create": {**orjson.loads(action)["create"], "_index": index}}
    return b"%b\n%b" % (orjson.dumps(target), document)


def _read(trail: Trail, places: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is stored under each (index, id) now. Raises TrailUnavailable."""
    try:
        documents = trail.client.mget(body={"docs": [{"_index": index, "_id": key} for index, key in places]})["docs"]
    except TransportError as error:
        raise TrailUnavailable(f"The trail could not be read to compare events: {error}.") from error
    for document in documents:
        if "error" in document:
            raise TrailUnavailable(f"Event {document['_id']} could not be read to compare it: {_reason(document)}.")
    return list(documents)


def _compare(trail: Trail, documents: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    """Events whose ids were taken in these indices: the same event again, or another under the same id?"""
    if not documents:
        return []
    stored_documents = _read(trail, [(index, document["event"]["id"]) for index, document in documents])
    _expect_to_see([document for _, document in documents], stored_documents)
    _expect_every_copy(trail, {index for index, _ in documents})
    outcomes = []
    for (_, document), answer in zip(documents, stored_documents, strict=True):
        event_id, stored = document["event"]["id"], _leave_out_signature(answer["_source"])
        if is_same_event(stored, _leave_out_signature(document)):
            outcomes.append(Outcome(event_id, "existing"))
            continue
        is_same_record = holds_same_record(stored, document)
        outcomes.append(Outcome(event_id, "conflict", "another event is stored under this id", is_same_record))
    return outcomes


def _leave_out_signature(document: dict[str, Any]) -> dict[str, Any]:
    """An event without its signature: a record that is tried again after the key was rotated is the same."""
    return {name: value for name, value in document.items() if name != SIGNATURE}


def _expect_to_see(documents: list[dict[str, Any]], stored_documents: list[dict[str, Any]]) -> None:
    for document, stored in zip(documents, stored_documents, strict=True):
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
