"""Bodies about everything on record of one identifier. Pure, as trail.search.bodies.

Events and figures are never asked for in one body: the engine keeps the answer of a body that asks for figures alone, for every
month that is over.
"""

from trail.search import histogram
from trail.search.bodies import Body, query
from trail.search.spec import Scope, Search

# How many values each shard reports before the commonest are chosen among all. The engine says of each value whether every
# shard that knows it has reported it; if so its figures are exact.
VALUES_OF_A_SHARD = 1_000
# Below this many different values the engine counts them nearly exactly (HyperLogLog++), above it roughly.
COUNTED_CLOSELY = 3_000
VALUES_A_PAGE = 200
SIGHTED = ("source.geo.location", "source.geo.city_name", "source.geo.country_iso_code", "source.ip", "event.outcome")

_ENDS: Body = {"ends": {"stats": {"field": "@timestamp"}}}


def earliest(search: Search, scope: Scope) -> Body:
    """The first event. Of several at one instant it is any of them: to break the tie costs more than to find the instant."""
    return _one(search, scope, "asc")


def latest(search: Search, scope: Scope) -> Body:
    """The last event; an index is in this order, so that hardly anything is read."""
    return _one(search, scope, "desc")


def _one(search: Search, scope: Scope, direction: str) -> Body:
    sort = [{"@timestamp": {"order": direction, "numeric_type": "date_nanos"}}]
    return {"query": query(search, scope), "sort": sort, "size": 1, "track_total_hits": False}


def summary(search: Search, scope: Scope) -> Body:
    """How many events, of which outcome, what was done, why it failed, and how they lie in time."""
    failed = {"filter": {"term": {"event.outcome": "failure"}}, "aggs": {"reasons": _values("event.reason", 10)}}
    return _figures(search, scope) | {
        "track_total_hits": True,
        "aggs": {
            "outcomes": {"terms": {"field": "event.outcome", "size": 5}},
            "actions": _values("event.action", 20),
            "failed": failed,
            "histogram": histogram.body(search),
        },
    }


def related(search: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The commonest values of a field, each with its first and last time, and about how many different ones there are."""
    number = {"cardinality": {"field": name, "precision_threshold": COUNTED_CLOSELY}}
    return _figures(search, scope) | {"aggs": {"values": _values(name, size), "number": number}}


def newest(search: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The values of a field that appeared last, whatever their number."""
    terms = {"field": name, "size": size, "shard_size": VALUES_OF_A_SHARD, "order": {"ends.min": "desc"}}
    return _figures(search, scope) | {"aggs": {"values": {"terms": terms, "aggs": _ENDS}}}


def every(search: Search, scope: Scope, name: str, *, after: str | None = None, size: int = VALUES_A_PAGE) -> Body:
    """Every value of a field in order, page by page: exact however many there are."""
    composite: Body = {"size": size, "sources": [{"value": {"terms": {"field": name}}}]}
    if after is not None:
        composite["after"] = {"value": after}
    return _figures(search, scope) | {"aggs": {"values": {"composite": composite, "aggs": _ENDS}}}


def known(search: Search, scope: Scope) -> Body:
    """How often, how often in vain, first and last: what is told of an identifier in passing."""
    failed = {"filter": {"term": {"event.outcome": "failure"}}}
    return _figures(search, scope) | {"track_total_hits": True, "aggs": {**_ENDS, "failed": failed}}


def _figures(search: Search, scope: Scope) -> Body:
    return {"query": query(search, scope), "size": 0, "track_total_hits": False}


def _values(name: str, size: int) -> Body:
    terms = {"field": name, "size": size, "shard_size": VALUES_OF_A_SHARD, "show_term_doc_count_error": True}
    return {"terms": terms, "aggs": _ENDS}


# --- Where a user was ------------------------------------------------------------------------------------------------


def places(search: Search, scope: Scope, *, size: int) -> Body:
    """On which day the user was seen at which place (to within 8 cm), from when to when, the latest day first."""
    day = {"date_histogram": {"field": "@timestamp", "fixed_interval": "1d", "order": "desc"}}
    place = {"geotile_grid": {"field": "source.geo.location", "precision": 29}}
    composite = {"size": size, "sources": [{"day": day}, {"place": place}]}
    return _figures(search, scope) | {"aggs": {"stays": {"composite": composite, "aggs": _ENDS}}}


def sightings(search: Search, scope: Scope, windows: list[tuple[int, int]], *, size: int) -> Body:
    """The events with a place within some stretches of time (milliseconds since 1970, both ends whole), the latest first."""
    between = [
        {"range": {"@timestamp": {"gte": start, "lt": end + 1, "format": "epoch_millis"}}} for start, end in windows
    ]
    located = [query(search, scope), {"exists": {"field": "source.geo.location"}}, {"bool": {"should": between}}]
    return {
        "query": {"bool": {"filter": located}},
        "sort": [{"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}}, {"event.id": "desc"}],
        "size": size,
        "track_total_hits": False,
        # Columns alone, and the id from the order: to unpack what is stored of thousands of events takes many times as long.
        "stored_fields": "_none_",
        "docvalue_fields": list(SIGHTED),
    }


# --- The tokens of a user --------------------------------------------------------------------------------------------


def token_ids(search: Search, scope: Scope, *, size: int) -> Body:
    """Which tokens occur in a search, by id, most events first."""
    terms = {"field": "token.id", "size": size, "shard_size": size}
    return _figures(search, scope) | {"aggs": {"tokens": {"terms": terms}}}


def lives(search: Search, scope: Scope, name: str, uses: tuple[str, ...], *, size: int, addresses: int) -> Body:
    """The life of each token among some: its uses, from where and by whom, and its issue."""
    taken = {"term": {"event.outcome": "success"}}
    newest_first = [{"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}}, {"event.id": "desc"}]
    issues = {"bool": {"filter": [{"term": {"token.operation": "token.issue"}}, taken]}}
    used = {
        "filter": {"terms": {"token.operation": list(uses)}},
        "aggs": {
            **_ENDS,
            "accepted": {"filter": taken},
            "addresses": {"terms": {"field": "source.ip", "size": addresses, "shard_size": VALUES_OF_A_SHARD}},
            "users": {"terms": {"field": "user.id", "size": 5, "shard_size": VALUES_OF_A_SHARD}},
        },
    }
    issued = {"filter": issues, "aggs": {"last": {"top_hits": {"size": 1, "sort": newest_first}}}}
    terms = {"field": name, "size": size, "shard_size": size}
    return _figures(search, scope) | {"aggs": {"tokens": {"terms": terms, "aggs": {"used": used, "issued": issued}}}}
