"""Builds the bodies that ask how much of the trail there is to find, from when, until when."""

from trail.search.bodies.query import Body, build_query
from trail.search.spec import Scope, Search


def build_extent(scope: Scope) -> Body:
    """Everything that this person may find: the exact number, the earliest event, and when the latest was taken in.

    It says nothing of the time it is asked at, so that the engine answers it from its cache for months that are over.
    """
    return {
        "query": build_query(Search(), scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "earliest": {"min": {"field": "@timestamp"}},
            "ingested_until": {"max": {"field": "event.ingested"}},
        },
    }


def build_ends() -> Body:
    """The times of the earliest and the latest event of the whole trail."""
    return {"size": 0, "aggs": {"ends": {"stats": {"field": "@timestamp"}}}}
