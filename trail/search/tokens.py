"""Bodies for the questions about tokens. Pure, as everything that is sent to the engine."""

from collections.abc import Sequence
from typing import Any

from trail.schema import USES, Operation
from trail.search.bodies import VALUES_OF_A_SHARD, Body, order, query
from trail.search.spec import Filter, Scope, Search

MAX_NAMES = 10_000
MAX_ENDINGS = 10_000
WIDE = ("key", "user", "organisation", "organization")
_ENDS = {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}}


def names(search: Search, scope: Scope) -> Body:
    """Under which ids and fingerprints the events of a token go, what they come from, and whose they are.

    Who revokes is not whose the token is, so revocations do not count for that.
    """

    def terms(field: str) -> Body:
        return {"terms": {"field": field, "size": MAX_NAMES}}

    whose = ("token.key_id", "user.id", "organization.id")
    endings = {"terms": {"token.operation": [str(Operation.REVOKE), str(Operation.RESTORE)]}}
    aggregations: dict[str, Any] = {
        name: terms(name) for name in ("token.id", "token.fingerprint", "token.parent_fingerprint")
    }
    aggregations["whose"] = {
        "filter": {"bool": {"must_not": [endings]}},
        "aggs": {name: terms(name) for name in whose} | {"first": _ENDS["first"]},
    }
    return {"query": query(search, scope), "size": 0, "track_total_hits": False, "aggs": aggregations}


def one(search: Search, scope: Scope, direction: str) -> Body:
    """The earliest (`asc`) or the latest (`desc`) event of a search, and how many there are.

    As an aggregation, for the engine keeps its answer to those by shard, and a month that is over answers at once.
    """
    times = [{"@timestamp": {"order": direction, "numeric_type": "date_nanos"}}, {"event.id": {"order": direction}}]
    return _counted(search, scope, {"one": {"top_hits": {"size": 1, "sort": times}}})


def plainest(search: Search, scope: Scope) -> Body:
    """The first event with the fewest caveats on it: of a token, the one before any attenuation."""
    fewest = [{"token.caveats.count": {"order": "asc", "missing": "_last"}}, {"@timestamp": {"order": "asc"}}]
    found = {"top_hits": {"size": 1, "sort": fewest, "_source": ["@timestamp", "token"]}}
    return _counted(search, scope, {"one": found, "expires": {"max": {"field": "token.expires_at"}}})


def _counted(search: Search, scope: Scope, aggregations: Body) -> Body:
    return {"query": query(search, scope), "size": 0, "track_total_hits": True, "aggs": aggregations}


def endings(named: Search, whose: dict[str, tuple[str, ...]], scope: Scope) -> Body:
    """What ended a token or brought it back: by its name, or by a revocation of its key, its user, its organisation."""
    wide = [_of_many(scopes, field, list(values)) for field, scopes in _WIDE_BY if (values := whose.get(field))]
    asked = query(
        Search(filters=(Filter("token.operation", (str(Operation.REVOKE), str(Operation.RESTORE))),
                        Filter("event.outcome", ("success",)))),
        scope,
    )  # fmt: skip
    asked["bool"]["filter"].append({"bool": {"should": [query(named, scope), *wide], "minimum_should_match": 1}})
    return {
        "query": asked, "sort": order(Search(sort=("@timestamp", "asc"))), "size": MAX_ENDINGS, "track_total_hits": True,
        "_source": {"excludes": ["raw", "event.original"]},
    }  # fmt: skip


_WIDE_BY = (("token.key_id", WIDE[:1]), ("user.id", WIDE[1:2]), ("organization.id", WIDE[2:]))


def _of_many(scopes: Sequence[str], field: str, values: list[str]) -> Body:
    """A revocation of a key, a user or an organisation, which it names as what it acts on or as whom it is about."""
    acted_on = {"bool": {"filter": [{"terms": {"resource.type": list(scopes)}}, {"terms": {"resource.id": values}}]}}
    of = {"bool": {"should": [{"terms": {field: values}}, acted_on], "minimum_should_match": 1}}
    return {"bool": {"filter": [{"terms": {"token.revocation.scope": list(scopes)}}, of]}}


