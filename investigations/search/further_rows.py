"""Finds the rows of a search after those that are shown, and how many events have arrived since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.models import User
from core.connection import quick_trail, trail
from investigations.access import build_scope
from investigations.models import Case
from investigations.presentation import table
from investigations.presentation.event_rows import RowContext
from investigations.questions import services as questions
from investigations.search import table_preferences
from investigations.search.row_context import read_row_context
from investigations.search_url import SearchRequest
from trail.errors import BadQuery
from trail.search import paging
from trail.search.execute import Hit
from trail.search.spec import Search


@dataclass(frozen=True, slots=True)
class FurtherRows:
    """Events in order, what is known of them beside, and the name of the point in time that the next are read from.

    `until` is when the events of all pages had arrived.
    """

    hits: Sequence[Hit]
    rows: RowContext
    is_last: bool
    point_name: str
    until: str


def find_rows(
    search_request: SearchRequest, *, by: User, case: Case | None = None, point_name: str = ""
) -> FurtherRows:
    """The events after a request's place, read from the point in time of that name, and recorded.

    Raises PointEnded, BadQuery, TrailUnavailable, WriteRefused.
    """
    search = search_request.expect_search()
    after = search_request.after
    if after is None or search.ingested_until is None:
        raise BadQuery("This address does not say which page it means; begin at the first.", 0)
    point = table_preferences.find_point(point_name, user=by, search=search) if point_name else None
    absolute, scope = search.resolved(table.time_of_search(search)), build_scope(by)
    further = questions.ask(
        lambda: paging.read_page(trail(), absolute, scope, after=after, point=point),
        by=by,
        entry=questions.search_entry(search),
    )
    if further.point:
        point_name = table_preferences.keep_point(further.point, user=by, search=search, name=point_name)
    return FurtherRows(
        hits=further.hits,
        rows=read_row_context(further.hits, further.kinds_by_event, by=by, scope=scope, case=case),
        is_last=further.is_last,
        point_name=point_name,
        until=search.ingested_until,
    )


def count_newer(search: Search, *, by: User, since: str) -> int:
    """How many events that a search finds have arrived after `since` (RFC 3339). Raises TrailUnavailable."""
    return paging.count_newer(quick_trail(), search, build_scope(by), since=since, now=datetime.now(UTC))
