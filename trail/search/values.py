"""The values of a field that begin as somebody typed, from the trail: exactly counted, or of the newest events when that
takes too long. What a person may not find offers them no value."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from trail.connection import Trail
from trail.errors import BadQuery, Incomplete
from trail.schema import Kind, field_of
from trail.search import addresses, bodies, execute
from trail.search.bodies import Body
from trail.search.spec import Scope, Search

SIZE = 10
# Of a field with several values in one event, and of addresses and numbers, further values come along that do not begin so.
ASKED = 100
PATIENCE = 0.8  # seconds; then a sample will do
NEWEST = 300  # events of a sample
NEWEST_RECORDS = 50  # source records may be large


@dataclass(frozen=True, slots=True)
class Values:
    """Values with how many events have them, commonest first. `sample` is of how many newest events, 0: of all."""

    found: tuple[tuple[str, int], ...]
    sample: int = 0


def beginning(trail: Trail, name: str, typed: str, search: Search, scope: Scope) -> Values:
    """The commonest values of a field that begin as typed, in whatever case, within a search's time.

    Raises TrailUnavailable; BadQuery for a field without values.
    """
    field = field_of(name)
    if field is None:
        raise BadQuery(f"There is no field {name!r}.")
    if field.kind in (Kind.LABELS, Kind.RAW):
        return _newest(trail, name, typed, search, scope)
    try:
        answer = execute.ask(replace(trail, patience=PATIENCE), counted(name, typed, search, scope))
    except Incomplete:
        return _newest(trail, name, typed, search, scope)
    buckets = answer.get("aggregations", {}).get("values", {}).get("buckets", [])  # none in a trail without an index
    return Values(_fitting(((_text(bucket), bucket["doc_count"]) for bucket in buckets), typed))


def names(trail: Trail, typed: str, search: Search, scope: Scope) -> Values:
    """The names below `labels.` or `raw.` that begin as typed, as the newest events that have any know them."""
    root = typed.partition(".")[0]
    found, number = _read_newest(trail, root, [{"exists": {"field": root}}], search, scope)
    counts = Counter(
        name for document in found for name, _ in _paths(root, document) if name.casefold().startswith(typed.casefold())
    )
    return Values(tuple(counts.most_common(SIZE)), sample=number)


def counted(name: str, typed: str, search: Search, scope: Scope) -> Body:
    """The commonest values among the events whose value begins as typed. Bytes stay the same for the engine's cache."""
    size = SIZE if _narrowed(name) else ASKED
    return {
        "query": _query(_begins(name, typed), search, scope),
        "size": 0,
        "aggs": {"values": bodies.facet(name, size=size)},
    }


def newest(name: str, clauses: list[Body], search: Search, scope: Scope) -> Body:
    """The newest events that have what is asked: the index is in their order, so the engine reads no further than these."""
    root = name.partition(".")[0]
    size = NEWEST_RECORDS if root == "raw" else NEWEST
    found = bodies.hits(Search(), scope, size=size)
    return found | {"query": _query(clauses, search, scope), "_source": [name]}


def _query(clauses: list[Body], search: Search, scope: Scope) -> Body:
    within = bodies.query(Search(start=search.start, end=search.end), scope)
    return {"bool": {**within["bool"], "filter": [*within["bool"]["filter"], *clauses]}}


def _newest(trail: Trail, name: str, typed: str, search: Search, scope: Scope) -> Values:
    found, number = _read_newest(trail, name, _begins(name, typed) or [{"exists": {"field": name}}], search, scope)
    counts = Counter(text for document in found for path, text in _paths(name, document) if path == name)
    commonest = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return Values(_fitting(iter(commonest), typed), sample=number)


def _read_newest(
    trail: Trail, name: str, clauses: list[Body], search: Search, scope: Scope
) -> tuple[list[dict[str, Any]], int]:
    answer = execute.ask(trail, newest(name, clauses, search, scope))
    found = [hit.get("_source", {}) for hit in answer["hits"]["hits"]]
    return found, len(found)


def _paths(name: str, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each (path, value) of the part of a document that a field's name begins with; values in lists one by one."""
    root = name.partition(".")[0]
    waiting: list[tuple[str, Any]] = [(root, document.get(root))]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{path}.{key}", one) for key, one in value.items())
        elif isinstance(value, list):
            waiting.extend((path, one) for one in value)
        elif isinstance(value, str | int) and value != "":
            yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _fitting(found: Iterator[tuple[str, int]], typed: str) -> tuple[tuple[str, int], ...]:
    # What is in a network that was typed does not begin as the network is written.
    start = "" if "/" in typed and addresses.networks(typed) else typed.casefold()
    fitting = ((value, count) for value, count in found if value.casefold().startswith(start))
    return tuple(one for one, _ in zip(fitting, range(SIZE), strict=False))


def _text(bucket: dict[str, Any]) -> str:
    return str(bucket.get("key_as_string", bucket["key"]))


def _narrowed(name: str) -> bool:
    """Whether every value that comes along begins as typed."""
    field = field_of(name)
    return field is not None and not field.many and field.kind in (Kind.KEYWORD, Kind.WILDCARD)


def _begins(name: str, typed: str) -> list[Body]:
    field = field_of(name)
    if not typed or field is None or field.kind is Kind.INTEGER:
        return []  # numbers have no beginning to the engine; of the commonest those are shown that fit
    if field.kind is Kind.IP:
        either = [{"range": {name: ends}} for ends in addresses.ranges(typed)]
        return [{"bool": {"should": either, "minimum_should_match": 1}} if either else {"match_none": {}}]
    if field.kind in (Kind.LABELS, Kind.RAW):
        return [{"prefix": {name: {"value": typed}}}]
    return [{"prefix": {name: {"value": typed, "case_insensitive": True}}}]