def nodes(field: str, values: tuple[str, ...], scope: Scope, *, addresses: int) -> Body:
    """How each of some tokens was used: how often, how often refused, when, from which addresses."""
    search = Search(
        filters=(Filter("token.operation", tuple(USES)),), text=f"{field}:$some", parameters=(("some", values),)
    )
    used: Body = {
        "terms": {"field": field, "size": len(values), "include": list(values)},
        "aggs": {
            **_ENDS, "refused": {"filter": {"term": {"event.outcome": "failure"}}},
            "addresses": {"terms": {"field": "source.ip", "size": addresses}},
        },
    }  # fmt: skip
    return {"query": query(search, scope), "size": 0, "track_total_hits": False, "aggs": {"nodes": used}}


def verifiers(search: Search, scope: Scope, *, size: int) -> Body:
    """Which services accepted: how often, when first and last, and how much of it from their caches."""
    cached = {"filter": {"term": {"token.cache_hit": True}}, "aggs": _ENDS}
    services = {
        "terms": {"field": "service.name", "size": size, "missing": "", "shard_size": VALUES_OF_A_SHARD},
        "aggs": {**_ENDS, "cached": cached},
    }
    return {
        "query": query(search, scope), "size": 0, "track_total_hits": True,
        "aggs": {"services": services, "cached": cached},
    }  # fmt: skip


def resources(search: Search, scope: Scope, *, size: int) -> Body:
    """The things that were acted on, by id and type, the most frequent first."""
    types = {"terms": {"field": "resource.type", "missing": "", "size": 10}, "aggs": _ENDS}
    found = {
        "terms": {"field": "resource.id", "size": size, "shard_size": VALUES_OF_A_SHARD}, "aggs": {"types": types}
    }  # fmt: skip
    return {"query": query(search, scope), "size": 0, "track_total_hits": False, "aggs": {"resources": found}}


def addresses(search: Search, scope: Scope, *, size: int) -> Body:
    """The addresses of some events."""
    found = {"terms": {"field": "source.ip", "size": size, "shard_size": max(size, VALUES_OF_A_SHARD)}}
    return {"query": query(search, scope), "size": 0, "track_total_hits": False, "aggs": {"addresses": found}}


def others(from_: tuple[str, ...], search: Search, apart_from: Search, since: str, scope: Scope, *, size: int) -> Body:
    """The tokens that some addresses used in a search, those of another search left out; how many of the uses `since`."""
    asked = query(search, scope)
    asked["bool"]["filter"].append({"terms": {"source.ip": list(from_)}})
    asked["bool"].setdefault("must_not", []).append(query(apart_from, scope))
    inside = {
        **_ENDS, "since": {"filter": {"range": {"@timestamp": {"gte": since}}}},
        "addresses": {"terms": {"field": "source.ip", "size": 5}},
        "accepted": {"filter": {"term": {"event.outcome": "success"}}},
    }  # fmt: skip
    by_id = {"terms": {"field": "token.id", "size": size, "order": {"since": "desc"}}, "aggs": inside}
    nameless = {
        "filter": {"bool": {"must_not": [{"exists": {"field": "token.id"}}]}},
        "aggs": {"tokens": {"terms": {"field": "token.fingerprint", "size": size, "order": {"since": "desc"}},
                            "aggs": inside}},
    }  # fmt: skip
    return {
        "query": asked, "size": 0, "track_total_hits": False, "aggs": {"by_id": by_id, "by_fingerprint": nameless},
    }  # fmt: skip


def affected(search: Search, scope: Scope, fields: tuple[str, ...], *, after: dict[str, Any] | None, size: int) -> Body:
    """Every combination of some fields' values that occurs, page by page, with how often, first and last."""
    sources = [{name: {"terms": {"field": name, "missing_bucket": name == "resource.type"}}} for name in fields]
    found = {"composite": {"size": size, "sources": sources, **({"after": after} if after else {})}, "aggs": _ENDS}
    return {"query": query(search, scope), "size": 0, "track_total_hits": False, "aggs": {"affected": found}}


def ids(search: Search, scope: Scope, *, size: int) -> Body:
    """The ids of a search's first events, without what they hold."""
    return {
        "query": query(search, scope), "sort": order(search), "size": size, "track_total_hits": False, "_source": False,
    }  # fmt: skip
