"""Builds an event that is opened in its row: every field with what can be done with it, and its source record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.urls import reverse

from investigations.presentation import columns
from investigations.presentation.cells import EventCell, build_cell, to_text, with_whole_time
from trail.documents import flatten, get
from trail.schema import BY_NAME, Kind, field_of
from trail.search.language.parser import find_problem
from trail.search.spec import Filter, Search

Link = Callable[[Search], str]
# Characters that are shown of a value and of a source record; the whole of it is a link away.
OF_A_VALUE, OF_A_RECORD = 2_000, 20_000
# What is longer is no filter: addresses have an end.
OF_A_FILTER = 512
_WHOLE = (Kind.TEXT, Kind.OPAQUE, Kind.RAW, Kind.LABELS, Kind.NESTED, Kind.GEO_POINT)


@dataclass(frozen=True, slots=True)
class PropertyValue:
    """One value of a field; `cut` is how long it is where it is shown in part."""

    cell: EventCell
    text: str
    cut: int
    include: str | None
    exclude: str | None


@dataclass(frozen=True, slots=True)
class EventProperty:
    """One field of an event; `column` adds or removes it as a column of the table."""

    name: str
    help: str
    values: tuple[PropertyValue, ...]
    is_column: bool
    column: str | None


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source record as text: `cut` is how long it is where it is shown in part."""

    title: str
    text: str
    cut: int


def build_properties(document: dict[str, Any], search: Search, link: Link) -> list[EventProperty]:
    """Every field in the schema's order, labels one by one; the source record is shown apart."""
    order = {name: number for number, name in enumerate(BY_NAME)}

    def place_of(name: str) -> tuple[int, str]:
        in_schema = name if name in order else name.partition(".")[0]
        return order.get(in_schema, len(order)), name

    values = {name: value for name, value in _flatten(document) if value not in (None, "", [], {})}
    return [_property(name, values[name], search, link) for name in sorted(values, key=place_of)]


# What is read first of an event; what of it an event has not makes room for what it has.
PEEKED = (
    "@timestamp",
    "event.id",
    "token.fingerprint",
    "token.caveats.types",
    "url.path",
    "source.as.organization.name",
    "event.reason",
    "source.geo.city_name",
    "http.request.method",
    "event.dataset",
    "service.name",
    "user.name",
    "organization.id",
    "token.kind",
    "resource.type",
    "event.ingested",
)
FACTS = 10


def build_peek(document: dict[str, Any]) -> dict[str, Any]:
    """Ten facts of an event that is opened in its row, and the pages of its token's lineage and exposure."""
    facts = [(name, _cut(name, text)) for name in PEEKED if (text := to_text(get(document, name)))]
    token = get(document, "token.id") or get(document, "token.fingerprint")
    pages = {"lineage": "token_lineage", "exposure": "token_compromise"}
    return {"facts": facts[:FACTS]} | {name: token and reverse(page, args=[token]) for name, page in pages.items()}


def _cut(name: str, text: str) -> str:
    """What of a fact is enough to know it again: the whole of it is among every field."""
    most = 12 if name.endswith("fingerprint") else 160
    return text if len(text) <= most else f"{text[:most]}…"


def _flatten(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in flatten(document):
        if name == "labels" and isinstance(value, dict):
            yield from ((f"labels.{label}", text) for label, text in value.items())
        elif name not in ("raw", "event.original"):
            yield name, value


def _property(name: str, value: Any, search: Search, link: Link) -> EventProperty:
    field, is_column = field_of(name), name in search.columns
    column = None
    if field is not None and not (is_column and len(search.columns) == 1):
        column = link(columns.without_column(search, name) if is_column else columns.with_column(search, name))
    return EventProperty(
        name=name,
        help=field.help if field else "",
        values=tuple(_value(name, part, search, link) for part in (value if isinstance(value, list) else [value])),
        is_column=is_column,
        column=column,
    )


def _value(name: str, value: Any, search: Search, link: Link) -> PropertyValue:
    text = to_text(value)
    include = exclude = None
    if _may_filter(name, value, text):
        include = link(search.with_filter(Filter(name, (text,))))
        exclude = link(search.with_filter(Filter(name, (text,), negated=True)))
    return PropertyValue(
        cell=with_whole_time(build_cell(name, value, search, link)),
        text=text[:OF_A_VALUE],
        cut=len(text) if len(text) > OF_A_VALUE else 0,
        include=include,
        exclude=exclude,
    )


def _may_filter(name: str, value: Any, text: str) -> bool:
    """Whether a search can be narrowed to this value."""
    return (
        field_of(name) is not None
        and find_problem(name) is None
        and 0 < len(text) <= OF_A_FILTER
        and not isinstance(value, dict)
    )


def build_source_records(document: dict[str, Any]) -> list[SourceRecord]:
    """The source record: as it was read, and as it arrived where that says more."""
    original = get(document, "event.original")
    if not isinstance(original, str) or not original:
        raw = document.get("raw")
        text = orjson.dumps(raw, option=orjson.OPT_INDENT_2).decode() if raw else ""
        return [_source_record("Source record, as it was read", text)] if raw else []
    records = [_source_record("Source record, as it arrived", original)]
    if pretty := _set_out(original):
        records.insert(0, _source_record("Source record, set out for reading", pretty))
    return records


def _set_out(text: str) -> str:
    """JSON set out, unless it stands so already or is no JSON. What is very long is not worth the reading of it."""
    if len(text) > 50 * OF_A_RECORD or text[:1] not in ("{", "["):
        return ""
    try:
        pretty = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return ""
    return pretty if pretty != text else ""


def _source_record(title: str, text: str) -> SourceRecord:
    return SourceRecord(title=title, text=text[:OF_A_RECORD], cut=len(text) if len(text) > OF_A_RECORD else 0)
