"""Bodies about firsts themselves, and how their answers are read: the marks of a page, how many of each kind, how far they are
known. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trail.pairing import ANY, FIELD, PAIRINGS
from trail.search import bodies
from trail.search.bodies import PAGE_SIZE, Body
from trail.search.firsts import ABOUT
from trail.search.spec import Filter, Scope, Search

_ANY = Filter(FIELD, (ANY,))
LATE = timedelta(seconds=30)
Marks = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Covered:
    """Firsts are known among all that had arrived by `until` (RFC 3339); None: not yet. `waiting` events are not read."""

    until: str | None
    waiting: int = 0

    def is_late(self, now: datetime) -> bool:
        """Whether a page should say how far it goes."""
        return self.until is None or now - datetime.fromisoformat(self.until) > LATE


@dataclass(frozen=True, slots=True)
class Firsts:
    """What a page says of firsts: which of its events are some, how many of all that matched by kind, how far that goes."""

    marks: Marks
    counts: dict[str, int]
    covered: Covered


NOTHING_KNOWN = Firsts({}, {}, Covered(None))


def beside(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> list[Body]:
    """What is asked of firsts beside a page, in the same round trip."""
    return [marks(search, scope, size=size, after=after), kinds(search, scope), progress()]


def marks(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> Body:
    """The firsts among the events of a page, asked beside the page itself and in the same order.

    A first that is among the page's `size` events is among as many firsts of the same search, so all that are there come.
    """
    # A point in time adds a key of its own to each event's place, which says nothing here.
    after = after[: len(bodies.order(search))] if after else None
    body = bodies.hits(search.with_filter(_ANY), scope, size=size, after=after)
    return body | {"_source": ABOUT}


def marks_of(event_ids: Sequence[str]) -> Body:
    """The firsts among some events, which whoever asks has found already."""
    query = {"bool": {"filter": [{"terms": {"novelty.event": list(event_ids)}}]}}
    return {"query": query, "size": len(event_ids), "track_total_hits": False, "_source": ABOUT}


def kinds(search: Search, scope: Scope) -> Body:
    """How many of a search's events are a first, by kind."""
    by_kind = {"terms": {"field": "novelty.kinds", "size": len(PAIRINGS)}}
    query = bodies.query(search.with_filter(_ANY), scope)
    return {"query": query, "size": 0, "track_total_hits": False, "_source": ABOUT, "aggs": {"kinds": by_kind}}


def progress() -> Body:
    """How far the trail was read for firsts."""
    return {"query": {"ids": {"values": ["progress"]}}, "size": 1, "track_total_hits": False, "_source": ABOUT}


def read(marks: dict[str, Any], kinds: dict[str, Any], progress: dict[str, Any]) -> Firsts:
    """The engine's answers to `beside`. Of what a shard kept back nothing is known."""
    if any(answer.get("timed_out") or answer["_shards"]["failed"] for answer in (marks, kinds, progress)):
        return NOTHING_KNOWN
    return Firsts(read_marks(marks), read_kinds(kinds), read_progress(progress))


def read_marks(answer: dict[str, Any]) -> Marks:
    """The engine's answer to `marks` or `marks_of`: of which kinds each event is a first."""
    found = (hit["_source"]["novelty"] for hit in answer["hits"]["hits"])
    return {one["event"]: tuple(one["kinds"]) for one in found}


def read_kinds(answer: dict[str, Any]) -> dict[str, int]:
    """The engine's answer to `kinds`: how many firsts of each kind, in the table's order."""
    buckets = answer.get("aggregations", {}).get("kinds", {}).get("buckets", [])
    counts = {bucket["key"]: int(bucket["doc_count"]) for bucket in buckets}
    return {pairing.name: counts.get(pairing.name, 0) for pairing in PAIRINGS}


def read_progress(answer: dict[str, Any]) -> Covered:
    """The engine's answer to `progress`, which does not say how many events wait."""
    found = answer["hits"]["hits"]
    return Covered(found[0]["_source"]["progress"]["until"] if found else None)
