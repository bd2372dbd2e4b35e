"""Judges the engine's responses: what of them is an error and means what, what they lack, and whether they are whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import NotFoundError, TransportError

from trail.connection import DeadlineOver
from trail.errors import BadQuery, Incomplete, TrailUnavailable

Response = dict[str, Any]
IN_PART = "The trail answered in part only ({}); nothing of that answer is shown."
LACKING = "lacking"  # in a response: what of the trail it does not speak of


@contextmanager
def translated_errors() -> Iterator[None]:
    """Every error of the engine becomes one that says what it means; a NotFoundError stays as it is."""
    try:
        yield
    except DeadlineOver as error:
        raise Incomplete("This took longer than it may, and was ended: ask for less, or later.") from error
    except EngineConnectionError as error:
        raise TrailUnavailable("The trail (OpenSearch) does not answer.") from error
    except NotFoundError:
        raise
    except TransportError as error:
        if isinstance(error.info, dict):
            expect_readable(error.info.get("error"))
        if error.status_code == 400:
            raise BadQuery(f"The search engine refused this search: {_reason_of(error)}.") from error
        raise Incomplete(f"The trail could not answer the search in full: {_reason_of(error)}.") from error


def _reason_of(error: TransportError) -> str:
    return root_cause(error.info.get("error") if isinstance(error.info, dict) else None) or str(error.error)


def root_cause(error: Any) -> str:
    """The engine's own words for what went wrong at the root of an error."""
    if not isinstance(error, dict):
        return ""
    roots = error.get("root_cause") or [error.get("caused_by") or error]
    return str(roots[0].get("reason") or error.get("reason") or "")


def expect_whole(response: Response) -> Response:
    """The same response. Raises Incomplete where a shard is missing or the time ran out."""
    shards = response.get("_shards", {})
    failed = count_failed(shards)
    if response.get("timed_out") or failed:
        what = "it ran out of time" if response.get("timed_out") else f"{failed} of {shards['total']} shards failed"
        raise Incomplete(IN_PART.format(what))
    return response


def count_failed(shards: Response) -> int:
    """How many shards gave no answer. One that no node holds is none that failed, by the engine's way of counting."""
    unanswered = int(shards["total"]) - int(shards["successful"]) if "successful" in shards else 0
    return max(int(shards.get("failed", 0)), unanswered)


def describe_missing(response: Response) -> str:
    """What a response lacks, in words; nothing for a whole one."""
    shards = response["_shards"]
    lacks = []
    if response.get("timed_out"):
        lacks.append("time ran out before everything was read")
    if failed := count_failed(shards):
        what = root_cause(shards["failures"][0].get("reason")) if shards.get("failures") else ""
        lacks.append(f"{failed} of {shards['total']} shards did not answer{f' ({what})' if what else ''}")
    if lacking := response.get(LACKING):
        lacks.append(lacking)
    return " and ".join(lacks)


def expect_answered(response: Response, *, in_part: bool) -> None:
    """Raise for one response of several that is an error itself."""
    if "error" not in response:
        return
    expect_readable(response["error"])
    reason = root_cause(response["error"])
    if response.get("status") == 400:
        raise BadQuery(f"The search engine refused this search: {reason}.")
    if response.get("status") == 404 and not in_part:
        raise NotFoundError(404, "", response)
    raise Incomplete(f"The trail could not answer{'' if in_part else ' in full'}: {reason}.")


def expect_readable(error: Any) -> None:
    """Raise Incomplete for an error that says that an index cannot be read as it is."""
    if unreadable := describe_unreadable(error):
        raise Incomplete(IN_PART.format(unreadable))


def describe_unreadable(error: Any) -> str:
    """Which index is closed or gone, in words; empty for any other error."""
    roots = error.get("root_cause") if isinstance(error, dict) else None
    for root in roots or ():
        if what := {"index_closed_exception": "closed", "index_not_found_exception": "gone"}.get(root.get("type")):
            return f"{root.get('index')} is {what}"
    return ""
