"""Builds the body that asks of many names at once which of them the trail knows, how often, and from when to when."""

from collections.abc import Sequence

from trail.search.bodies.query import Body, build_query
from trail.search.spec import Scope, Search


def build_name_counts(names: Sequence[Sequence[tuple[str, str]]], scope: Scope) -> Body:
    """For each name the number, the first and the last of the events in which one of its (field, value) stands."""
    values: dict[str, dict[str, None]] = {}
    for name in names:
        for field, value in name:
            values.setdefault(field, {})[value] = None
    filters = {
        str(number): {"bool": {"should": [{"term": {field: value}} for field, value in name]}}
        for number, name in enumerate(names)
    }
    # Only what one of the names finds is looked at, so that it costs what is found and not the whole trail.
    among = [{"terms": {field: list(terms)}} for field, terms in values.items()]
    return {
        "query": {"bool": {"filter": [build_query(Search(), scope)], "should": among, "minimum_should_match": 1}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "names": {
                "filters": {"filters": filters},
                "aggs": {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}},
            }
        },
    }
