"""Builds the bodies that ask for the values of a field that begin as somebody typed. Pure."""

from trail.schema import Kind, field_of
from trail.search.bodies.facets import build_facet
from trail.search.bodies.page import build_hits
from trail.search.bodies.query import Body, build_query
from trail.search.language import operands
from trail.search.spec import Scope, Search

SIZE = 10
# Of a field with several values in one event, and of addresses and numbers, further values come along that do not begin so.
SIZE_UNNARROWED = 100
NEWEST = 300  # events of a sample
NEWEST_RECORDS = 50  # source records may be large


def build_value_counts(name: str, typed: str, search: Search, scope: Scope) -> Body:
    """The commonest values among the events whose value begins as typed. Bytes stay the same for the engine's cache."""
    size = SIZE if _is_narrowed(name) else SIZE_UNNARROWED
    return {
        "query": _build_query(build_beginning(name, typed), search, scope),
        "size": 0,
        "aggs": {"values": build_facet(name, size=size)},
    }


def build_newest(name: str, clauses: list[Body], search: Search, scope: Scope) -> Body:
    """The newest events that have what is asked: the index is in their order, so the engine reads no further than these."""
    size = NEWEST_RECORDS if name.partition(".")[0] == "raw" else NEWEST
    hits = build_hits(Search(), scope, size=size)
    return hits | {"query": _build_query(clauses, search, scope), "_source": [name]}


def build_existence(name: str) -> list[Body]:
    """That an event has a value of a field."""
    return [{"exists": {"field": name}}]


def build_beginning(name: str, typed: str) -> list[Body]:
    """That an event has a value that begins as typed; no clause where the engine cannot look for one."""
    field = field_of(name)
    if not typed or field is None or field.kind is Kind.INTEGER:
        return []  # numbers have no beginning to the engine; of the commonest those are shown that fit
    if field.kind is Kind.IP:
        either = [{"range": {name: ends}} for ends in operands.list_ranges(typed)]
        return [{"bool": {"should": either, "minimum_should_match": 1}} if either else {"match_none": {}}]
    if field.kind in (Kind.LABELS, Kind.RAW):
        return [{"prefix": {name: {"value": typed}}}]
    return [{"prefix": {name: {"value": typed, "case_insensitive": True}}}]


def _build_query(clauses: list[Body], search: Search, scope: Scope) -> Body:
    within = build_query(Search(start=search.start, end=search.end), scope)
    return {"bool": {**within["bool"], "filter": [*within["bool"]["filter"], *clauses]}}


def _is_narrowed(name: str) -> bool:
    """Whether every value that comes along begins as typed."""
    field = field_of(name)
    return field is not None and not field.many and field.kind in (Kind.KEYWORD, Kind.WILDCARD)
