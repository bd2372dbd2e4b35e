"""Builds the bodies for the questions about tokens. Pure, as everything that is sent to the engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from trail.schema import USES, Operation
from trail.search.bodies.lifeline import ACCEPTED, DENIED, LifelineRequest, build_between, build_lane
from trail.search.bodies.page import VALUES_OF_A_SHARD, build_hits, build_number, build_sort, without_documents
from trail.search.bodies.query import Body, build_query
from trail.search.spec import Filter, Scope, Search

MAX_NAMES = 10_000
MAX_ENDINGS = 10_000
MACAROONS_A_PAGE = 1_000
# Events that say of one token that it was issued: one, unless several logs have it.
ISSUES_OF_A_TOKEN = 10
# How a revocation of many tokens at once names its scope.
WIDE = ("key", "user", "organisation", "organization")
# The fields by whose value a revocation can reach many tokens at once, each with the scopes that say so.
WIDE_SCOPES: dict[str, tuple[str, ...]] = {
    "token.key_id": WIDE[:1],
    "user.id": WIDE[1:2],
    "organization.id": WIDE[2:],
}
_ENDS = {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}}
_IS_USE: Body = {"terms": {"token.operation": [str(operation) for operation in USES]}}
_IS_ENDING: Body = {"terms": {"token.operation": [str(Operation.REVOKE), str(Operation.RESTORE)]}}


# --- Names, and whose a token is -------------------------------------------------------------------------------------


def build_names(search: Search, scope: Scope) -> Body:
    """Under which ids and fingerprints the events of a token go, what they come from, and whose the token is."""
    names = ("token.id", "token.fingerprint", "token.parent_fingerprint")
    terms = {name: {"terms": {"field": name, "size": MAX_NAMES}} for name in names}
    return _build_figures(search, scope, terms | build_ownership())


def build_ownership() -> Body:
    """Aggregations that say whose the tokens of some events are: what their issues name, and of each field the value that
    the earliest event names.

    Who revokes is not whose the token is, so revocations do not count.
    """
    issued = {
        "filter": [{"term": {"token.operation": str(Operation.ISSUE)}}],
        "must_not": [{"term": {"event.outcome": "failure"}}],
    }
    earliest = [{"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}}]
    source = ["@timestamp", "token.fingerprint", *WIDE_SCOPES]
    events = {"top_hits": {"size": ISSUES_OF_A_TOKEN, "sort": earliest, "_source": source}}
    named = {
        name: {"terms": {"field": name, "size": 1, "order": {"first": "asc"}}, "aggs": {"first": _ENDS["first"]}}
        for name in WIDE_SCOPES
    }
    event = {"top_hits": {"size": 1, "sort": earliest, "_source": ["@timestamp"]}}
    return {
        "issued": {"filter": {"bool": issued}, "aggs": {"events": events}},
        "seen": {"filter": {"bool": {"must_not": [_IS_ENDING]}}, "aggs": named | {"event": event}},
    }


def build_macaroons(
    search: Search, scope: Scope, *, after: Mapping[str, str] | None = None, with_owners: bool = False
) -> Body:
    """Each (token.id, fingerprint, parent) that occurs in a search, with its times, its number of events, the caveats of its
    first event that counts them and, where that is asked for, whose it is."""
    sources = [
        {name.rpartition(".")[2]: {"terms": {"field": name, "missing_bucket": True}}}
        for name in ("token.id", "token.fingerprint", "token.parent_fingerprint")
    ]
    counting = [{"token.caveats.count": {"order": "desc", "missing": "_last"}}, {"@timestamp": "asc"}]
    composite = {"size": MACAROONS_A_PAGE, "sources": sources} | ({"after": after} if after else {})
    figures = {
        **_ENDS,
        "expires": {"max": {"field": "token.expires_at"}},
        "added": {"terms": {"field": "token.caveats.added", "size": 20}},
        "caveats": {"top_hits": {"size": 1, "sort": counting, "_source": ["token.caveats.json"]}},
    }
    tokens = {"composite": composite, "aggs": figures | (build_ownership() if with_owners else {})}
    return {"query": build_query(search, scope), "size": 0, "aggs": {"tokens": tokens}}


def build_attenuations(search: Search, scope: Scope, *, size: int) -> Body:
    """The fingerprints of a token: how often accepted and denied, the first event of each, its caveats and its parent."""
    counting = [{"token.caveats.count": {"order": "desc", "missing": "_last"}}, {"@timestamp": "asc"}]
    earliest = [{"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}}, {"event.id": {"order": "asc"}}]
    figures = {
        "accepted": {"filter": {"term": {"event.outcome": "success"}}},
        "denied": {"filter": {"term": {"event.outcome": "failure"}}},
        "first": {"top_hits": {"size": 1, "sort": earliest, "_source": False}},
        "caveats": {"top_hits": {"size": 1, "sort": counting, "_source": ["token.caveats.json"]}},
        "added": {"terms": {"field": "token.caveats.added", "size": 20}},
        "parents": {"terms": {"field": "token.parent_fingerprint", "size": 1}},
    }
    terms = {"field": "token.fingerprint", "size": size, "shard_size": VALUES_OF_A_SHARD}
    return _build_figures(search, scope, {"fingerprints": {"terms": terms, "aggs": figures}})


# --- Events at the ends ----------------------------------------------------------------------------------------------


def build_event_at_end(search: Search, scope: Scope, direction: str) -> Body:
    """The earliest (`asc`) or the latest (`desc`) event of a search, and how many there are.

    As an aggregation, for the engine keeps its answer to those by shard, and a month that is over answers at once.
    """
    times = [{"@timestamp": {"order": direction, "numeric_type": "date_nanos"}}, {"event.id": {"order": direction}}]
    return build_number(search, scope) | {"aggs": {"event": {"top_hits": {"size": 1, "sort": times}}}}


def build_plainest(search: Search, scope: Scope) -> Body:
    """The first event with the fewest caveats on it: of a token, the one before any attenuation."""
    fewest = [{"token.caveats.count": {"order": "asc", "missing": "_last"}}, {"@timestamp": {"order": "asc"}}]
    event = {"top_hits": {"size": 1, "sort": fewest, "_source": ["@timestamp", "token"]}}
    aggregations = {"event": event, "expires": {"max": {"field": "token.expires_at"}}}
    return build_number(search, scope) | {"aggs": aggregations}


# --- Revocations -----------------------------------------------------------------------------------------------------


def build_endings(named: Search, owners: Mapping[str, Sequence[str]], scope: Scope) -> Body:
    """What ended some tokens or brought them back: by name, or by a revocation of a key, a user, an organisation.

    `owners` are the values of the fields of WIDE_SCOPES.
    """
    wide = [_of_owner(field, list(values)) for field in WIDE_SCOPES if (values := owners.get(field))]
    effective = Search(
        filters=(
            Filter("token.operation", (str(Operation.REVOKE), str(Operation.RESTORE))),
            Filter("event.outcome", ("success",)),
        )
    )
    query = build_query(effective, scope)
    query["bool"]["filter"].append({"bool": {"should": [build_query(named, scope), *wide], "minimum_should_match": 1}})
    return {
        "query": query,
        "sort": build_sort(Search(sort=("@timestamp", "asc"))),
        "size": MAX_ENDINGS,
        "track_total_hits": True,
        "_source": {"excludes": ["raw", "event.original"]},
    }


def _of_owner(field: str, values: list[str]) -> Body:
    """A revocation of a key, a user or an organisation, which it names as what it acts on or as whom it is about."""
    scopes = list(WIDE_SCOPES[field])
    acted_on = {"bool": {"filter": [{"terms": {"resource.type": scopes}}, {"terms": {"resource.id": values}}]}}
    named = {"bool": {"should": [{"terms": {field: values}}, acted_on], "minimum_should_match": 1}}
    return {"bool": {"filter": [{"terms": {"token.revocation.scope": scopes}}, named]}}


# --- Uses ------------------------------------------------------------------------------------------------------------


def build_uses(field: str, values: tuple[str, ...], scope: Scope, *, addresses: int) -> Body:
    """How each of some tokens was used: how often, how often refused, when, from which addresses."""
    search = Search(
        filters=(Filter("token.operation", tuple(USES)),), text=f"{field}:$some", parameters=(("some", values),)
    )
    used = {
        "terms": {"field": field, "size": len(values), "include": list(values)},
        "aggs": {
            **_ENDS,
            "refused": {"filter": {"term": {"event.outcome": "failure"}}},
            "addresses": {"terms": {"field": "source.ip", "size": addresses}},
        },
    }
    return _build_figures(search, scope, {"nodes": used})


def build_token_lanes(
    request: LifelineRequest, values: tuple[str, ...], scope: Scope, *, listed: int, actor: Filter | None = None
) -> Body:
    """A lane for each of some tokens: of what is drawn that which was denied, and that which was accepted of an `actor`, which
    stands nowhere else, each with at most so many events listed. Accepted are uses alone."""
    lane, between = build_lane(request), build_between(request)
    drawn = lane["drawn"]["aggs"]
    drawn["events"]["top_hits"]["size"] = listed
    lane["accepted"]["filter"] = {"bool": {"filter": [_IS_USE, ACCEPTED]}}
    lane["denied:drawn"] = {
        "filter": {"bool": {"filter": [*between, DENIED]}},
        "aggs": {"events": drawn["events"]},
    }
    if actor is not None:
        acted = {"bool": {"filter": [build_query(Search(filters=(actor,)), scope), _IS_USE], "must_not": [DENIED]}}
        lane["acted"] = {"filter": acted, "aggs": {"drawn": {"filter": lane["drawn"]["filter"], "aggs": drawn}}}
        lane["drawn"]["filter"] = {"bool": {"filter": between, "must_not": [acted]}}
    terms = {"field": request.field, "size": len(values), "include": list(values)}
    return _build_figures(request.search, scope, {"lanes": {"terms": terms, "aggs": lane}})


def build_verifiers(search: Search, scope: Scope, *, size: int) -> Body:
    """Which services accepted: how often, when first and last, and how much of it from their caches."""
    cached = {"filter": {"term": {"token.cache_hit": True}}, "aggs": _ENDS}
    services = {
        "terms": {"field": "service.name", "size": size, "missing": "", "shard_size": VALUES_OF_A_SHARD},
        "aggs": {**_ENDS, "cached": cached},
    }
    return build_number(search, scope) | {"aggs": {"services": services, "cached": cached}}


def build_resources(search: Search, scope: Scope, *, size: int) -> Body:
    """The things that were acted on, by id and type, the most frequent first."""
    types = {"terms": {"field": "resource.type", "missing": "", "size": 10}, "aggs": _ENDS}
    terms = {"field": "resource.id", "size": size, "shard_size": VALUES_OF_A_SHARD}
    return _build_figures(search, scope, {"resources": {"terms": terms, "aggs": {"types": types}}})


def build_reached(
    search: Search, scope: Scope, *, reached: Search, late: Search | None, listed: int, times: int
) -> Body:
    """What was acted on, by type and then by id: how much of it is `reached`, how much in `late`, when first and last, and the
    first events of each thing."""
    earliest = [{"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}}]
    named = {"_source": False, "docvalue_fields": ["event.outcome"]}
    number = {"number": {"cardinality": {"field": "resource.id", "precision_threshold": 3_000}}}
    figures = {
        "reached": {"filter": build_query(reached, scope), "aggs": _ENDS | number},
        "late": {"filter": build_query(late, scope) if late else {"bool": {"must_not": [{"match_all": {}}]}}},
    }
    events = {"top_hits": {"size": times, "sort": earliest, **named}}
    by_id = {"terms": {"field": "resource.id", "size": listed}, "aggs": figures | {"events": events}}
    by_type = {"terms": {"field": "resource.type", "size": 20, "missing": ""}, "aggs": figures | {"things": by_id}}
    with_id = {"filter": {"exists": {"field": "resource.id"}}, "aggs": {"types": by_type}}
    return _build_figures(search, scope, {"resources": with_id})


def build_addresses(search: Search, scope: Scope, *, size: int) -> Body:
    """The addresses of some events."""
    terms = {"field": "source.ip", "size": size, "shard_size": max(size, VALUES_OF_A_SHARD)}
    return _build_figures(search, scope, {"addresses": {"terms": terms}})


def build_other_tokens(
    addresses: Sequence[str], uses: Search, apart_from: Search, since: str, scope: Scope, *, size: int
) -> Body:
    """The tokens that some addresses used in a search, those of another search left out; how many of the uses `since`."""
    figures = {
        **_ENDS,
        "since": {"filter": {"range": {"@timestamp": {"gte": since}}}},
        "addresses": {"terms": {"field": "source.ip", "size": 5}},
        "accepted": {"filter": {"term": {"event.outcome": "success"}}},
    }

    def tokens_by(name: str) -> Body:
        return {"terms": {"field": name, "size": size, "order": {"since": "desc"}}, "aggs": figures}

    has_no_id = {"bool": {"must_not": [{"exists": {"field": "token.id"}}]}}
    nameless = {"filter": has_no_id, "aggs": {"tokens": tokens_by("token.fingerprint")}}
    body = _build_figures(uses, scope, {"by_id": tokens_by("token.id"), "by_fingerprint": nameless})
    body["query"]["bool"]["filter"].append({"terms": {"source.ip": list(addresses)}})
    body["query"]["bool"].setdefault("must_not", []).append(build_query(apart_from, scope))
    return body


def build_affected(
    search: Search, scope: Scope, fields: Sequence[str], *, after: Mapping[str, Any] | None, size: int
) -> Body:
    """Every combination of some fields' values that occurs, page by page, with how often, first and last."""
    sources = [{name: {"terms": {"field": name, "missing_bucket": name == "resource.type"}}} for name in fields]
    composite = {"size": size, "sources": sources} | ({"after": after} if after else {})
    return _build_figures(search, scope, {"affected": {"composite": composite, "aggs": _ENDS}})


def build_ids(search: Search, scope: Scope, *, size: int) -> Body:
    """The ids of a search's first events, without what they hold."""
    return without_documents(build_hits(search, scope, size=size))


def _build_figures(search: Search, scope: Scope, aggregations: Body) -> Body:
    return {"query": build_query(search, scope), "size": 0, "track_total_hits": False, "aggs": aggregations}
