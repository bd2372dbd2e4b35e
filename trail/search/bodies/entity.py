"""Builds the bodies that ask for everything on record of one identifier. Pure, as trail.search.bodies.

Events and figures are never asked for in one body: the engine keeps the answer of a body that asks for figures alone, for every
month that is over.
"""

from trail.search.bodies import histogram
from trail.search.bodies.page import build_hits
from trail.search.bodies.query import Body, build_query
from trail.search.bodies.token import WIDE_SCOPES, build_ownership
from trail.search.spec import Scope, Search

# How many values each shard reports before the commonest are chosen among all. The engine says of each value whether every
# shard that knows it has reported it; if so its figures are exact.
VALUES_OF_A_SHARD = 1_000
# Below this many different values the engine counts them nearly exactly (HyperLogLog++), above it roughly.
COUNTED_CLOSELY = 3_000
VALUES_A_PAGE = 200
SIGHTED = ("source.geo.location", "source.geo.city_name", "source.geo.country_iso_code", "source.ip", "event.outcome")
# By what a revocation can name a token, and what may end it besides.
NAMES_OF_A_TOKEN = ("token.id", "token.fingerprint", "token.parent_fingerprint", "token.expires_at", *WIDE_SCOPES)

_FINGERPRINTS: Body = {"terms": {"field": "token.fingerprint", "size": 2}}
_ENDS: Body = {"ends": {"stats": {"field": "@timestamp"}}}


def build_earliest(search: Search, scope: Scope) -> Body:
    """The first event. Of several at one instant it is any of them: to break the tie costs more than to find the instant."""
    return _build_one_event(search, scope, "asc")


def build_latest(search: Search, scope: Scope) -> Body:
    """The last event; an index is in this order, so that hardly anything is read."""
    return _build_one_event(search, scope, "desc")


def _build_one_event(search: Search, scope: Scope, direction: str) -> Body:
    sort = [{"@timestamp": {"order": direction, "numeric_type": "date_nanos"}}]
    return {"query": build_query(search, scope), "sort": sort, "size": 1, "track_total_hits": False}


def build_summary(search: Search, scope: Scope) -> Body:
    """How many events, of which outcome, what was done, why it failed, and how they lie in time."""
    failed = {"filter": {"term": {"event.outcome": "failure"}}, "aggs": {"reasons": _build_values("event.reason", 10)}}
    return _build_figures(search, scope) | {
        "track_total_hits": True,
        "aggs": {
            "outcomes": {"terms": {"field": "event.outcome", "size": 5}},
            "actions": _build_values("event.action", 20),
            "failed": failed,
            "histogram": histogram.build_histogram(search),
        },
    }


