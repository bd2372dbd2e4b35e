"""Builds the bodies that a page of search results is made of. Pure."""

from typing import Any

from trail.reserved_names import AUDIT_DATASET
from trail.schema import Kind, field_of
from trail.search.bodies import histogram
from trail.search.bodies.facets import build_facets, list_further_facets, list_shown_facets
from trail.search.bodies.query import Body, build_hidden_from, build_query
from trail.search.spec import Scope, Search

PAGE_SIZE = 50
# How many values each shard reports before the commonest are chosen among all: counts are exact up to that many.
VALUES_OF_A_SHARD = 10_000


def build_sort(search: Search) -> list[Body]:
    """Sort keys. Times come back as whole nanoseconds; `event.id` breaks ties, so no event is skipped."""
    name, direction = search.sort
    keys: list[Body] = []
    if name != "@timestamp":
        keys.append({name: {"order": direction, "missing": _last(name, direction)}})
        direction = "desc"
    keys.append({"@timestamp": {"order": direction, "numeric_type": "date_nanos"}})
    keys.append({"event.id": {"order": direction}})
    return keys


def _last(name: str, direction: str) -> str | int:
    """What puts events without a value at the end. Of times from late to early it is 1970: the engine's own word for it
    stands for a moment that it cannot write down, and then it never answers (OpenSearch 3.8)."""
    field = field_of(name)
    return 0 if field is not None and field.kind is Kind.TIME and direction == "desc" else "_last"


def build_hits(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> Body:
    """A page of events."""
    body: Body = {
        "query": build_query(search, scope),
        "sort": build_sort(search),
        "size": size,
        "track_total_hits": False,
    }
    if after:
        body["search_after"] = after
    return body


def build_numbered_hits(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> Body:
    """The same, each with the engine's number of it, by which it is known whether it is sealed."""
    return build_hits(search, scope, size=size, after=after) | {"seq_no_primary_term": True}


def build_figures(search: Search, scope: Scope, *, ends: histogram.Ends | None = None, zone: str = "UTC") -> Body:
    """What stands beside the events of a page: their exact number, the histogram by the clocks of a zone, the shown facets.

    `ends` are the trail's own, about.

    Apart from the events, for the engine reads no further than the page for those, and keeps its answer to this by shard.
    """
    bars = histogram.build_histogram(search, ends, zone=zone)
    aggregations = {"histogram": bars, "ends": {"stats": {"field": "@timestamp"}}}
    return build_number(search, scope) | {"aggs": aggregations | build_facets(list_shown_facets(search))}


def build_further_facets(search: Search, scope: Scope) -> Body:
    """The facets that do not stand beside a page from the beginning, with the exact number of events."""
    return build_number(search, scope) | {"aggs": build_facets(list_further_facets(search))}


def build_bars(search: Search, scope: Scope, *, step: int, zone: str = "UTC") -> Body:
    """How the events of a search lie in time, in steps of so many seconds."""
    aggregations = {"histogram": histogram.build_histogram(search, step=step, zone=zone)}
    return {"query": build_query(search, scope), "size": 0, "track_total_hits": False, "aggs": aggregations}


def build_number(search: Search, scope: Scope) -> Body:
    """How many events match, exactly, and none of them."""
    return {"query": build_query(search, scope), "size": 0, "track_total_hits": True}


def build_newer(search: Search, scope: Scope, *, since: str) -> Body:
    """How many events of a search were taken in after a time, without what the person themselves did in the console."""
    own = [{"term": {"event.dataset": AUDIT_DATASET}}, {"term": {"user.id": scope.user_id}}]
    body = build_number(search, scope)
    body["query"]["bool"]["filter"].append({"range": {"event.ingested": {"gt": since}}})
    body["query"]["bool"].setdefault("must_not", []).append({"bool": {"filter": own}})
    return body


def build_events_by_id(ids: list[str], scope: Scope, *, size: int) -> Body:
    """Those of some events that may be found, each with the engine's number of it; and how many there are."""
    query = {"bool": {"filter": [{"ids": {"values": ids}}], "must_not": build_hidden_from(scope)}}
    return {"query": query, "size": size, "track_total_hits": True, "seq_no_primary_term": True}


def without_documents(body: Body) -> Body:
    """The same events by their indices and ids alone: the engine unpacks and sends no document."""
    return body | {"_source": False}


def build_values(search: Search, scope: Scope, names: tuple[str, ...], *, size: int = 100) -> Body:
    """For each field its values with how often, first and last, most frequent first."""
    ends = {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}}
    return {
        "query": build_query(search, scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            name: {"terms": {"field": name, "size": size, "shard_size": max(size, VALUES_OF_A_SHARD)}, "aggs": ends}
            for name in names
        },
    }
