"""Sends bodies to the engine, one or many in a round trip, and raises where a response is an error or not whole.

It also opens and closes points in time, and shows and ends the searches that the engine works for.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from opensearchpy.exceptions import NotFoundError, TransportError

from trail.connection import NO_PIPELINE, Trail, read_shard_limit, translate_errors
from trail.errors import Incomplete
from trail.search import completeness, first_seen_index
from trail.search.bodies.index_counts import build_index_counts, read_index_counts
from trail.search.completeness import SealedCounts
from trail.search.first_seen_index import Body
from trail.search.responses import (
    IN_PART,
    LACKING,
    Response,
    describe_missing,
    describe_unreadable,
    expect_answered,
    expect_whole,
    root_cause,
    translated_errors,
)

Name = TypeVar("Name")  # what a body is called among those of one round trip
KEEP_ALIVE = "3m"
FIRST_SEEN_NOT_KNOWN = "What is first seen is not known yet. See that manage.py keep_first_seen runs."
OPAQUE_ID = "X-Opaque-Id"
_SHARD_OF_TASK = re.compile(r"shardId\[\[(?P<index>.+)\]\[(?P<shard>\d+)\]\]")
_PROGRESS = "How far the search is could not be asked"


# --- Sending ---------------------------------------------------------------------------------------------------------


def send(
    trail: Trail,
    body: Body,
    *,
    opaque_id: str | None = None,
    indices: Collection[str] = (),
    shard: int | None = None,
    expected: SealedCounts | None = None,
) -> Response:
    """One body to the whole trail, or to some of its indices, or to the point in time that the body names.

    With `shard` it is asked of the shard of this number of each index alone.
    A trail without any index yet is an empty one. Raises BadQuery, Incomplete, TrailUnavailable.
    """
    return send_all(trail, {"": body}, opaque_id=opaque_id, indices=indices, shard=shard, expected=expected)[""]


def send_all(
    trail: Trail,
    bodies: Mapping[Name, Body],
    *,
    opaque_id: str | None = None,
    in_part: bool = False,
    indices: Collection[str] = (),
    shard: int | None = None,
    expected: SealedCounts | None = None,
) -> dict[Name, Response]:
    """Several bodies in one round trip, or in none where there are none; each response by the name of its body.

    Whatever asks the whole trail is whole: every index answers for as many events as are sealed in it. A point in time was
    compared when it was new; who reads it for the first time passes what was `expected` before it was opened.
    With `in_part` a response may lack events, shards or time (see `describe_missing`), else every one is whole. Raises
    BadQuery, Incomplete, TrailUnavailable; NotFoundError for a point in time that has ended.
    """
    if not bodies:
        return {}
    is_point_new = expected is not None
    if expected is None and not indices and any("pit" not in body for body in bodies.values()):
        expected = completeness.read_expected(trail)
    request = _Request(trail, list(bodies.values()), opaque_id, in_part, indices, shard, expected or {}, is_point_new)
    responses = request.ask()
    for response in responses:
        expect_answered(response, in_part=in_part)
    return {
        name: _with_events(trail, body, response if in_part else expect_whole(response))
        for (name, body), response in zip(bodies.items(), responses, strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Request:
    """Bodies of one round trip, where they are asked, and how many events each index must show beside them.

    A point in time that is not new shows what there was when it was opened, so the trail is counted beside it.
    """

    trail: Trail
    bodies: list[Body]
    opaque_id: str | None
    in_part: bool
    indices: Collection[str]
    shard: int | None
    expected: SealedCounts
    is_point_new: bool

    def ask(self) -> list[Response]:
        """A response to each body. Raises Incomplete where events are missing, or says so in the response."""
        responses = self._send(passes_over_closed=False)
        closed = ""
        if self.in_part and (closed := next(filter(None, map(_describe_closed, responses[: len(self.bodies)])), "")):
            responses = self._send(passes_over_closed=True)  # what can be read is shown
        number = len(self.bodies)
        responses, counts = responses[:number], responses[number:]
        if self._counts_first_seen():
            self._judge_first_seen(responses, counts.pop())
        lacking = self._find_lacking(counts[0]) if counts else ""
        if lacking := lacking or closed:
            self._say(responses, lacking)
        return responses

    def _send(self, *, passes_over_closed: bool) -> list[Response]:
        params = _params(self.trail) | ({"allow_partial_search_results": "true"} if self.in_part else {})
        bodies = [(self._target(body, passes_over_closed), _as_sent(self.trail, body)) for body in self.bodies]
        lines = [
            line for target, body in [*bodies, *self._count(passes_over_closed)] for line in (target | params, body)
        ]
        with translated_errors():
            answer = self.trail.client.msearch(body=lines, params=_concurrency(), headers=_headers(self.opaque_id))
        return list(answer["responses"])

    def _target(self, body: Body, passes_over_closed: bool) -> dict[str, Any]:
        """Where a body is asked: an index that is hidden is asked too, and one that is closed or gone is an error."""
        if "pit" in body:
            return {}
        preference = {} if self.shard is None else {"preference": f"_shards:{self.shard}"}
        if self.indices:
            return {"index": sorted(self.indices)} | preference
        index = first_seen_index.choose_index(self.trail.prefix, body)
        if first_seen_index.asks_for_first_seen(body):
            return {"index": index, "ignore_unavailable": "true"}
        return {"index": index, "expand_wildcards": "open,hidden" if passes_over_closed else "all"} | preference

    def _count(self, passes_over_closed: bool) -> Iterator[tuple[dict[str, Any], Body]]:
        """What is asked beside the bodies: the number of events by index, last, so that it sees what they can have seen."""
        body = build_index_counts()
        if self.expected:
            points = [body["pit"] for body in self.bodies if "pit" in body and not _asks_first_seen(body)]
            counted = body | ({"pit": points[0]} if points and self.is_point_new else {})
            yield self._target(counted, passes_over_closed), _as_sent(self.trail, counted)
        if self._counts_first_seen():
            yield {"index": first_seen_index.name_index(self.trail.prefix)}, _as_sent(self.trail, body)

    def _counts_first_seen(self) -> bool:
        return not self.indices and any(_asks_first_seen(body) for body in self.bodies)

    def _find_lacking(self, counted: Response) -> str:
        """What the trail lacks by the number of its events, what is searched with it and is none of it, or may not be found."""
        if "error" in counted:
            return (
                describe_unreadable(counted["error"]) or f"its events were not counted: {root_cause(counted['error'])}"
            )
        counts = read_index_counts(counted)
        return (
            completeness.describe_lacking(self.expected, counts)
            or completeness.describe_foreign(self.trail.prefix, counts)
            or completeness.read_doubt(self.trail)
            or describe_missing(counted)
        )

    def _say(self, responses: list[Response], lacking: str) -> None:
        if not self.in_part:
            for response in responses:
                expect_answered(response, in_part=False)  # what was refused is refused, whatever is missing
            raise Incomplete(IN_PART.format(lacking))
        for response in responses:
            response[LACKING] = lacking

    def _judge_first_seen(self, responses: list[Response], counted: Response) -> None:
        """The index of first seen is asked as itself, never through an alias, and is not closed. It may not be there yet."""
        name = first_seen_index.name_index(self.trail.prefix)
        if "error" in counted:
            what = "" if counted.get("status") == 404 else describe_unreadable(counted["error"]) or "it does not answer"
        else:
            names = read_index_counts(counted).keys() - {name}
            what = f"{name} is an alias of {min(names)}" if names else ""
        if what and not self.in_part:
            raise Incomplete(f"What is first seen cannot be read: {what}.")
        if what:
            for body, response in zip(self.bodies, responses, strict=True):
                if _asks_first_seen(body) and "_shards" in response:
                    response["_shards"] = {"total": 0, "failed": 1}


def _asks_first_seen(body: Body) -> bool:
    return first_seen_index.asks_for_first_seen(body)


def _describe_closed(response: Response) -> str:
    """Which index is closed, where that is why a body has no answer."""
    what = describe_unreadable(response.get("error"))
    return what if response.get("status") == 400 else ""


def _params(trail: Trail) -> dict[str, Any]:
    """A whole answer or none; and what nobody waits for any more is ended in the engine too."""
    return {"allow_partial_search_results": "false", "cancel_after_time_interval": f"{trail.patience * 1000:.0f}ms"}


def _concurrency() -> dict[str, Any]:
    """On how much the engine may work at once for one request; nothing where that is the engine's own choice."""
    limit = read_shard_limit()
    return {"max_concurrent_shard_requests": limit, "max_concurrent_searches": limit} if limit is not None else {}