def build_related(search: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The commonest values of a field, each with its first and last time, and about how many different ones there are."""
    number = {"cardinality": {"field": name, "precision_threshold": COUNTED_CLOSELY}}
    return _build_figures(search, scope) | {"aggs": {"values": _build_values(name, size), "number": number}}


def build_newest_values(search: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The values of a field that appeared last, whatever their number."""
    terms = {"field": name, "size": size, "shard_size": VALUES_OF_A_SHARD, "order": {"ends.min": "desc"}}
    return _build_figures(search, scope) | {"aggs": {"values": {"terms": terms, "aggs": _ENDS}}}


def build_every_value(
    search: Search, scope: Scope, name: str, *, after: str | None = None, size: int = VALUES_A_PAGE
) -> Body:
    """Every value of a field in order, page by page: exact however many there are."""
    composite: Body = {"size": size, "sources": [{"value": {"terms": {"field": name}}}]}
    if after is not None:
        composite["after"] = {"value": after}
    return _build_figures(search, scope) | {"aggs": {"values": {"composite": composite, "aggs": _ENDS}}}


def build_counts(search: Search, scope: Scope) -> Body:
    """How often, how often in vain, first and last: what is told of an identifier in passing."""
    failed = {"filter": {"term": {"event.outcome": "failure"}}}
    return _build_figures(search, scope) | {"track_total_hits": True, "aggs": {**_ENDS, "failed": failed}}


def _build_figures(search: Search, scope: Scope) -> Body:
    return {"query": build_query(search, scope), "size": 0, "track_total_hits": False}


def _build_values(name: str, size: int) -> Body:
    terms = {"field": name, "size": size, "shard_size": VALUES_OF_A_SHARD, "show_term_doc_count_error": True}
    return {"terms": terms, "aggs": _ENDS}


# --- Where a user was ------------------------------------------------------------------------------------------------


def build_places(search: Search, scope: Scope, *, size: int) -> Body:
    """On which day the user was seen at which place (to within 8 cm), from when to when, the latest day first."""
    day = {"date_histogram": {"field": "@timestamp", "fixed_interval": "1d", "order": "desc"}}
    place = {"geotile_grid": {"field": "source.geo.location", "precision": 29}}
    composite = {"size": size, "sources": [{"day": day}, {"place": place}]}
    return _build_figures(search, scope) | {"aggs": {"stays": {"composite": composite, "aggs": _ENDS}}}


def build_sightings(search: Search, scope: Scope, windows: list[tuple[int, int]], *, size: int) -> Body:
    """The events with a place within some stretches of time (milliseconds since 1970, both ends whole), the latest first."""
    between = [
        {"range": {"@timestamp": {"gte": start, "lt": end + 1, "format": "epoch_millis"}}} for start, end in windows
    ]
    located = [build_query(search, scope), {"exists": {"field": "source.geo.location"}}, {"bool": {"should": between}}]
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


def build_token_ids(search: Search, scope: Scope, *, size: int) -> Body:
    """Which tokens occur in a search, by id, most events first."""
    terms = {"field": "token.id", "size": size, "shard_size": size}
    return _build_figures(search, scope) | {"aggs": {"tokens": {"terms": terms}}}


def build_unexpired(issues: Search, scope: Scope, now: str, *, size: int) -> Body:
    """The newest issues of tokens that do not expire before `now`, by what a revocation may name, and how many there are."""
    body = build_hits(issues, scope, size=size)
    body["query"]["bool"].setdefault("must_not", []).append({"range": {"token.expires_at": {"lte": now}}})
    return body | {"track_total_hits": True, "_source": ["@timestamp", *NAMES_OF_A_TOKEN]}


def build_owners(search: Search, scope: Scope, name: str, *, size: int) -> Body:
    """Whose each token among some is, and its fingerprints: what its status takes, without its uses."""
    terms = {"field": name, "size": size, "shard_size": size}
    figures = {"fingerprints": _FINGERPRINTS, **build_ownership()}
    return _build_figures(search, scope) | {"aggs": {"tokens": {"terms": terms, "aggs": figures}}}


def build_lives(search: Search, scope: Scope, name: str, uses: tuple[str, ...], *, size: int, addresses: int) -> Body:
    """The life of each token among some: its uses, from where and by whom, its last issue, and whose it is."""
    accepted = {"term": {"event.outcome": "success"}}
    newest_first = [{"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}}, {"event.id": "desc"}]
    issues = {"bool": {"filter": [{"term": {"token.operation": "token.issue"}}, accepted]}}
    used = {
        "filter": {"terms": {"token.operation": list(uses)}},
        "aggs": {
            **_ENDS,
            "accepted": {"filter": accepted},
            "addresses": {"terms": {"field": "source.ip", "size": addresses, "shard_size": VALUES_OF_A_SHARD}},
            "users": {"terms": {"field": "user.id", "size": 5, "shard_size": VALUES_OF_A_SHARD}},
        },
    }
    figures = {
        "used": used,
        "last_issue": {"filter": issues, "aggs": {"event": {"top_hits": {"size": 1, "sort": newest_first}}}},
        "fingerprints": _FINGERPRINTS,
    }
    terms = {"field": name, "size": size, "shard_size": size}
    return _build_figures(search, scope) | {"aggs": {"tokens": {"terms": terms, "aggs": figures | build_ownership()}}}
