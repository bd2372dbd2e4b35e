"""Suggests the values of a field that begin as somebody typed, from the trail: exactly counted, or of the newest events when
that takes too long. What a person may not find offers them no value."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from trail.connection import Trail
from trail.errors import BadQuery, Incomplete
from trail.schema import Kind, field_of
from trail.search import execute
from trail.search.bodies.field_values import SIZE, build_beginning, build_existence, build_newest, build_value_counts
from trail.search.bodies.query import Body
from trail.search.language import operands
from trail.search.spec import Scope, Search

PATIENCE = 0.8  # seconds; then a sample will do


@dataclass(frozen=True, slots=True)
class SuggestedValues:
    """Values with how many events have them, commonest first. `sample` is of how many newest events, 0: of all."""

    values: tuple[tuple[str, int], ...]
    sample: int = 0


def suggest_values(trail: Trail, name: str, typed: str, search: Search, scope: Scope) -> SuggestedValues:
    """The commonest values of a field that begin as typed, in whatever case, within a search's time.

    Raises TrailUnavailable; BadQuery for a field without values.
    """
    field = field_of(name)
    if field is None:
        raise BadQuery(f"There is no field {name!r}.")
    if field.kind in (Kind.LABELS, Kind.RAW):
        return _suggest_newest(trail, name, typed, search, scope)
    try:
        response = execute.ask(replace(trail, patience=PATIENCE), build_value_counts(name, typed, search, scope))
    except Incomplete:
        return _suggest_newest(trail, name, typed, search, scope)
    buckets = response.get("aggregations", {}).get("values", {}).get("buckets", [])  # none in a trail without an index
    return SuggestedValues(_keep_fitting(((_text_of(bucket), bucket["doc_count"]) for bucket in buckets), typed))


def suggest_names(trail: Trail, typed: str, search: Search, scope: Scope) -> SuggestedValues:
    """The names below `labels.` or `raw.` that begin as typed, as the newest events that have any know them."""
    root = typed.partition(".")[0]
    documents = _read_newest(trail, root, build_existence(root), search, scope)
    counts = Counter(
        name
        for document in documents
        for name, _ in _list_paths(root, document)
        if name.casefold().startswith(typed.casefold())
    )
    return SuggestedValues(tuple(counts.most_common(SIZE)), sample=len(documents))


def _suggest_newest(trail: Trail, name: str, typed: str, search: Search, scope: Scope) -> SuggestedValues:
    clauses = build_beginning(name, typed) or build_existence(name)
    documents = _read_newest(trail, name, clauses, search, scope)
    counts = Counter(text for document in documents for path, text in _list_paths(name, document) if path == name)
    commonest = sorted(counts.items(), key=lambda count: (-count[1], count[0]))
    return SuggestedValues(_keep_fitting(commonest, typed), sample=len(documents))


def _read_newest(trail: Trail, name: str, clauses: list[Body], search: Search, scope: Scope) -> list[dict[str, Any]]:
    response = execute.ask(trail, build_newest(name, clauses, search, scope))
    return [hit.get("_source", {}) for hit in response["hits"]["hits"]]


def _list_paths(name: str, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each (path, value) of the part of a document that a field's name begins with; values in lists one by one."""
    root = name.partition(".")[0]
    waiting: list[tuple[str, Any]] = [(root, document.get(root))]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{path}.{key}", inner) for key, inner in value.items())
        elif isinstance(value, list):
            waiting.extend((path, item) for item in value)
        elif isinstance(value, str | int) and value != "":
            yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _keep_fitting(counts: Iterable[tuple[str, int]], typed: str) -> tuple[tuple[str, int], ...]:
    # What is in a network that was typed does not begin as the network is written.
    start = "" if "/" in typed and operands.list_networks(typed) else typed.casefold()
    return tuple(islice((count for count in counts if count[0].casefold().startswith(start)), SIZE))


def _text_of(bucket: dict[str, Any]) -> str:
    return str(bucket.get("key_as_string", bucket["key"]))
