"""Builds the body that asks how many events the trail holds, and how many a day of late."""

from trail.search.bodies.query import Body, build_query
from trail.search.spec import Scope, Search

_FAILURES: Body = {"failures": {"filter": {"term": {"event.outcome": "failure"}}}}


def build_volume(start: str, end: str, scope: Scope) -> Body:
    """All events with the failures among them and the earliest, and the days from `start` to before `end` that have any.

    Both ends are midnights, so that the same is asked all day and the engine answers from its cache for months that are over.
    """
    days = {"field": "@timestamp", "fixed_interval": "1d", "min_doc_count": 1}
    return {
        "query": build_query(Search(), scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "earliest": {"min": {"field": "@timestamp"}},
            **_FAILURES,
            "recent": {
                "filter": {"range": {"@timestamp": {"gte": start, "lt": end}}},
                "aggs": {"days": {"date_histogram": days, "aggs": _FAILURES}},
            },
        },
    }
