"""From a search to what OpenSearch is sent. Pure, and the only place where queries are built."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from trail.errors import BadQuery
from trail.pairing import FIELD as NOVELTY
from trail.schema import FACETS, FIELDS, LINEAGE, Field, Kind, field_of
from trail.search import cost, firsts, histogram, kin, language, patterns, typed
from trail.search.language import All, Any_, Clause, Exists, Not, Parameter, Range, Term
from trail.search.spec import Filter, Scope, Search

Body = dict[str, Any]
PAGE_SIZE = 50
FACET_VALUES = 6
# With fewer, what is common over many months and nowhere the commonest would be counted short.
FACET_VALUES_OF_A_SHARD = 250
# How many values each shard reports before the commonest are chosen among all: counts are exact up to that many.
VALUES_OF_A_SHARD = 10_000
MACAROONS_A_PAGE = 1_000
JOURNAL_DATASET = "console"
# Where a word without a field is looked for exactly as it stands.
_ANYWHERE = tuple(f.name for f in FIELDS if f.kind is Kind.KEYWORD)


# --- The query -------------------------------------------------------------------------------------------------------


def query(search: Search, scope: Scope) -> Body:
    """The bool query of a search within what a person may find. Raises BadQuery."""
    must = []
    clause, parameters = language.parse(search.text), dict(search.parameters)
    cost.expect_affordable(clause, search.filters, parameters)
    if firsts.are_asked_for(search.filters, clause):
        must.append(firsts.ALONE)
    if clause is not None:
        must.append(_clause(clause, parameters))
    if search.start or search.end:
        ends = {"gte": search.start, "lt": search.end}
        must.append({"range": {"@timestamp": {k: v for k, v in ends.items() if v}}})
    if search.ingested_until:
        must.append({"range": {"event.ingested": {"lte": search.ingested_until}}})
    must_not: list[Body] = []
    for chip in search.filters:
        if not chip.disabled:
            (must_not if chip.negated else must).append(chosen(chip))
    if not scope.everything:
        must_not.append(hidden_from(scope))
    asked = {"bool": {"filter": must or [{"match_all": {}}], **({"must_not": must_not} if must_not else {})}}
    return cast(Body, kin.bound(asked, search, scope))


def hidden_from(scope: Scope) -> Body:
    """The console's own events that this person may not find: of other people, or of cases they do not see."""
    return {
        "bool": {
            "filter": [{"term": {"event.dataset": JOURNAL_DATASET}}],
            "must_not": [
                {"bool": {"filter": [{"term": {"user.id": scope.user_id}}],
                          "must_not": [{"term": {"resource.type": "case"}}]}},
                {"bool": {"filter": [{"term": {"resource.type": "case"}}, {"terms": {"resource.id": list(scope.cases)}}]}},
            ],
        }
    }  # fmt: skip


def chosen(chip: Filter) -> Body:
    """A chip as a clause, not turned round. Raises BadQuery when its field cannot hold such values."""
    try:
        return _chip(chip)
    except BadQuery as error:
        raise BadQuery(error.message) from error  # no character of the text is at fault


def _chip(chip: Filter) -> Body:
    if chip.field == NOVELTY:
        return firsts.chip(chip)
    field = field_of(chip.field)
    if chip.operator == "exists" and field is not None and field.kind is not Kind.OPAQUE:
        return _exists(chip.field, 0)
    if field is None or (problem := language.searchable(chip.field)):
        raise BadQuery(problem if field and problem else f"There is no field {chip.field!r}.", 0)
    if chip.operator == "between":
        low, high = (end or None for end in chip.values)
        return _range(Range(chip.field, low, high, True, True, 0))
    if chip.operator == "network" and field.kind is not Kind.IP:
        raise BadQuery(f"{chip.field} holds no addresses, so it cannot lie in a network.", 0)
    return _among(chip.field, chip.values, 0)


def _clause(clause: Clause, parameters: dict[str, tuple[str, ...]]) -> Body:
    match clause:
        case All(clauses=()):
            return {"match_all": {}}
        case All(clauses=inner):
            return {"bool": {"filter": [_clause(c, parameters) for c in inner]}}
        case Any_(clauses=inner):
            return _either([_clause(c, parameters) for c in inner])
        case Not(clause=one):
            return {"bool": {"must_not": [_clause(one, parameters)]}}
        case Exists(field=name, position=position):
            return _exists(name, position)
        case Range():
            return _range(clause)
        case Parameter(field=name, name=parameter, position=position):
            values = parameters.get(parameter)
            if not values:
                raise BadQuery(f"${parameter} has no value; fill it in.", position)
            return _among(name, values, position)
        case Term():
            return _term(clause)


