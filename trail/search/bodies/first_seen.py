"""Builds the bodies that ask which events are the first of their kind, and reads the responses: by event, by kind, and how far
the trail was read for it. Pure.

What is stored in the index keeps its old names, `novelty.…`, and so does the word that people type in a search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trail.pairs import ANY, FIRST_SEEN_FIELD, PAIRS
from trail.search.bodies.page import PAGE_SIZE, build_hits, build_sort
from trail.search.bodies.query import Body
from trail.search.first_seen_index import KINDS_SOURCE
from trail.search.spec import Filter, Scope, Search
from trail.times import parse_datetime

_ANY = Filter(FIRST_SEEN_FIELD, (ANY,))
LATE = timedelta(seconds=30)
KindsByEvent = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FirstSeenCoverage:
    """First seen is known among all that had arrived by `until` (RFC 3339); None: not yet. `waiting` events are not read."""

    until: str | None
    waiting: int = 0

    def is_late(self, now: datetime) -> bool:
        """Whether a page should say how far it goes."""
        return self.until is None or now - parse_datetime(self.until) > LATE


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """Which events of a page are the first of their kind, how many of all that matched by kind, and how far that is known."""

    kinds_by_event: KindsByEvent
    counts: dict[str, int]
    coverage: FirstSeenCoverage


FIRST_SEEN_UNKNOWN = FirstSeen({}, {}, FirstSeenCoverage(None))


def build_beside_page(
    search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None
) -> dict[str, Body]:
    """What is asked beside a page, in the same round trip."""
    kinds_on_page = build_kinds_on_page(search, scope, size=size, after=after)
    return {
        "first_seen": kinds_on_page,
        "first_seen_kinds": build_kind_counts(kinds_on_page["query"]),
        "first_seen_progress": build_progress(),
    }


def build_kinds_on_page(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> Body:
    """Which events of a page are the first of their kind, asked beside the page itself and in the same order.

    One that is among the page's `size` events is among as many first ones of the same search, so all that are there come.
    """
    # A point in time adds a key of its own to each event's place, which says nothing here.
    after = after[: len(build_sort(search))] if after else None
    body = build_hits(search.with_filter(_ANY), scope, size=size, after=after)
    return body | {"_source": KINDS_SOURCE}


def build_kinds_of_events(event_ids: Sequence[str]) -> Body:
    """Of which kinds some events, that were found already, are the first."""
    query = {"bool": {"filter": [{"terms": {"novelty.event": list(event_ids)}}]}}
    return {"query": query, "size": len(event_ids), "track_total_hits": False, "_source": KINDS_SOURCE}


def build_kind_counts(query: Body) -> Body:
    """How many of the events that a query finds are a first, by kind."""
    by_kind = {"terms": {"field": "novelty.kinds", "size": len(PAIRS)}}
    return {"query": query, "size": 0, "track_total_hits": False, "_source": KINDS_SOURCE, "aggs": {"kinds": by_kind}}


def build_progress() -> Body:
    """How far the trail was read for what is first."""
    return {"query": {"ids": {"values": ["progress"]}}, "size": 1, "track_total_hits": False, "_source": KINDS_SOURCE}


def read_beside_page(responses: Mapping[str, dict[str, Any]]) -> FirstSeen:
    """The responses to `build_beside_page`, among others. Of what a shard kept back nothing is known."""
    marks, kinds, progress = (responses[name] for name in ("first_seen", "first_seen_kinds", "first_seen_progress"))
    if any(response.get("timed_out") or response["_shards"]["failed"] for response in (marks, kinds, progress)):
        return FIRST_SEEN_UNKNOWN
    return FirstSeen(read_kinds_by_event(marks), read_kind_counts(kinds), read_progress(progress))


def read_kinds_by_event(answer: dict[str, Any]) -> KindsByEvent:
    """The response to `build_kinds_on_page` or `build_kinds_of_events`: of which kinds each event is the first."""
    copies = (hit["_source"]["novelty"] for hit in answer["hits"]["hits"])
    return {copy["event"]: tuple(copy["kinds"]) for copy in copies}


def read_kind_counts(answer: dict[str, Any]) -> dict[str, int]:
    """The response to `build_kind_counts`: how many events are the first of each kind, in the table's order."""
    buckets = answer.get("aggregations", {}).get("kinds", {}).get("buckets", [])
    counts = {bucket["key"]: int(bucket["doc_count"]) for bucket in buckets}
    return {pairing.name: counts.get(pairing.name, 0) for pairing in PAIRS}


def read_progress(answer: dict[str, Any]) -> FirstSeenCoverage:
    """The response to `build_progress`, which does not say how many events wait."""
    hits = answer["hits"]["hits"]
    return FirstSeenCoverage(hits[0]["_source"]["progress"]["until"] if hits else None)
