"""Builds the query of a search within what a person may find. Pure, and the only place where queries are built."""

import re
from collections.abc import Callable
from typing import Any, cast

from trail.errors import BadQuery
from trail.pairs import FIRST_SEEN_FIELD
from trail.reserved_names import AUDIT_DATASET
from trail.schema import FIELDS, LINEAGE, Field, Kind, field_of
from trail.search import first_seen_index
from trail.search.bodies import lineage
from trail.search.language import cost, operands, parser
from trail.search.language.parser import All, Any_, Clause, Exists, Not, Placeholder, Range, Term
from trail.search.spec import Filter, Scope, Search

Body = dict[str, Any]
# Where a word without a field is looked for exactly as it stands.
_ANYWHERE = tuple(f.name for f in FIELDS if f.kind is Kind.KEYWORD)


# --- The query -------------------------------------------------------------------------------------------------------


def build_query(search: Search, scope: Scope) -> Body:
    """The bool query of a search within what a person may find. Raises BadQuery."""
    must = []
    clause, parameters = parser.parse(search.text), dict(search.parameters)
    cost.expect_affordable(clause, search.filters, parameters)
    if first_seen_index.asks_for_first_seen_alone(search.filters, clause):
        must.append(first_seen_index.IS_FIRST_SEEN)
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
            (must_not if chip.negated else must).append(build_filter(chip))
    must_not += build_hidden_from(scope)
    query = {"bool": {"filter": must or [{"match_all": {}}], **({"must_not": must_not} if must_not else {})}}
    return cast(Body, lineage.bind_families(query, search, scope))


def build_hidden_from(scope: Scope) -> list[Body]:
    """The console's own events that this person may not find: of other people, or of cases they do not see."""
    of_console: Body = {"term": {"event.dataset": AUDIT_DATASET}}
    if scope.everything:
        hidden = _build_about(scope.hidden_cases)
        return [{"bool": {"filter": [of_console, *hidden]}}] if scope.hidden_cases else []
    own = {
        "bool": {
            "filter": [{"term": {"user.id": scope.user_id}}],
            "must_not": [{"term": {"resource.type": "case"}}],
        }
    }
    seen = {"bool": {"filter": _build_about(scope.cases)}}
    return [{"bool": {"filter": [of_console], "must_not": [own, seen]}}]


def _build_about(cases: tuple[str, ...]) -> list[Body]:
    return [{"term": {"resource.type": "case"}}, {"terms": {"resource.id": list(cases)}}]


def build_filter(chip: Filter) -> Body:
    """A chip as a clause, not turned round. Raises BadQuery when its field cannot hold such values."""
    try:
        return _chip(chip)
    except BadQuery as error:
        raise BadQuery(error.message) from error  # no character of the text is at fault


def _chip(chip: Filter) -> Body:
    if chip.field == FIRST_SEEN_FIELD:
        return first_seen_index.build_filter(chip)
    field = field_of(chip.field)
    if chip.operator == "exists" and field is not None and field.kind is not Kind.OPAQUE:
        return _exists(chip.field, 0)
    if field is None or (problem := parser.find_problem(chip.field)):
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
        case Not(clause=negated):
            return {"bool": {"must_not": [_clause(negated, parameters)]}}
        case Exists(field=name, position=position):
            return _exists(name, position)
        case Range():
            return _range(clause)
        case Placeholder(field=name, name=parameter, position=position):
            values = parameters.get(parameter)
            if not values:
                raise BadQuery(f"${parameter} has no value; fill it in.", position)
            return _among(name, values, position)
        case Term():
            return _term(clause)


def _among(name: str | None, values: tuple[str, ...], position: int) -> Body:
    terms = [_term(Term(name, value, position, phrase=True)) for value in values]
    if name is not None and cost.is_list(name, values):
        # Thousands of identifiers are one clause to the engine, not one each.
        return {"terms": {name: [body["term"][name] for body in terms]}}
    return _either(terms)


def _exists(name: str, position: int) -> Body:
    if name == LINEAGE.name:
        raise BadQuery(f"{name} needs a token: its id or a fingerprint.", position)
    if name == FIRST_SEEN_FIELD:
        return first_seen_index.IS_FIRST_SEEN
    return {"exists": {"field": name}}


def _either(bodies: list[Body]) -> Body:
    return bodies[0] if len(bodies) == 1 else {"bool": {"should": bodies, "minimum_should_match": 1}}


def _term(term: Term) -> Body:
    if term.field is None:
        return _anywhere(term)
    if term.field == FIRST_SEEN_FIELD:
        return first_seen_index.build_condition(term.value, term.position)
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
        return {"term": {name: operands.parse_address(name, value, position)}}
    if field.kind is Kind.TIME:
        moment = operands.parse_time_value(name, value, position)
        return {"range": {name: {"gte": moment, "lte": moment}}}
    if field.kind is Kind.INTEGER:
        return {"term": {name: operands.parse_integer(name, value, position)}}
    if field.kind is Kind.BOOLEAN:
        if value not in ("true", "false"):
            raise BadQuery(f"{name} is true or false, not {value!r}.", position)
        return {"term": {name: value == "true"}}
    if field.kind is Kind.LINEAGE:
        return lineage.build_condition(value)
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
    operands.expect_narrow(pattern, position)
    if field.kind is Kind.WILDCARD:
        operands.expect_a_piece(name, pattern, position)
    return {"wildcard": {name: {"value": pattern}}}


def _anywhere(term: Term) -> Body:
    """A word without a field: in any keyword, in the message, in a client or path, in the source record."""
    if term.pattern:
        if term.value[0] in "*?":
            raise BadQuery(
                "A pattern without a field needs to begin with two characters; or name a field.", term.position
            )
        operands.expect_narrow(term.value, term.position)
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
    if operands.is_address(term.value):
        bodies.append({"term": {"source.ip": operands.parse_address("source.ip", term.value, term.position)}})
    return _either(bodies)


def _range(clause: Range) -> Body:
    field = field_of(clause.field)
    if field is None or field.kind not in (Kind.TIME, Kind.INTEGER, Kind.IP, Kind.KEYWORD):
        raise BadQuery(f"{clause.field} has no order, so it cannot be searched by a range.", clause.position)
    checked: Callable[[str, str, int], Any] = {
        Kind.TIME: operands.parse_time_value,
        Kind.INTEGER: operands.parse_integer,
        Kind.IP: operands.parse_single_address,
    }.get(field.kind, lambda name, value, position: value)
    ends = {}
    for word, value in (
        ("gte" if clause.with_low else "gt", clause.low),
        ("lte" if clause.with_high else "lt", clause.high),
    ):
        if value is not None:
            ends[word] = checked(clause.field, value, clause.position)
    return {"range": {clause.field: ends}} if ends else {"exists": {"field": clause.field}}


# --- What is asked of it ---------------------------------------------------------------------------------------------
