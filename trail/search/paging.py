"""Reads a search on, page after page. Every page after the first is read from one point in time.

The first page comes with its histogram and facets (trail.search.execute.read_page) and opens nothing: most searches end there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from opensearchpy.exceptions import NotFoundError

from trail.connection import Trail
from trail.errors import Incomplete, PointEnded, TrailUnavailable
from trail.search import completeness, engine, execute, first_seen_index
from trail.search.bodies import first_seen
from trail.search.bodies.first_seen import KindsByEvent
from trail.search.bodies.page import PAGE_SIZE, build_newer, build_numbered_hits
from trail.search.bodies.query import Body
from trail.search.completeness import SealedCounts
from trail.search.execute import Hit
from trail.search.responses import Response
from trail.search.spec import Scope, Search
from trail.times import parse_datetime

# The engine keeps a point for so long after each page; whoever thinks longer than that goes on from where they stand.
SECONDS = 300
KEEP_ALIVE = f"{SECONDS}s"


@dataclass(frozen=True, slots=True)
class FurtherPage:
    """A further page; `kinds_by_event` says of which kinds its events are the first. `point` is where the next one is read
    from: None where this is the last, or nothing is held open."""

    hits: list[Hit]
    kinds_by_event: KindsByEvent
    is_last: bool
    point: str | None


def read_page(
    trail: Trail, search: Search, scope: Scope, *, after: list[Any], point: str | None = None, size: int = PAGE_SIZE
) -> FurtherPage:
    """The events after a place, from a point in time; without one, a point is opened first.

    The search has to say what had arrived by when (`ingested_until`), so that the first page and these fit together. Raises
    PointEnded, BadQuery, TrailUnavailable.
    """
    if search.ingested_until is None:
        raise ValueError("pages that go on are of what had arrived by one moment")
    body = build_numbered_hits(search, scope, size=size, after=after)
    # Before the point is opened, which then shows as many or more; one that is read on was compared when it was new.
    expected = None if point else completeness.read_expected(trail)
    point = point or _open_point(trail, body)
    pinned = body | ({"pit": {"id": point, "keep_alive": KEEP_ALIVE}} if point else {})
    responses = _ask(
        trail,
        {"events": pinned, "first_seen": first_seen.build_kinds_on_page(search, scope, size=size, after=after)},
        expected,
    )
    hits = execute.read_hits(responses["events"])
    kinds = first_seen.read_kinds_by_event(responses["first_seen"])
    point = responses["events"].get("pit_id", point)
    if point and len(hits) < size:
        engine.close_point(trail, point)
        point = None
    return FurtherPage(hits, kinds, is_last=len(hits) < size, point=point)


def _open_point(trail: Trail, body: dict[str, Any]) -> str | None:
    """A point, or none where the engine holds as many as it may: events never change and `ingested_until` keeps out what
    arrives, so the pages fit together all the same."""
    try:
        return engine.open_point(trail, first_seen_index.choose_index(trail.prefix, body), KEEP_ALIVE)
    except (TrailUnavailable, NotFoundError):
        return None


def _ask(trail: Trail, bodies: dict[str, Body], expected: SealedCounts | None) -> dict[str, Response]:
    try:
        return execute.ask_all(trail, bodies, expected=expected)
    except NotFoundError as error:
        if "search_context_missing_exception" in str(error.info):
            raise PointEnded("The point in time that these pages were read from has ended.") from error
        raise Incomplete("The trail could not answer: an index of it was being made anew.") from error


def count_newer(trail: Trail, search: Search, scope: Scope, *, since: str, now: datetime) -> int:
    """How many events of a search have arrived after `since`, without what the person themselves did in the console.

    Times that are relative are as they were then at the beginning, and as they are now at the end.
    """
    then = search.resolved(parse_datetime(since))
    body = build_newer(replace(then, end=search.resolved(now).end, ingested_until=None), scope, since=since)
    return execute.read_total(execute.ask(trail, body))
