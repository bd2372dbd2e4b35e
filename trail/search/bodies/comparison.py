"""Builds the bodies that compare two searches value by value. Pure, as trail.search.bodies."""

from collections.abc import Mapping, Sequence

from trail.schema import FACETS
from trail.search.bodies import histogram
from trail.search.bodies.query import Body, build_query
from trail.search.spec import Scope, Search

# What is compared: whatever stands beside a search, and who, with what, on what, by which client.
COMPARED = tuple(dict.fromkeys((*FACETS, "user.id", "token.id", "resource.id", "user_agent.original")))
# Values of a field on either side; what is rarer than so many others is counted together, and said to be.
MOST = 1_000
_OF_A_SHARD = 1_500


def build_commonest_values(search: Search, scope: Scope, names: Sequence[str], *, zone: str = "UTC") -> Body:
    """How many events, how they lie in time by the clocks of a zone, and the commonest values of each field."""
    bars = histogram.build_histogram(search, zone=zone)
    fields = {name: {"terms": {"field": name, "size": MOST, "shard_size": _OF_A_SHARD}} for name in names}
    return {
        "query": build_query(search, scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {**fields, "histogram": bars, "ends": {"stats": {"field": "@timestamp"}}},
    }


def build_value_counts(search: Search, scope: Scope, values: Mapping[str, Sequence[str]]) -> Body:
    """How often some values of some fields occur, exactly: each shard counts each of them."""
    aggs = {
        name: {"terms": {"field": name, "include": list(included), "size": len(included), "shard_size": len(included)}}
        for name, included in values.items()
        if included
    }
    return {"query": build_query(search, scope), "size": 0, "track_total_hits": False, "aggs": aggs}
