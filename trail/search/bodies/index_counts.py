"""Builds the body that asks how many events each index holds, and reads the response. Pure.

It is the same for every search, so that the engine answers it from its cache for months that do not change.
"""

from collections.abc import Mapping
from typing import Any

from trail.search.bodies.query import Body

MOST_INDICES = 10_000


def build_index_counts() -> Body:
    """The number of events by index, of whatever the body is asked of."""
    return {
        "size": 0,
        "track_total_hits": False,
        "aggs": {"indices": {"terms": {"field": "_index", "size": MOST_INDICES}}},
    }


def read_index_counts(response: Mapping[str, Any]) -> dict[str, int]:
    """The response to `build_index_counts`: events by the name of their index. An index without any is left out."""
    buckets = response.get("aggregations", {}).get("indices", {}).get("buckets", [])
    return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in buckets}