def _among(name: str | None, values: tuple[str, ...], position: int) -> Body:
    each = [_term(Term(name, value, position, phrase=True)) for value in values]
    if name is not None and cost.is_list(name, values):
        # Thousands of identifiers are one clause to the engine, not one each.
        return {"terms": {name: [body["term"][name] for body in each]}}
    return _either(each)


def _exists(name: str, position: int) -> Body:
    if name == LINEAGE.name:
        raise BadQuery(f"{name} needs a token: its id or a fingerprint.", position)
    if name == NOVELTY:
        return firsts.ALONE
    return {"exists": {"field": name}}


def _either(bodies: list[Body]) -> Body:
    return bodies[0] if len(bodies) == 1 else {"bool": {"should": bodies, "minimum_should_match": 1}}


def _term(term: Term) -> Body:
    if term.field is None:
        return _anywhere(term)
    if term.field == NOVELTY:
        return firsts.condition(term.value, term.position)
    if term.field.startswith("token.discharges."):
        inner = {"term": {term.field: term.value}}
        return {"nested": {"path": "token.discharges", "query": inner}}
    field = field_of(term.field)
    if field is None:
        raise BadQuery(f"There is no field {term.field!r}.", term.position)
    if term.pattern:
        return _pattern(term.field, field, term.value, term.position)
    return _value(term.field, field, term.value, term.position)


def _value(name: str, field: Field, value: str, position: int) -> Body:
    """A field that holds a value: checked here, so that the engine is never sent what it would refuse."""
    if field.kind is Kind.IP:
        return {"term": {name: typed.address(name, value, position)}}
    if field.kind is Kind.TIME:
        moment = typed.time(name, value, position)
        return {"range": {name: {"gte": moment, "lte": moment}}}
    if field.kind is Kind.INTEGER:
        return {"term": {name: typed.integer(name, value, position)}}
    if field.kind is Kind.BOOLEAN:
        if value not in ("true", "false"):
            raise BadQuery(f"{name} is true or false, not {value!r}.", position)
        return {"term": {name: value == "true"}}
    if field.kind is Kind.LINEAGE:
        return kin.condition(value)
    if field.kind is Kind.TEXT:
        return {"match_phrase": {name: value}}
    return {"term": {name: value}}


def _pattern(name: str, field: Field, pattern: str, position: int) -> Body:
    if field.kind is Kind.IP:
        raise BadQuery(f"{name} holds addresses: write a network such as 192.0.2.0/24, not a pattern.", position)
    if field.kind not in (Kind.KEYWORD, Kind.WILDCARD, Kind.LABELS, Kind.RAW):
        raise BadQuery(f"{name} cannot be searched by * and ?.", position)
    if field.kind is not Kind.WILDCARD and pattern[0] in "*?":
        raise BadQuery(f"A pattern on {name} needs to begin with what it is looking for, not with * or ?.", position)
    patterns.expect_narrow(pattern, position)
    if field.kind is Kind.WILDCARD:
        patterns.expect_a_piece(name, pattern, position)
    return {"wildcard": {name: {"value": pattern}}}


def _anywhere(term: Term) -> Body:
    """A word without a field: in any keyword, in the message, in a client or path, in the source record."""
    if term.pattern:
        if term.value[0] in "*?":
            raise BadQuery(
                "A pattern without a field needs to begin with two characters; or name a field.", term.position
            )
        patterns.expect_narrow(term.value, term.position)
        names = ("user.id", "user.name", "user.email", "token.id", "service.name", "resource.id", "event.action")
        return _either([{"wildcard": {name: {"value": term.value}}} for name in names])
    bodies: list[Body] = [{"term": {name: term.value}} for name in _ANYWHERE]
    bodies += [
        {"match_phrase": {"message": term.value}},
        {"term": {"raw": term.value}},
        {"term": {"labels": term.value}},
    ]
    if len(term.value) >= 3:
        inside = "*" + re.sub(r"([*?\\])", r"\\\1", term.value) + "*"
        bodies += [{"wildcard": {name: {"value": inside}}} for name in ("user_agent.original", "url.path")]
    if typed.is_address(term.value):
        bodies.append({"term": {"source.ip": typed.address("source.ip", term.value, term.position)}})
    return _either(bodies)


def _range(clause: Range) -> Body:
    field = field_of(clause.field)
    if field is None or field.kind not in (Kind.TIME, Kind.INTEGER, Kind.IP, Kind.KEYWORD):
        raise BadQuery(f"{clause.field} has no order, so it cannot be searched by a range.", clause.position)
    checked: Callable[[str, str, int], Any] = {
        Kind.TIME: typed.time, Kind.INTEGER: typed.integer, Kind.IP: typed.one_address,
    }.get(field.kind, lambda name, value, position: value)  # fmt: skip
    ends = {}
    for word, value in (
        ("gte" if clause.with_low else "gt", clause.low),
        ("lte" if clause.with_high else "lt", clause.high),
    ):
        if value is not None:
            ends[word] = checked(clause.field, value, clause.position)
    return {"range": {clause.field: ends}} if ends else {"exists": {"field": clause.field}}