def _as_sent(trail: Trail, body: Body) -> Body:
    """The engine gives up a little before we do, so that it is the engine that says why; no pipeline of it changes a search."""
    patience = {"timeout": f"{trail.patience * 800:.0f}ms"}
    return {**first_seen_index.ask_for_places(body), **patience, "search_pipeline": NO_PIPELINE}


def _headers(opaque_id: str | None) -> dict[str, str]:
    """What a request says of itself so that the engine shows it under this name among its tasks."""
    return {OPAQUE_ID: opaque_id} if opaque_id else {}


def _with_events(trail: Trail, body: Body, response: Response) -> Response:
    """A response whose hits are the trail's own events, also where they were found by their copies. Raises Incomplete."""
    if first_seen_index.finds_events(body):
        if not response["_shards"]["total"]:
            raise Incomplete(FIRST_SEEN_NOT_KNOWN)
        if hits := response["hits"]["hits"]:
            _put_events(trail, hits, body.get("_source", True))
    return response


def _put_events(trail: Trail, copies: list[dict[str, Any]], source: Any) -> None:
    """Put the events themselves into the place of their copies, which nobody seals. One round trip."""
    with translated_errors():
        events = trail.client.mget(body={"docs": first_seen_index.name_events(copies, source)})["docs"]
    missing = [event["_id"] for event in events if not event.get("found")]
    if missing:
        raise Incomplete(f"The trail does not show {len(missing)} of the events that were found, {missing[0]} first.")
    for copy, event in zip(copies, events, strict=True):
        del copy["_source"]
        copy |= {name: event[name] for name in ("_index", "_id", "_seq_no", "_source") if name in event}


