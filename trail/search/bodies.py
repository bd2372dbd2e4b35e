"""From a search to what OpenSearch is sent. Pure, and the only place where queries are built."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from trail.errors import BadQuery
from trail.events import is_ip, is_time
from trail.pairing import FIELD as NOVELTY
from trail.schema import FACETS, FIELDS, Field, Kind, field_of
from trail.search import firsts, language
from trail.search.language import All, Any_, Clause, Exists, Not, Parameter, Range, Term
from trail.search.spec import Filter, Scope, Search

Body = dict[str, Any]
PAGE_SIZE = 50
BARS = 80
# The engine chooses a round step with at most this many bars, often far fewer.
AUTO_BARS = 200
FACET_VALUES = 6
# Parts of a bar; what is in none of the commonest is one more.
STACK_VALUES = 5
# With fewer, what is common over many months and nowhere the commonest would be counted short.
FACET_VALUES_OF_A_SHARD = 250
# How many values each shard reports before the commonest are chosen among all: counts are exact up to that many.
VALUES_OF_A_SHARD = 10_000
JOURNAL_DATASET = "console"
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
          604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000)  # fmt: skip
# Where a word without a field is looked for exactly as it stands.
_ANYWHERE = tuple(f.name for f in FIELDS if f.kind is Kind.KEYWORD)


# --- The query -------------------------------------------------------------------------------------------------------


def query(search: Search, scope: Scope) -> Body:
    """The bool query of a search within what a person may find. Raises BadQuery."""
    must = []
    clause = language.parse(search.text)
    if firsts.are_asked_for(search.filters, clause):
        must.append(firsts.ALONE)
    if clause is not None:
        must.append(_clause(clause, dict(search.parameters)))
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
    return {"bool": {"filter": must or [{"match_all": {}}], **({"must_not": must_not} if must_not else {})}}


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
    if chip.operator == "exists":
        return {"exists": {"field": chip.field}}
    field = field_of(chip.field)
    if field is None or (problem := language.searchable(chip.field)):
        raise BadQuery(problem if field and problem else f"There is no field {chip.field!r}.", 0)
    if chip.operator == "between":
        low, high = (end or None for end in chip.values)
        return _range(Range(chip.field, low, high, True, True, 0))
    if chip.operator == "network" and field.kind is not Kind.IP:
        raise BadQuery(f"{chip.field} holds no addresses, so it cannot lie in a network.", 0)
    if len(chip.values) > 1 and field.kind is Kind.KEYWORD:
        return {"terms": {chip.field: list(chip.values)}}
    return _either([_value(chip.field, field, value, 0) for value in chip.values])


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
        case Exists(field=name):
            return firsts.ALONE if name == NOVELTY else {"exists": {"field": name}}
        case Range():
            return _range(clause)
        case Parameter(field=name, name=parameter, position=position):
            values = parameters.get(parameter)
            if not values:
                raise BadQuery(f"${parameter} has no value; fill it in.", position)
            field = field_of(name) if name else None
            if name and field and field.kind is Kind.KEYWORD and len(values) > 1:
                # Thousands of identifiers are one clause to the engine, not one each.
                return {"terms": {name: list(values)}}
            return _either([_term(Term(name, value, position, phrase=True)) for value in values])
        case Term():
            return _term(clause)


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
        return _ip(name, value, position)
    if field.kind is Kind.TIME:
        _check_time(name, value, position)
        return {"range": {name: {"gte": value, "lte": value}}}
    if field.kind is Kind.INTEGER:
        return {"term": {name: _integer(name, value, position)}}
    if field.kind is Kind.BOOLEAN:
        if value not in ("true", "false"):
            raise BadQuery(f"{name} is true or false, not {value!r}.", position)
        return {"term": {name: value == "true"}}
    if field.kind is Kind.TEXT:
        return {"match_phrase": {name: value}}
    return {"term": {name: value}}


def _ip(name: str, value: str, position: int) -> Body:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise BadQuery(
            f"{name} holds addresses; write 192.0.2.7 or a network such as 192.0.2.0/24.", position
        ) from None
    return {"term": {name: value}}


def _one_ip(name: str, value: str, position: int) -> None:
    if not is_ip(value):
        raise BadQuery(
            f"An end of a range of {name} is one address; a network is searched as {name}:192.0.2.0/24.", position
        )


def _integer(name: str, value: str, position: int) -> int:
    try:
        number = int(value)
    except ValueError:
        raise BadQuery(f"{name} holds whole numbers, not {value!r}.", position) from None
    if not -(2**63) <= number < 2**63:
        raise BadQuery(f"{name} holds numbers of at most 64 bits.", position)
    return number


def _check_time(name: str, value: str, position: int) -> None:
    if not re.match(r"^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$|^now(-\d{1,5}[smhdwy])?$", value) or (
        "T" in value and not is_time(value)
    ):
        raise BadQuery(f"{name} holds times; write 2026-11-24 or 2026-11-24T09:30:00Z, not {value!r}.", position)


def _pattern(name: str, field: Field, pattern: str, position: int) -> Body:
    literal = re.sub(r"(?<!\\)[*?]", "", pattern)
    if field.kind is Kind.IP:
        raise BadQuery(f"{name} holds addresses: write a network such as 192.0.2.0/24, not a pattern.", position)
    if field.kind not in (Kind.KEYWORD, Kind.WILDCARD, Kind.LABELS, Kind.RAW):
        raise BadQuery(f"{name} cannot be searched by * and ?.", position)
    if field.kind is not Kind.WILDCARD and pattern[0] in "*?":
        raise BadQuery(f"A pattern on {name} needs to begin with what it is looking for, not with * or ?.", position)
    if len(literal) < 2:
        raise BadQuery("A pattern needs at least two characters besides * and ?.", position)
    if pattern.count("*") > 8:
        raise BadQuery("A pattern may hold at most eight *.", position)
    return {"wildcard": {name: {"value": pattern}}}


def _anywhere(term: Term) -> Body:
    """A word without a field: in any keyword, in the message, in a client or path, in the source record."""
    if term.pattern:
        if term.value[0] in "*?" or len(re.sub(r"[*?]", "", term.value)) < 2:
            raise BadQuery(
                "A pattern without a field needs to begin with two characters; or name a field.", term.position
            )
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
    if is_ip(term.value) or re.fullmatch(r"[\da-fA-F.:]+/\d{1,3}", term.value):
        bodies.append(_ip("source.ip", term.value, term.position))
    return _either(bodies)


def _range(clause: Range) -> Body:
    field = field_of(clause.field)
    if field is None or field.kind not in (Kind.TIME, Kind.INTEGER, Kind.IP, Kind.KEYWORD):
        raise BadQuery(f"{clause.field} has no order, so it cannot be searched by a range.", clause.position)
    check: Callable[[str, str, int], Any] = {
        Kind.TIME: _check_time, Kind.INTEGER: _integer, Kind.IP: _one_ip,
    }.get(field.kind, lambda name, value, position: None)  # fmt: skip
    ends = {}
    for word, value in (
        ("gte" if clause.with_low else "gt", clause.low),
        ("lte" if clause.with_high else "lt", clause.high),
    ):
        if value is not None:
            check(clause.field, value, clause.position)
            ends[word] = value
    return {"range": {clause.field: ends}} if ends else {"exists": {"field": clause.field}}


# --- What is asked of it ---------------------------------------------------------------------------------------------


def order(search: Search) -> list[Body]:
    """Sort keys. Times come back as whole nanoseconds; `event.id` breaks ties, so no event is skipped."""
    name, direction = search.sort
    keys: list[Body] = []
    if name != "@timestamp":
        keys.append({name: {"order": direction, "missing": "_last"}})
        direction = "desc"
    keys.append({"@timestamp": {"order": direction, "numeric_type": "date_nanos"}})
    keys.append({"event.id": {"order": direction}})
    return keys


def hits(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> Body:
    """A page of events."""
    body: Body = {"query": query(search, scope), "sort": order(search), "size": size, "track_total_hits": False}
    if after:
        body["search_after"] = after
    return body


def page(search: Search, scope: Scope, *, size: int = PAGE_SIZE, after: list[Any] | None = None) -> list[Body]:
    """A search page in two bodies: its events; and their exact number, the histogram and the facets.

    Apart, for the engine reads no further than the page for the one, and keeps its answer to the other by shard.
    """
    aggregations = {"histogram": histogram(search), "ends": {"stats": {"field": "@timestamp"}}}
    aggregations |= {f"facet:{name}": facet(name) for name in FACETS}
    counted = {"query": query(search, scope), "size": 0, "track_total_hits": True, "aggs": aggregations}
    return [hits(search, scope, size=size, after=after), counted]


def histogram(search: Search) -> Body:
    """Events over time, stacked: steps of a round length when both ends are known, else chosen for us."""
    parts = {"stack": {"terms": {"field": search.stack, "size": STACK_VALUES, "shard_size": FACET_VALUES_OF_A_SHARD}}}
    if step := step_of(search):
        return {
            "date_histogram": {
                "field": "@timestamp", "fixed_interval": f"{step}s", "min_doc_count": 0,
                "hard_bounds": {"min": search.start, "max": search.end},
                "extended_bounds": {"min": search.start, "max": search.end},
            },
            "aggs": parts,
        }  # fmt: skip
    return {"auto_date_histogram": {"field": "@timestamp", "buckets": AUTO_BARS}, "aggs": parts}


def step_of(search: Search) -> int | None:
    """Seconds of one bar, for a range that is known at both ends."""
    if not (search.start and search.end) or search.start.startswith("now") or search.end.startswith("now"):
        return None
    begin, end = (datetime.fromisoformat(_micro(t)) for t in (search.start, search.end))
    seconds = max((end - begin).total_seconds(), 1)
    return next((step for step in _STEPS if seconds / step <= BARS), _STEPS[-1])


def _micro(time: str) -> str:
    return re.sub(r"(\.\d{6})\d*", r"\1", time)


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


def macaroons(search: Search, scope: Scope, *, after: dict[str, str] | None = None, size: int = 500) -> Body:
    """Each (token.id, fingerprint, parent) that occurs in a search, with its caveats, times and number of events."""
    sources = [
        {name.rpartition(".")[2]: {"terms": {"field": name, "missing_bucket": True}}}
        for name in ("token.id", "token.fingerprint", "token.parent_fingerprint")
    ]
    return {
        "query": query(search, scope),
        "size": 0,
        "aggs": {
            "tokens": {
                "composite": {"size": size, "sources": sources, **({"after": after} if after else {})},
                "aggs": {
                    "first": {"min": {"field": "@timestamp"}},
                    "last": {"max": {"field": "@timestamp"}},
                    "caveats": {"top_hits": {"size": 1, "_source": ["token.caveats.json"]}},
                },
            }
        },
    }
