"""What an answer of the engine is worth: an error that says what it means, a whole answer, or a part of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import NotFoundError, TransportError

from trail.connection import Trail
from trail.errors import BadQuery, Incomplete, TrailUnavailable
from trail.search import firsts

NO_FIRSTS = "Which events are firsts is not known yet. See that manage.py keep_trail runs."


@contextmanager
def speaking() -> Iterator[None]:
    """Every error of the engine becomes one that says what it means."""
    try:
        yield
    except EngineConnectionError as error:
        raise TrailUnavailable("The trail (OpenSearch) does not answer.") from error
    except NotFoundError:
        raise
    except TransportError as error:
        if error.status_code == 400:
            raise BadQuery(f"The search engine refused this search: {_why(error)}.") from error
        raise Incomplete(f"The trail could not answer the search in full: {_why(error)}.") from error


def _why(error: TransportError) -> str:
    return cause(error.info.get("error") if isinstance(error.info, dict) else None) or str(error.error)


def cause(error: Any) -> str:
    """The engine's own words for what went wrong at the root of it."""
    if not isinstance(error, dict):
        return ""
    roots = error.get("root_cause") or [error.get("caused_by") or error]
    return str(roots[0].get("reason") or error.get("reason") or "")


def whole(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer that lacks a shard or ran out of time is no answer."""
    shards = answer.get("_shards", {})
    if answer.get("timed_out") or shards.get("failed"):
        what = (
            "it ran out of time"
            if answer.get("timed_out")
            else f"{shards['failed']} of {shards['total']} shards failed"
        )
        raise Incomplete(f"The trail answered in part only ({what}); nothing of that answer is shown.")
    return answer


def missing(answer: dict[str, Any]) -> str:
    """What an answer lacks, in words; nothing for a whole one."""
    shards = answer["_shards"]
    lacks = []
    if answer.get("timed_out"):
        lacks.append("time ran out before everything was read")
    if shards["failed"]:
        what = cause(shards["failures"][0].get("reason")) if shards.get("failures") else ""
        lacks.append(f"{shards['failed']} of {shards['total']} shards did not answer{f' ({what})' if what else ''}")
    return " and ".join(lacks)


def with_events(trail: Trail, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose hits are the trail's own events, also where they were found by their copies. Raises Incomplete."""
    if firsts.finds_events(body):
        if not answer["_shards"]["total"]:
            raise Incomplete(NO_FIRSTS)
        if found := answer["hits"]["hits"]:
            _put_events(trail, found, body.get("_source", True))
    return answer


def _put_events(trail: Trail, copies: list[dict[str, Any]], source: Any) -> None:
    """Put the events themselves into the place of their copies, which nobody seals. One round trip."""
    with speaking():
        events = trail.client.mget(body={"docs": firsts.events_of(copies, source)})["docs"]
    gone = [event["_id"] for event in events if not event.get("found")]
    if gone:
        raise Incomplete(f"The trail does not show {len(gone)} of the events that were found, {gone[0]} first.")
    for copy, event in zip(copies, events, strict=True):
        del copy["_source"]
        copy |= {name: event[name] for name in ("_index", "_id", "_seq_no", "_source") if name in event}