# --- Points in time --------------------------------------------------------------------------------------------------


@contextmanager
def point_in_time(trail: Trail, index: str = "") -> Iterator[str]:
    """A view of the trail, or of one index, that does not move while it is read; closed at the end."""
    point = open_point(trail, index, KEEP_ALIVE)
    try:
        yield point
    finally:
        close_point(trail, point)


def open_point(trail: Trail, index: str, keep_alive: str) -> str:
    """A point in time that the engine keeps for so long after each reading of it; its id."""
    with translated_errors():
        response = trail.client.create_pit(
            index=index or f"{trail.prefix}-events-*",
            params={"keep_alive": keep_alive, "allow_partial_pit_creation": "false", "expand_wildcards": "all"},
        )
    return str(response["pit_id"])


def close_point(trail: Trail, point: str) -> None:
    """It ends by itself when its time is over; what was read stays right."""
    with suppress(TransportError):
        trail.client.delete_pit(body={"pit_id": [point]})


def has_indices(trail: Trail, body: Body) -> bool:
    """Whether there is anything yet that a body can be asked of.

    Raises Incomplete where first seen is not known yet, and where events are sealed that no index holds any more.
    """
    expected = completeness.read_expected(trail)
    index = first_seen_index.choose_index(trail.prefix, body)
    with translated_errors():
        exists = trail.client.indices.exists(
            index=index, params={"allow_no_indices": "false", "expand_wildcards": "all"}
        )
    if not exists and _asks_first_seen(body):
        raise Incomplete(FIRST_SEEN_NOT_KNOWN)
    if not exists and (lacking := completeness.describe_lacking(expected, {})):
        raise Incomplete(IN_PART.format(lacking))
    return bool(exists)


# --- Searches that the engine works for ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EngineProgress:
    """The parts (shards) of the trail that are being searched, by their index, oldest first; how many parts there are in
    all; and whether the engine works for this search at all."""

    indices: tuple[str, ...]
    parts: int
    of: int
    running: bool


def read_progress(trail: Trail, opaque_id: str) -> EngineProgress:
    """How far the searches under this X-Opaque-Id are, in two small requests. Raises TrailUnavailable."""
    with translate_errors(_PROGRESS):
        tasks = _tasks_of(trail, opaque_id)
        all_parts = trail.client.search_shards(index=f"{trail.prefix}-events-*")["shards"]
    parts = {part for task in tasks.values() if (part := _shard_of(task))}
    return EngineProgress(tuple(sorted({index for index, _ in parts})), len(parts), len(all_parts), bool(tasks))


def cancel_searches(trail: Trail, opaque_id: str) -> int:
    """End the searches under this X-Opaque-Id in the engine; how many there were. Raises TrailUnavailable."""
    with translated_errors():
        tasks = [key for key, task in _tasks_of(trail, opaque_id).items() if "parent_task_id" not in task]
        for task_id in tasks:
            try:
                trail.client.tasks.cancel(task_id=task_id)
            except NotFoundError:
                continue  # it ended by itself meanwhile
    return len(tasks)


def _tasks_of(trail: Trail, opaque_id: str) -> dict[str, dict[str, Any]]:
    """The engine's tasks under an X-Opaque-Id, by the engine's own names."""
    nodes = trail.client.tasks.list(params={"actions": "*search*", "detailed": "true"}).get("nodes", {})
    tasks = {key: task for node in nodes.values() for key, task in node["tasks"].items()}
    return {key: task for key, task in tasks.items() if task.get("headers", {}).get(OPAQUE_ID) == opaque_id}


def _shard_of(task: dict[str, Any]) -> tuple[str, str] | None:
    match = _SHARD_OF_TASK.search(task.get("description") or "")
    return (match["index"], match["shard"]) if match else None
