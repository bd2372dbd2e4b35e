"""Asks which of some events a search finds, however many they are: in batches of ids, each answered as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trail.connection import Trail
from trail.search import execute
from trail.search.bodies.page import build_hits, without_documents
from trail.search.execute import HITS_AT_MOST, IDS_AT_ONCE
from trail.search.spec import Filter, Scope, Search


@dataclass(frozen=True, slots=True)
class MatchedEvents:
    """The ids of the events that a search finds, and how many of those asked about the trail does not show."""

    ids: frozenset[str]
    absent: int

    @property
    def total(self) -> int:
        """How many are found."""
        return len(self.ids)


def match_events(trail: Trail, search: Search, event_ids: Sequence[str], scope: Scope) -> MatchedEvents:
    """Those of these events that an absolute search finds, in round trips of IDS_AT_ONCE. Raises BadQuery, TrailUnavailable."""
    ids, absent = set[str](), 0
    for start in range(0, len(event_ids), IDS_AT_ONCE):
        batch = Filter("event.id", tuple(event_ids[start : start + IDS_AT_ONCE]))
        # An id that stands in several months, which none should, is found several times.
        size = min(2 * len(batch.values), HITS_AT_MOST)
        hits = build_hits(replace(search, filters=(*search.filters, batch)), scope, size=size)
        known = build_hits(Search(filters=(batch,)), scope, size=size)
        bodies = {"hits": without_documents(hits), "known": without_documents(known)}
        responses = execute.ask_all(trail, bodies)
        ids |= {hit["_id"] for hit in responses["hits"]["hits"]["hits"]}
        absent += len(batch.values) - len({hit["_id"] for hit in responses["known"]["hits"]["hits"]})
    return MatchedEvents(frozenset(ids), absent)