# --- What is asked of it ---------------------------------------------------------------------------------------------


def order(search: Search) -> list[Body]:
    """Sort keys. Times come back as whole nanoseconds; `event.id` breaks ties, so no event is skipped."""
    name, direction = search.sort
    keys: list[Body] = []
    if name != "@timestamp":
        keys.append({name: {"order": direction, "missing": _last(name, direction)}})
        direction = "desc"
    keys.append({"@timestamp": {"order": direction, "numeric_type": "date_nanos"}})
    keys.append({"event.id": {"order": direction}})
    return keys


def _last(name: str, direction: str) -> str | int:
    """What puts events without a value at the end. Of times from late to early it is 1970: the engine's own word for it
    stands for a moment that it cannot write down, and then it never answers (OpenSearch 3.8)."""
    field = field_of(name)
    return 0 if field is not None and field.kind is Kind.TIME and direction == "desc" else "_last"


def hits(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> Body:
    """A page of events."""
    body: Body = {"query": query(search, scope), "sort": order(search), "size": size, "track_total_hits": False}
    if after:
        body["search_after"] = after
    return body


def page(
    search: Search,
    scope: Scope,
    *,
    size: int = PAGE_SIZE,
    after: list[Any] | None = None,
    ends: histogram.Ends | None = None,
) -> list[Body]:
    """A search page in two bodies: its events; and their exact number, the histogram and the facets.

    Apart, for the engine reads no further than the page for the one, and keeps its answer to the other by shard. `ends` are
    the trail's own, about.
    """
    aggregations = {"histogram": histogram.body(search, ends), "ends": {"stats": {"field": "@timestamp"}}}
    aggregations |= {f"facet:{name}": facet(name) for name in FACETS}
    found = hits(search, scope, size=size, after=after)
    return [found, {"query": found["query"], "size": 0, "track_total_hits": True, "aggs": aggregations}]


def facet(name: str, *, size: int = FACET_VALUES) -> Body:
    """The commonest values of a field. The engine says how far their counts may be off, which is nothing for most."""
    return {"terms": {"field": name, "size": size, "shard_size": FACET_VALUES_OF_A_SHARD}}


def count(search: Search, scope: Scope) -> Body:
    return {"query": query(search, scope)}


def first_and_last(search: Search, scope: Scope) -> list[Body]:
    """Two bodies: the earliest event, and the latest with the exact number of them."""
    asked = query(search, scope)
    up, down = order(_sorted(search, "asc")), order(_sorted(search, "desc"))
    return [
        {"query": asked, "sort": up, "size": 1, "track_total_hits": False},
        {"query": asked, "sort": down, "size": 1, "track_total_hits": True},
    ]


def values(search: Search, scope: Scope, names: tuple[str, ...], *, size: int = 100) -> Body:
    """For each field its values with how often, first and last, most frequent first."""
    ends = {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}}
    return {
        "query": query(search, scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            name: {"terms": {"field": name, "size": size, "shard_size": max(size, VALUES_OF_A_SHARD)}, "aggs": ends}
            for name in names
        },
    }


def _sorted(search: Search, direction: str) -> Search:
    return replace(search, sort=("@timestamp", direction))


def macaroons(search: Search, scope: Scope, *, after: dict[str, str] | None = None) -> Body:
    """Each (token.id, fingerprint, parent) that occurs in a search, with its times, number of events, and what its first
    event that counts caveats tells of it: a revocation does not, and its user is another."""
    sources = [
        {name.rpartition(".")[2]: {"terms": {"field": name, "missing_bucket": True}}}
        for name in ("token.id", "token.fingerprint", "token.parent_fingerprint")
    ]
    told = {
        "size": 1,
        "sort": [{"token.caveats.count": {"order": "desc", "missing": "_last"}}, {"@timestamp": "asc"}],
        "_source": ["token.caveats.json", "token.key_id", "user.id", "organization.id"],
    }
    return {
        "query": query(search, scope),
        "size": 0,
        "aggs": {
            "tokens": {
                "composite": {"size": MACAROONS_A_PAGE, "sources": sources, **({"after": after} if after else {})},
                "aggs": {
                    "first": {"min": {"field": "@timestamp"}},
                    "last": {"max": {"field": "@timestamp"}},
                    "expires": {"max": {"field": "token.expires_at"}},
                    "added": {"terms": {"field": "token.caveats.added", "size": 20}},
                    "told": {"top_hits": told},
                },
            }
        },
    }
