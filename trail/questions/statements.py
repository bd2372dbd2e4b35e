"""Keeps what a search came to as a statement: JSON that names its search, what was looked through, and a checkpoint.

What stands for a statement everywhere is the SHA-256 of its canonical form (RFC 8785).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
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

Statement = dict[str, Any]
# Which labels of the event that puts a statement on record name its digest: the first is that of absences, which were first.
ABSENCE_LABEL, STATEMENT_LABEL = "absence", "statement"


@dataclass(frozen=True, slots=True)
class CountedSearch:
    """What a search found at one moment: their `number`, and what was looked through."""

    search: Search
    number: int
    coverage: Coverage


def count_search(trail: Trail, absolute: Search, scope: Scope, *, within: Scope, now: datetime) -> CountedSearch:
    """Ask now, with what a person may find; what was looked through is told of `within`, as others may ask it again.

    What was acknowledged before is found: the engine is told to show it first. Raises BadQuery, TrailUnavailable.
    """
    refresh(trail)
    bodies = {"number": build_number(absolute, scope), "coverage": coverage.build_coverage(within)}
    responses = execute.ask_all(trail, bodies)
    covered = coverage.read_coverage(responses["coverage"], now)
    return CountedSearch(absolute, execute.read_total(responses["number"]), covered)


def expect_lasting(search: Search, scope: Scope, *, no_first: str) -> None:
    """Raises BadQuery for what asks something else tomorrow: relative times; and first seen events, with the words `no_first`."""
    query = build_query(search, scope)
    if first_seen_index.asks_for_first_seen({"query": query}):
        raise BadQuery(no_first, 0)
    if _has_relative_time(query):
        raise BadQuery("Write the times in the query itself as dates, not as now-…: it must ask the same for ever.", 0)


def refresh(trail: Trail) -> None:
    """Have the engine show what was acknowledged before this was called. Raises TrailUnavailable."""
    options = {"allow_no_indices": "true", "ignore_unavailable": "true", "expand_wildcards": "open,hidden"}
    with translate_errors("What has just arrived could not be looked at"):
        trail.client.indices.refresh(index=f"{trail.prefix}-events-*", params=options)


def build_search_statement(
    counted: CountedSearch, *, format: str, by: dict[str, str], left_out: str, checkpoint: dict[str, Any] | None
) -> Statement:
    """What is kept of every search. `left_out` says what could not be found by this person; `checkpoint` is the newest of the
    sealed log."""
    search, covered = counted.search, counted.coverage
    return {
        "format": format,
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

    What a search finds is known of the whole range only at its end, and of no time after the asking.
    """
    end, asked_at = statement["range"]["to"], str(statement["asked_at"])
    return min(end, asked_at, key=parse_time) if end else asked_at


def read_coverage(statement: Statement) -> Coverage:
    """What had been searched, as it was told then."""
    coverage = statement["coverage"]
    return Coverage(**coverage | {"doubts": tuple(Doubt(**doubt) for doubt in coverage["doubts"])})


def find_digest(labels: Any) -> str | None:
    """The digest that the labels of an event name, where it puts a statement on record."""
    names: Iterable[str] = (ABSENCE_LABEL, STATEMENT_LABEL)
    named = (labels.get(name) for name in names) if isinstance(labels, dict) else ()
    return next((digest for digest in named if isinstance(digest, str)), None)


def _has_relative_time(query: Any) -> bool:
    """Whether a time in it means another moment each time it is asked."""
    if isinstance(query, dict):
        ends = query.get("range", {}).values() if isinstance(query.get("range"), dict) else ()
        relative = any(
            str(end).startswith("now") for field in ends if isinstance(field, dict) for end in field.values()
        )
        return relative or any(_has_relative_time(part) for part in query.values())
    return isinstance(query, list) and any(_has_relative_time(part) for part in query)
