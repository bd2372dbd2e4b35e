"""Bodies that set two searches side by side, value by value. Pure, as trail.search.bodies."""

from collections.abc import Mapping, Sequence

from trail.schema import FACETS
from trail.search import histogram
from trail.search.bodies import Body, query
from trail.search.spec import Scope, Search

# What is compared: whatever stands beside a search, and who, with what, on what, by which client.
COMPARED = tuple(dict.fromkeys((*FACETS, "user.id", "token.id", "resource.id", "user_agent.original")))
# Values of a field on either side; what is rarer than so many others is counted together, and said to be.
MOST = 1_000
_OF_A_SHARD = 1_500


def commonest(search: Search, scope: Scope, names: Sequence[str]) -> Body:
    """How many events, how they lie in time, and the commonest values of each field."""
    fields = {name: {"terms": {"field": name, "size": MOST, "shard_size": _OF_A_SHARD}} for name in names}
    return {
        "query": query(search, scope), "size": 0, "track_total_hits": True,
        "aggs": {**fields, "histogram": histogram.body(search), "ends": {"stats": {"field": "@timestamp"}}},
    }  # fmt: skip


def counted(search: Search, scope: Scope, values: Mapping[str, Sequence[str]]) -> Body:
    """How often some values of some fields occur, exactly: each shard counts each of them."""
    aggs = {
        name: {"terms": {"field": name, "include": list(some), "size": len(some), "shard_size": len(some)}}
        for name, some in values.items()
        if some
    }
    return {"query": query(search, scope), "size": 0, "track_total_hits": False, "aggs": aggs}
