"""An event opened in its row: every field with what can be done with it, its source record, what lies around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from investigations import columns
from investigations.presentation import Cell, cell, shown
from trail.events import flatten, get
from trail.schema import BY_NAME, Kind, field_of
from trail.search.language import searchable
from trail.search.spec import Filter, Search

Link = Callable[[Search], str]
# Characters that are shown of a value and of a source record; the whole of it is a link away.
OF_A_VALUE, OF_A_RECORD = 2_000, 20_000
# What is longer is no filter: addresses have an end.
OF_A_FILTER = 512
_WHOLE = (Kind.TEXT, Kind.OPAQUE, Kind.RAW, Kind.LABELS, Kind.NESTED, Kind.GEO_POINT)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field; `cut` is how long it is where it is shown in part."""

    cell: Cell
    text: str
    cut: int
    include: str | None
    exclude: str | None


@dataclass(frozen=True, slots=True)
class Property:
    """One field of an event; `column` adds or removes it as a column of the table."""

    name: str
    help: str
    values: tuple[Value, ...]
    is_column: bool
    column: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """A source record as text: `cut` is how long it is where it is shown in part."""

    title: str
    text: str
    cut: int


def properties(document: dict[str, Any], search: Search, link: Link) -> list[Property]:
    """Every field in the schema's order, labels one by one; the source record is shown apart."""
    found = [(name, value) for name, value in _fields(document) if value not in (None, "", [], {})]
    order = {name: number for number, name in enumerate(BY_NAME)}
    found.sort(
        key=lambda item: (
            order.get(item[0].partition(".")[0] if item[0] not in order else item[0], len(order)),
            item[0],
        )
    )
    return [_property(name, value, search, link) for name, value in found]


def _fields(document: dict[str, Any]) -> list[tuple[str, Any]]:
    found = []
    for name, value in flatten(document):
        if name == "labels" and isinstance(value, dict):
            found += [(f"labels.{label}", one) for label, one in value.items()]
        elif name not in ("raw", "event.original"):
            found.append((name, value))
    return found


def _property(name: str, value: Any, search: Search, link: Link) -> Property:
    known = field_of(name)
    values = tuple(_value(name, one, search, link) for one in (value if isinstance(value, list) else [value]))
    is_column = name in search.columns
    if known is None or (is_column and len(search.columns) == 1):
        column = None
    else:
        column = link(columns.without(search, name) if is_column else columns.with_one_more(search, name))
    return Property(name, known.help if known else "", values, is_column, column)


def _value(name: str, value: Any, search: Search, link: Link) -> Value:
    text = shown(value)
    include = exclude = None
    if (
        field_of(name) is not None
        and searchable(name) is None
        and 0 < len(text) <= OF_A_FILTER
        and not isinstance(value, dict)
    ):
        include = link(search.with_filter(Filter(name, (text,))))
        exclude = link(search.with_filter(Filter(name, (text,), negated=True)))
    return Value(
        cell(name, value, search, link), text[:OF_A_VALUE], len(text) if len(text) > OF_A_VALUE else 0, include, exclude
    )


def sources(document: dict[str, Any]) -> list[Source]:
    """The source record: as it was read, and as it arrived where that says more."""
    found = []
    original = get(document, "event.original")
    if isinstance(original, str) and original:
        if pretty := _pretty(original):
            found.append(_source("Source record, set out for reading", pretty))
        found.append(_source("Source record, as it arrived", original))
    elif raw := document.get("raw"):
        found.append(_source("Source record, as it was read", orjson.dumps(raw, option=orjson.OPT_INDENT_2).decode()))
    return found


def _pretty(text: str) -> str:
    """JSON set out, unless it stands so already or is no JSON. What is very long is not worth the reading of it."""
    if len(text) > 50 * OF_A_RECORD or text[:1] not in ("{", "["):
        return ""
    try:
        pretty = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return ""
    return pretty if pretty != text else ""


def _source(title: str, text: str) -> Source:
    return Source(title, text[:OF_A_RECORD], len(text) if len(text) > OF_A_RECORD else 0)
