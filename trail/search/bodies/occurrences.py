"""Builds the bodies that count many values at once in a field, first and last. Exact: every bucket comes back."""

from collections.abc import Sequence

from trail.search.bodies.query import Body, build_query
from trail.search.spec import Scope, Search

# A network is a clause of its own, and the engine takes so many in one query (indices.query.bool.max_clause_count).
NETWORKS_AT_ONCE = 500
_ENDS: Body = {
    "first": {"min": {"field": "@timestamp"}},
    "last": {"max": {"field": "@timestamp"}},
    "failures": {"filter": {"term": {"event.outcome": "failure"}}},
}


def build_value_occurrences(field: str, values: Sequence[str], scope: Scope) -> Body:
    """Of the events with one of these values, each value with its numbers.

    A field holds one value, so there are at most as many buckets as values. Every shard reports all of its own and has room
    for one more, which is how the engine knows that no count is short.
    """
    room = len(values) + 1
    buckets = {"terms": {"field": field, "size": room, "shard_size": room}, "aggs": _ENDS}
    return _counted({"terms": {field: list(values)}}, buckets, scope)


def build_network_occurrences(field: str, networks: Sequence[str], scope: Scope) -> Body:
    """The same of networks, which may lie within one another. At most NETWORKS_AT_ONCE."""
    either = {"bool": {"should": [{"term": {field: network}} for network in networks], "minimum_should_match": 1}}
    ranges = [{"key": network, "mask": network} for network in networks]
    return _counted(either, {"ip_range": {"field": field, "ranges": ranges}, "aggs": _ENDS}, scope)


def _counted(wanted: Body, buckets: Body, scope: Scope) -> Body:
    query = build_query(Search(), scope)
    query["bool"]["filter"] = [wanted]
    return {"query": query, "size": 0, "track_total_hits": False, "aggs": {"values": buckets}}
