"""Builds the searches that a case suggests: for what it is about, for what is pinned to it, and in its time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from investigations.entities.services import EntitySummary
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


@dataclass(frozen=True, slots=True)
class SuggestedSearch:
    """A search in words, how many values it names, and its address; what is pinned from it goes to the case."""

    words: str
    count: int
    url: str


def suggest_searches(
    case: Case, entities: Sequence[EntitySummary], evidence: Sequence[Evidence]
) -> list[SuggestedSearch]:
    """Those that can be asked: of a field with more values than an address holds there is none."""
    return list(_suggest(case, entities, [each for each in evidence if not each.is_statement]))


def _suggest(case: Case, entities: Sequence[EntitySummary], events: Sequence[Evidence]) -> Iterator[SuggestedSearch]:
    for field, words in _WORDS.items():
        values = tuple(entity.value for entity in entities if entity.field == field)
        if 0 < len(values) <= MOST_VALUES:
            yield from _link(case, words, len(values), Search(filters=(Filter(field, values),)))
    if events:
        ids = tuple(each.event_id for each in events)
        yield from _link(case, "what is pinned", len(ids), Search(filters=(Filter("event.id", ids),)))
        first, last = events[0].event_timestamp, format_time(parse_time(events[-1].event_timestamp) + 1)
        yield from _link(case, "everything in its time", 0, Search(start=first, end=last))


def _link(case: Case, words: str, count: int, search: Search) -> Iterator[SuggestedSearch]:
    if url := search_address(search, case=case.public_id):
        yield SuggestedSearch(words, count, url)
