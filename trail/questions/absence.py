"""States that there is no such event: a search that found nothing is kept, proved, and asked again.

The statement is JSON; what stands for it everywhere is the SHA-256 of its canonical form (RFC 8785).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import rfc8785

from trail.connection import Trail, translate_errors
from trail.errors import BadQuery
from trail.questions import coverage
from trail.questions.coverage import Coverage, Doubt
from trail.search import execute, first_seen_index
from trail.search.bodies.page import build_number
from trail.search.bodies.query import build_query
from trail.search.describe import describe_range, describe_search
from trail.search.spec import Scope, Search
from trail.times import parse_time

FORMAT = "audit-trail-absence/v1"
Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CountedSearch:
    """What a search found at one moment: their `number`, and what was looked through."""

    search: Search
    number: int
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class CountedAgain:
    """The same asked later: how many such events had been taken in by then after all, and how many came in `later`."""

    by_then: int
    later: int


def count_events(trail: Trail, search: Search, scope: Scope, *, within: Scope, now: datetime) -> CountedSearch:
    """Ask now, with what a person may find; what was looked through is told of `within`, as others may ask it again.

    What was acknowledged before is found: the engine is told to show it first. Raises BadQuery, TrailUnavailable.
    """
    absolute = _fix(search).resolved(now)
    query = build_query(absolute, scope)
    if first_seen_index.asks_for_first_seen({"query": query}):
        raise BadQuery("That there is no such first is nothing to pin: an event that arrives later may become one.", 0)
    if _has_relative_time(query):
        raise BadQuery("Write the times in the query itself as dates, not as now-…: it must ask the same for ever.", 0)
    refresh(trail)
    bodies = {"number": build_number(absolute, scope), "coverage": coverage.build_coverage(within)}
    responses = execute.ask_all(trail, bodies)
    covered = coverage.read_coverage(responses["coverage"], now)
    number = execute.read_total(responses["number"])
    return CountedSearch(absolute, number, covered.doubted(_find_doubts(absolute, covered)))


def _find_doubts(search: Search, covered: Coverage) -> Iterator[Doubt]:
    """Why nothing could be found whatever happened: the trail holds nothing of that time, or not yet."""
    if covered.earliest is None:
        yield Doubt("The trail holds no event at all.")
    elif search.end and parse_time(search.end) <= parse_time(covered.earliest):
        yield Doubt(f"The trail's earliest event is of {covered.earliest}: it holds nothing of that time.")
    if search.start and parse_time(search.start) >= parse_time(covered.asked_at):
        yield Doubt("That time had not yet come when it was asked.")


def refresh(trail: Trail) -> None:
    """Have the engine show what was acknowledged before this was called. Raises TrailUnavailable."""
    options = {"allow_no_indices": "true", "ignore_unavailable": "true", "expand_wildcards": "open,hidden"}
    with translate_errors("What has just arrived could not be looked at"):
        trail.client.indices.refresh(index=f"{trail.prefix}-events-*", params=options)


def build_statement(
    counted: CountedSearch, *, by: dict[str, str], left_out: str, checkpoint: dict[str, Any] | None
) -> dict[str, Any]:
    """What is kept. `left_out` says what could not be found by this person; `checkpoint` is the newest of the sealed log."""
    search, covered = counted.search, counted.coverage
    return {
        "format": FORMAT,
        "asked_at": covered.asked_at,
        "asked_by": by,
        "query": {"words": describe_search(search), "url": search.to_query()},
        "range": {"from": search.start, "to": search.end, "words": describe_range(search.start, search.end)},
        "counted": counted.number,
        "provisional": not covered.whole,
        "coverage": asdict(covered) | {"doubts": [asdict(doubt) for doubt in covered.doubts]},
        "left_out": left_out,
        "checkpoint": checkpoint,
    }


def encode_statement(statement: Statement) -> bytes:
    """The canonical form, RFC 8785."""
    return rfc8785.dumps(statement)


def digest_statement(statement: Statement) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(encode_statement(statement)).hexdigest()


def find_time(statement: Statement) -> str:
    """Where it stands in time: the end of what it speaks of, which is the moment it was asked where that came first.

    That there was nothing is known of the whole range only at its end, and of no time after the asking.
    """
    end, asked_at = statement["range"]["to"], str(statement["asked_at"])
    return min(end, asked_at, key=parse_time) if end else asked_at


def read_coverage(statement: Statement) -> Coverage:
    """What had been searched, as it was told then."""
    coverage = statement["coverage"]
    return Coverage(**coverage | {"doubts": tuple(Doubt(**doubt) for doubt in coverage["doubts"])})


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


def _has_relative_time(query: Any) -> bool:
    """Whether a time in it means another moment each time it is asked."""
    if isinstance(query, dict):
        ends = query.get("range", {}).values() if isinstance(query.get("range"), dict) else ()
        relative = any(
            str(end).startswith("now") for field in ends if isinstance(field, dict) for end in field.values()
        )
        return relative or any(_has_relative_time(part) for part in query.values())
    return isinstance(query, list) and any(_has_relative_time(part) for part in query)
