"""Builds the searches that a case suggests: for what it is about, for what is pinned to it, and in its time."""

from collections.abc import Iterator
from dataclasses import dataclass

from investigations.entities.services import list_counted
from investigations.models import Case, Evidence
from investigations.search_url import search_address
from trail.search.spec import Filter, Search
from trail.times import format_time, parse_time

# Those of which a search is worth its while; a service's events are everybody's.
_WORDS = {
    "token.id": "its tokens",
    "user.id": "its users",
    "source.ip": "its addresses",
    "resource.id": "its resources",
}
MOST_VALUES = 20
# More ids than these never fit into an address.
MOST_IDS = 500


@dataclass(frozen=True, slots=True)
class SuggestedSearch:
    """A search in words, how many values it names, and its address; what is pinned from it goes to the case."""

    words: str
    count: int
    url: str


def suggest_searches(case: Case) -> list[SuggestedSearch]:
    """Those that can be asked: of a field with more values than an address holds there is none. Seven queries of few rows."""
    return list(_suggest(case))


def _suggest(case: Case) -> Iterator[SuggestedSearch]:
    for field, words in _WORDS.items():
        entities = list_counted(case).filter(field=field).order_by("-events", "value")
        values = tuple(entities.values_list("value", flat=True)[: MOST_VALUES + 1])
        if 0 < len(values) <= MOST_VALUES:
            yield from _link(case, words, len(values), Search(filters=(Filter(field, values),)))
    events = case.evidence.not_withdrawn().filter(kind=Evidence.Kind.EVENT)
    ids = tuple(events.in_time_order().values_list("event_id", flat=True)[: MOST_IDS + 1])
    if 0 < len(ids) <= MOST_IDS:
        yield from _link(case, "what is pinned", len(ids), Search(filters=(Filter("event.id", ids),)))
    ends = [
        rows.values_list("event_timestamp", flat=True).first()
        for rows in (events.in_time_order(), events.in_time_order().reverse())
    ]
    if ends[0] and ends[1]:
        last = format_time(parse_time(ends[1]) + 1)
        yield from _link(case, "everything in its time", 0, Search(start=ends[0], end=last))


def _link(case: Case, words: str, count: int, search: Search) -> Iterator[SuggestedSearch]:
    if url := search_address(search, case=case.public_id):
        yield SuggestedSearch(words, count, url)
