"""The body that says of many names at once which of them the trail knows, how often, and from when to when."""

from collections.abc import Sequence

from trail.search.bodies import Body, query
from trail.search.spec import Scope, Search


def appearing(names: Sequence[Sequence[tuple[str, str]]], scope: Scope) -> Body:
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
    among = [{"terms": {field: list(some)}} for field, some in values.items()]
    return {
        "query": {"bool": {"filter": [query(Search(), scope)], "should": among, "minimum_should_match": 1}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "names": {
                "filters": {"filters": filters},
                "aggs": {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}},
            }
        },
    }
