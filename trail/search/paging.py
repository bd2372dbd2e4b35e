"""Go on with a search page after page. Every page after the first is read from one point in time.

The first page comes with its histogram and facets (trail.search.execute.page) and opens nothing: most searches end there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from opensearchpy.exceptions import NotFoundError

from trail.connection import Trail
from trail.errors import Incomplete, PointEnded, TrailUnavailable
from trail.search import bodies, execute, firsts, novelty
from trail.search.execute import Hit
from trail.search.novelty import Marks
from trail.search.spec import Scope, Search

# The engine keeps a point for so long after each page; whoever thinks longer than that goes on from where they stand.
SECONDS = 300
KEEP_ALIVE = f"{SECONDS}s"


@dataclass(frozen=True, slots=True)
class Further:
    """A further page; `marks` say of which kinds its events are firsts. `point` is where the next one is read from: None where
    this is the last, or nothing is held open."""

    hits: list[Hit]
    marks: Marks
    is_last: bool
    point: str | None


def page(trail: Trail, search: Search, scope: Scope, *, after: list[Any], point: str | None = None,
         size: int = bodies.PAGE_SIZE) -> Further:  # fmt: skip
    """The events after a place, from a point in time; without one, a point is opened first.

    The search has to say what had arrived by when (`ingested_until`), so that the first page and these fit together. Raises
    PointEnded, BadQuery, TrailUnavailable.
    """
    if search.ingested_until is None:
        raise ValueError("pages that go on are of what had arrived by one moment")
    body = bodies.hits(search, scope, size=size, after=after)
    point = point or _opened(trail, body)
    held = body | ({"pit": {"id": point, "keep_alive": KEEP_ALIVE}} if point else {})
    answer, about_firsts = _ask(trail, [held, novelty.marks(search, scope, size=size, after=after)])
    hits = [execute.hit(one) for one in answer["hits"]["hits"]]
    point = answer.get("pit_id", point)
    if point and len(hits) < size:
        execute.close_point(trail, point)
        point = None
    return Further(hits, novelty.read_marks(about_firsts), is_last=len(hits) < size, point=point)


def _opened(trail: Trail, body: dict[str, Any]) -> str | None:
    """A point, or none where the engine holds as many as it may: events never change and `ingested_until` keeps out what
    arrives, so the pages fit together all the same."""
    try:
        return execute.open_point(trail, firsts.where(trail.prefix, body), KEEP_ALIVE)
    except (TrailUnavailable, NotFoundError):
        return None


def _ask(trail: Trail, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        return execute.ask_all(trail, asked)
    except NotFoundError as error:
        if "search_context_missing_exception" in str(error.info):
            raise PointEnded("The point in time that these pages were read from has ended.") from error
        raise Incomplete("The trail could not answer: an index of it was being made anew.") from error


def newer(trail: Trail, search: Search, scope: Scope, *, since: str, now: datetime) -> int:
    """How many events of a search have arrived after `since`, without what the person themselves did in the console.

    Times that are relative are as they were then at the beginning, and as they are now at the end.
    """
    then = search.resolved(datetime.fromisoformat(since))
    body = bodies.query(replace(then, end=search.resolved(now).end, ingested_until=None), scope)
    body["bool"]["filter"].append({"range": {"event.ingested": {"gt": since}}})
    own = {
        "bool": {"filter": [{"term": {"event.dataset": bodies.JOURNAL_DATASET}}, {"term": {"user.id": scope.user_id}}]}
    }
    body["bool"].setdefault("must_not", []).append(own)
    found = execute.ask(trail, {"query": body, "size": 0, "track_total_hits": True})
    return int(found["hits"]["total"]["value"])
