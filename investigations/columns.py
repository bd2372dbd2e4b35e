"""The columns of the table of events: their heads with what can be done there, and what there is to choose from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from trail.schema import BY_NAME, DEFAULT_COLUMNS, IDENTIFIERS, Kind, field_of
from trail.search.spec import SORTABLE, Search

Link = Callable[[Search], str]
# Pixels. What is narrower cannot be read, what is wider is read better in the opened row.
NARROWEST, WIDEST = 60, 1200
_USUAL = {
    Kind.TIME: 262,
    Kind.IP: 130,
    Kind.INTEGER: 90,
    Kind.BOOLEAN: 90,
    Kind.TEXT: 320,
    Kind.WILDCARD: 260,
    Kind.RAW: 320,
}
_USUAL_OF = {
    "event.outcome": 110,
    "event.action": 150,
    "service.name": 140,
    "token.id": 200,
    "user_agent.original": 260,
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
class Head:
    """One column's head. The addresses are None where there is nothing to do: it is sorted so, or stands at the end."""

    name: str
    help: str
    width: int
    direction: str | None
    toggled: str | None
    ascending: str | None
    descending: str | None
    unsortable: str
    left: str | None
    right: str | None
    removed: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A field that can be a column, and whether it is one now."""

    name: str
    help: str
    chosen: bool


def heads(search: Search, link: Link, widths: Mapping[str, int]) -> list[Head]:
    """The heads of a search's columns, in order."""
    return [_head(search, number, link, widths) for number in range(len(search.columns))]


def _head(search: Search, number: int, link: Link, widths: Mapping[str, int]) -> Head:
    columns = search.columns
    name = columns[number]
    known = field_of(name)
    direction = search.sort[1] if search.sort[0] == name else None
    up, down = (
        link(replace(search, sort=(name, order))) if name in SORTABLE and direction != order else None
        for order in ("asc", "desc")
    )

    def moved(step: int) -> str:
        others = [one for one in columns if one != name]
        return link(replace(search, columns=(*others[: number + step], name, *others[number + step :])))

    return Head(
        name=name, help=known.help if known else "", width=widths.get(name) or usual_width(name), direction=direction,
        toggled=up if direction == "desc" else down or up, ascending=up, descending=down,
        unsortable="" if name in SORTABLE else _UNSORTABLE.get(known.kind, "") if known else "",
        left=moved(-1) if number else None, right=moved(1) if number < len(columns) - 1 else None,
        removed=link(without(search, name)) if len(columns) > 1 else None,
    )  # fmt: skip


def usual_width(name: str) -> int:
    """The width of a column that nobody has drawn wider or narrower."""
    known = field_of(name)
    if name in _USUAL_OF or known is None:
        return _USUAL_OF.get(name, 180)
    return 190 if name in IDENTIFIERS and known.kind is not Kind.IP else _USUAL.get(known.kind, 160)


def without(search: Search, name: str) -> Search:
    return replace(search, columns=tuple(one for one in search.columns if one != name))


def with_one_more(search: Search, name: str) -> Search:
    return replace(search, columns=(*search.columns, name))


def choices(columns: Sequence[str]) -> list[Choice]:
    """Every field: those that are columns first and in their order, then the others as the schema has them."""
    names = dict.fromkeys((*columns, *(field.name for field in BY_NAME.values() if field.kind is not Kind.LINEAGE)))
    chosen = set(columns)
    return [Choice(name, known.help if (known := field_of(name)) else "", name in chosen) for name in names]


def are_usual(columns: Sequence[str]) -> bool:
    return tuple(columns) == DEFAULT_COLUMNS
