"""Builds the heads of the table of events with what can be done there, and the fields there are to choose from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.http import urlencode

from core.addresses import write_address
from trail.schema import BY_NAME, DEFAULT_COLUMNS, IDENTIFIERS, Kind, field_of
from trail.search.spec import SORTABLE, Search

Link = Callable[[Search], str]
# Pixels. What is narrower cannot be read, what is wider is read better in the opened row.
NARROWEST, WIDEST = 60, 1200
_DEFAULT_OF_KIND = {
    Kind.TIME: 140,
    Kind.IP: 164,
    Kind.INTEGER: 90,
    Kind.BOOLEAN: 80,
    Kind.TEXT: 320,
    Kind.WILDCARD: 220,
    Kind.RAW: 320,
}
_DEFAULT_OF_FIELD = {
    "event.outcome": 84,
    "event.action": 78,
    "service.name": 110,
    "token.id": 176,
    "user.id": 92,
    "resource.id": 108,
    "user_agent.original": 102,
}
# What is cut first where there is little room, and takes what is left where there is much.
TIME = "@timestamp"
FLEXIBLE = ("user_agent.original", "message")
LABELS = {
    "@timestamp": "Time",
    "event.action": "Action",
    "event.outcome": "Outcome",
    "event.reason": "Reason",
    "event.dataset": "Dataset",
    "organization.id": "Organisation",
    "resource.id": "Resource",
    "resource.type": "Resource type",
    "service.name": "Service",
    "source.geo.country_iso_code": "Country",
    "source.ip": "From",
    "token.id": "Token",
    "token.kind": "Token kind",
    "token.operation": "Token operation",
    "user.id": "User",
    "user.name": "User name",
    "user_agent.name": "Client name",
    "user_agent.original": "Client",
}
_UNSORTABLE = {
    Kind.TEXT: "It holds sentences, which are searched word by word and have no order.",
    Kind.WILDCARD: "It is kept to be searched inside, not to be put in order.",
    Kind.BOOLEAN: "It is only true or false: filter for the one or the other.",
    Kind.GEO_POINT: "Places have no order.",
    Kind.NESTED: "An event has a list of these, so it has no one place in an order.",
    Kind.LABELS: "Labels are the writers' own words, in no common order: filter for one.",
    Kind.RAW: "Source records differ from writer to writer, in no common order: filter for a value.",
    Kind.OPAQUE: "It is kept exact to the byte and is neither searched nor put in order.",
}


@dataclass(frozen=True, slots=True)
class ColumnHead:
    """One column's head; `toggled` sorts by it, or turns the order round, `menu` is where its menu is fetched.

    A flexible one takes the width that is left.
    """

    name: str
    label: str
    help: str
    width: int
    is_flexible: bool
    direction: str | None
    toggled: str | None
    menu: str


@dataclass(frozen=True, slots=True)
class ColumnMenu:
    """What can be done with a column. An address is None where there is nothing to do: it is sorted so, or stands at the end."""

    name: str
    help: str
    ascending: str | None
    descending: str | None
    unsortable: str
    left: str | None
    right: str | None
    removed: str | None


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A field that can be a column, and whether it is one now."""

    name: str
    help: str
    chosen: bool


def build_heads(search: Search, link: Link, widths: Mapping[str, int]) -> list[ColumnHead]:
    """The heads of a search's columns, in order."""
    here = link(search)
    menus = f"{write_address('search_column')}{here}{'' if here.endswith('?') else '&'}"
    return [_head(search, name, link, widths, f"{menus}{urlencode({'column': name})}") for name in search.columns]


def _head(search: Search, name: str, link: Link, widths: Mapping[str, int], menu: str) -> ColumnHead:
    field = field_of(name)
    direction = search.sort[1] if search.sort[0] == name else None
    order = "desc" if direction == "asc" else "asc"
    return ColumnHead(
        name=name,
        label=LABELS.get(name, name),
        help=field.help if field else "",
        width=widths.get(name) or default_width(name),
        is_flexible=name in FLEXIBLE and name not in widths,
        direction=direction,
        toggled=link(replace(search, sort=(name, order))) if name in SORTABLE else None,
        menu=menu,
    )


def build_menu(search: Search, name: str, link: Link) -> ColumnMenu | None:
    """What can be done with a column of a search; None for a field that is none of its columns."""
    if name not in search.columns:
        return None
    # The time stands first and is frozen, wherever it is named.
    search = replace(search, columns=tuple(sorted(search.columns, key=lambda column: column != TIME)))
    number, last = search.columns.index(name), len(search.columns) - 1
    first = 1 if search.columns[0] == TIME else 0
    field, is_sortable = field_of(name), name in SORTABLE
    ascending, descending = (
        link(replace(search, sort=(name, order))) if is_sortable and search.sort != (name, order) else None
        for order in ("asc", "desc")
    )
    return ColumnMenu(
        name=name,
        help=field.help if field else "",
        ascending=ascending,
        descending=descending,
        unsortable=_UNSORTABLE.get(field.kind, "") if field and not is_sortable else "",
        left=link(_with_moved_column(search, number, -1)) if number > first else None,
        right=link(_with_moved_column(search, number, 1)) if first <= number < last else None,
        removed=link(without_column(search, name)) if last else None,
    )


def _with_moved_column(search: Search, number: int, step: int) -> Search:
    columns = list(search.columns)
    columns.insert(number + step, columns.pop(number))
    return replace(search, columns=tuple(columns))


def default_width(name: str) -> int:
    """The width, in pixels, of a column that nobody has drawn wider or narrower."""
    field = field_of(name)
    if name in _DEFAULT_OF_FIELD or field is None:
        return _DEFAULT_OF_FIELD.get(name, 180)
    return 170 if name in IDENTIFIERS and field.kind is Kind.KEYWORD else _DEFAULT_OF_KIND.get(field.kind, 150)


def without_column(search: Search, name: str) -> Search:
    """The search without a column."""
    return replace(search, columns=tuple(column for column in search.columns if column != name))


def with_column(search: Search, name: str) -> Search:
    """The search with a further column, the last."""
    return replace(search, columns=(*search.columns, name))


def build_choices(columns: Sequence[str]) -> list[ColumnChoice]:
    """Every field: those that are columns first and in their order, then the others as the schema has them."""
    names = dict.fromkeys((*columns, *(field.name for field in BY_NAME.values() if field.kind is not Kind.LINEAGE)))
    chosen = set(columns)
    return [ColumnChoice(name, field.help if (field := field_of(name)) else "", name in chosen) for name in names]


def are_default(columns: Sequence[str]) -> bool:
    """Whether these are the columns that a table has at first."""
    return tuple(columns) == DEFAULT_COLUMNS
