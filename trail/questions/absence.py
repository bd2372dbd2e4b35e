"""That there is no such event: a search that found nothing as a statement, which is kept, proved, and asked again.

The statement is JSON; what stands for it everywhere is the SHA-256 of its canonical form (RFC 8785).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import rfc8785

from trail import coverage
from trail.connection import Trail, asking
from trail.coverage import Coverage, Doubt
from trail.errors import BadQuery
from trail.search import bodies, execute, firsts
from trail.search.spec import Scope, Search
from trail.search.words import span, words

FORMAT = "audit-trail-absence/v1"
Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search found at one moment: how many events `found`, and what was looked through."""

    search: Search
    found: int
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Again:
    """The same asked later: how many such events had been taken in by then after all, and how many came in `later`."""

    by_then: int
    later: int


def look(trail: Trail, search: Search, scope: Scope, *, within: Scope, now: datetime) -> Looked:
    """Ask now, with what a person may find; what was looked through is told of `within`, as others may ask it again.

    What was acknowledged before is found: the engine is told to show it first. Raises BadQuery, TrailUnavailable.
    """
    absolute = _fixed(search).resolved(now)
    query = bodies.query(absolute, scope)
    if firsts.asks_for_firsts({"query": query}):
        raise BadQuery("That there is no such first is nothing to pin: an event that arrives later may become one.", 0)
    if _moves(query):
        raise BadQuery("Write the times in the query itself as dates, not as now-…: it must ask the same for ever.", 0)
    refresh(trail)
    found, extent = execute.ask_all(trail, [_number(absolute, scope), coverage.body(within)])
    covered = coverage.read(extent, now)
    return Looked(absolute, found["hits"]["total"]["value"], covered.doubted(_beside_the_trail(absolute, covered)))


def _beside_the_trail(search: Search, covered: Coverage) -> Iterator[Doubt]:
    """Why nothing could be found whatever happened: the trail holds nothing of that time, or not yet."""
    if covered.earliest is None:
        yield Doubt("The trail holds no event at all.")
    elif search.end and _moment(search.end) <= _moment(covered.earliest):
        yield Doubt(f"The trail's earliest event is of {covered.earliest}: it holds nothing of that time.")
    if search.start and _moment(search.start) >= _moment(covered.asked_at):
        yield Doubt("That time had not yet come when it was asked.")


def refresh(trail: Trail) -> None:
    """Have the engine show what was acknowledged before this was called. Raises TrailUnavailable."""
    options = {"allow_no_indices": "true", "ignore_unavailable": "true", "expand_wildcards": "open"}
    with asking("What has just arrived could not be looked at"):
        trail.client.indices.refresh(index=f"{trail.prefix}-events-*", params=options)


def statement(
    looked: Looked, *, by: dict[str, str], left_out: str, checkpoint: dict[str, Any] | None
) -> dict[str, Any]:
    """What is kept. `left_out` says what could not be found by this person; `checkpoint` is the newest of the sealed log."""
    search, covered = looked.search, looked.coverage
    return {
        "format": FORMAT,
        "asked_at": covered.asked_at,
        "asked_by": by,
        "query": {"words": words(search), "url": search.to_query()},
        "range": {"from": search.start, "to": search.end, "words": span(search.start, search.end)},
        "counted": looked.found,
        "provisional": not covered.whole,
        "coverage": asdict(covered) | {"doubts": [asdict(doubt) for doubt in covered.doubts]},
        "left_out": left_out,
        "checkpoint": checkpoint,
    }


def form(statement: Statement) -> bytes:
    """The canonical form, RFC 8785."""
    return rfc8785.dumps(statement)


def digest(statement: Statement) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(form(statement)).hexdigest()


def stands_at(statement: Statement) -> str:
    """Where it stands in time: the end of what it speaks of, which is the moment it was asked where that came first.

    That there was nothing is known of the whole range only at its end, and of no time after the asking.
    """
    end, asked = statement["range"]["to"], str(statement["asked_at"])
    return min(end, asked, key=_moment) if end else asked


def coverage_of(statement: Statement) -> Coverage:
    """What had been searched, as it was told then."""
    kept = statement["coverage"]
    return Coverage(**kept | {"doubts": tuple(Doubt(**doubt) for doubt in kept["doubts"])})


def again(trail: Trail, statement: Statement, within: Scope) -> Again:
    """Ask the same of what had been taken in by then, and of what came later. Raises TrailUnavailable, BadQuery."""
    search = Search.from_query(statement["query"]["url"])
    until = statement["coverage"]["ingested_until"] or statement["asked_at"]
    known = replace(search, ingested_until=until)
    then, now = (
        answer["hits"]["total"]["value"]
        for answer in execute.ask_all(trail, [_number(known, within), _number(search, within)])
    )
    return Again(by_then=then, later=now - then)


def _fixed(search: Search) -> Search:
    """Without what is not asked, and of everything that has arrived."""
    return replace(search, filters=tuple(chip for chip in search.filters if not chip.disabled), ingested_until=None)


def _moves(query: Any) -> bool:
    """Whether a time in it means another moment each time it is asked."""
    if isinstance(query, dict):
        ends = query.get("range", {}).values() if isinstance(query.get("range"), dict) else ()
        relative = any(str(end).startswith("now") for one in ends if isinstance(one, dict) for end in one.values())
        return relative or any(_moves(one) for one in query.values())
    return isinstance(query, list) and any(_moves(one) for one in query)


def _number(search: Search, scope: Scope) -> bodies.Body:
    return bodies.count(search, scope) | {"size": 0, "track_total_hits": True}


def _moment(time: str) -> datetime:
    parsed = datetime.fromisoformat(time)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
