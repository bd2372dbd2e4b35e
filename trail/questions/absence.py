"""States that there is no such event: a search that found nothing is kept, proved, and asked again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trail.connection import Trail
from trail.questions.coverage import Coverage, Doubt
from trail.questions.statements import (
    CountedSearch,
    Statement,
    build_search_statement,
    count_search,
    expect_lasting,
)
from trail.search import execute
from trail.search.bodies.page import build_number
from trail.search.spec import Scope, Search
from trail.times import parse_time

FORMAT = "audit-trail-absence/v1"
_NO_FIRST = "That there is no such first is nothing to pin: an event that arrives later may become one."


@dataclass(frozen=True, slots=True)
class CountedAgain:
    """The same asked later: how many such events had been taken in by then after all, and how many came in `later`."""

    by_then: int
    later: int


def count_events(trail: Trail, search: Search, scope: Scope, *, within: Scope, now: datetime) -> CountedSearch:
    """Ask now, as `count_search` does, of everything that has arrived. Raises BadQuery, TrailUnavailable."""
    absolute = _fix(search).resolved(now)
    expect_lasting(absolute, scope, no_first=_NO_FIRST)
    counted = count_search(trail, absolute, scope, within=within, now=now)
    doubts = _find_doubts(absolute, counted.coverage)
    return replace(counted, coverage=counted.coverage.doubted(doubts))


def _find_doubts(search: Search, covered: Coverage) -> Iterator[Doubt]:
    """Why nothing could be found whatever happened: the trail holds nothing of that time, or not yet."""
    if covered.earliest is None:
        yield Doubt("The trail holds no event at all.")
    elif search.end and parse_time(search.end) <= parse_time(covered.earliest):
        yield Doubt(f"The trail's earliest event is of {covered.earliest}: it holds nothing of that time.")
    if search.start and parse_time(search.start) >= parse_time(covered.asked_at):
        yield Doubt("That time had not yet come when it was asked.")


def build_statement(
    counted: CountedSearch, *, by: dict[str, str], left_out: str, checkpoint: dict[str, Any] | None
) -> Statement:
    """What is kept. `left_out` says what could not be found by this person; `checkpoint` is the newest of the sealed log."""
    return build_search_statement(counted, format=FORMAT, by=by, left_out=left_out, checkpoint=checkpoint)


def count_again(trail: Trail, statement: Statement, within: Scope) -> CountedAgain:
    """Ask the same of what had been taken in by then, and of what came later. Raises TrailUnavailable, BadQuery."""
    search = Search.from_query(statement["query"]["url"])
    until = statement["coverage"]["ingested_until"] or statement["asked_at"]
    bodies = {
        "by_then": build_number(replace(search, ingested_until=until), within),
        "by_now": build_number(search, within),
    }
    numbers = {name: execute.read_total(response) for name, response in execute.ask_all(trail, bodies).items()}
    return CountedAgain(by_then=numbers["by_then"], later=numbers["by_now"] - numbers["by_then"])


def _fix(search: Search) -> Search:
    """Without what is not asked, and of everything that has arrived."""
    return replace(search, filters=tuple(chip for chip in search.filters if not chip.disabled), ingested_until=None)
