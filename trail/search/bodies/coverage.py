"""The body that says what an answer can speak of at all: how much of the trail there is to find, from when, until when."""

from trail.search.bodies import Body, query
from trail.search.spec import Scope, Search


def extent(scope: Scope) -> Body:
    """Everything that this person may find: the exact number, the earliest event, and when the latest was taken in.

    It says nothing of the time it is asked at, so that the engine answers it from its cache for months that are over.
    """
    return {
        "query": query(Search(), scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "earliest": {"min": {"field": "@timestamp"}},
            "ingested_until": {"max": {"field": "event.ingested"}},
        },
    }
