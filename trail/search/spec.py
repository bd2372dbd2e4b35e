"""Holds one search as a value: what is asked, of which time, in which order, shown how. Everything that reads takes one.

The page, the histogram, the facets, a background run, an export and a saved query all come from this one value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast

from trail.errors import BadQuery
from trail.pairs import FIRST_SEEN_FIELD
from trail.schema import BY_NAME, DEFAULT_COLUMNS, FACETS, Kind, field_of
from trail.search.language.escapes import spell_out, unescape
from trail.times import NotATime, parse_relative, parse_time, resolve_time

Operator = Literal["is", "exists", "between", "network"]
_TOO_LATE = parse_time("2262-01-01")  # the engine counts nanoseconds since 1970 in 64 bits
_SIGNS = re.compile(r"([~^-]*)(.*)", re.DOTALL)
_WITH_OPERATOR = re.compile(r"(.+)\((between|network)\)")
_VALUES = re.compile(r"(?:^|\|)((?:\\.|[^\\|])*)", re.DOTALL)
SORTABLE = frozenset(
    field.name for field in BY_NAME.values() if field.kind in (Kind.KEYWORD, Kind.IP, Kind.TIME, Kind.INTEGER)
)
STACKABLE = frozenset(field.name for field in BY_NAME.values() if field.kind in (Kind.KEYWORD, Kind.IP, Kind.BOOLEAN))
STACK = "event.outcome"
MOST_COLUMNS = 80
# What the page offers first; any field of STACKABLE can be asked for in its address.
STACKS = (STACK, *(name for name in FACETS if name != STACK), "user.id", "token.id", "resource.id")


@dataclass(frozen=True, slots=True)
class Filter:
    """One chip beside the query: a field is one of some values, is there at all, lies between two ends (empty: open), is in
    one of some networks; or the opposite. A disabled one is kept and not asked; a pinned one stays from search to search.
    """

    field: str
    values: tuple[str, ...] = ()
    negated: bool = False
    operator: Operator = "is"
    disabled: bool = False
    pinned: bool = False

    def __post_init__(self) -> None:
        if field_of(self.field) is None and self.field != FIRST_SEEN_FIELD:
            raise BadQuery(f"There is no field {self.field!r} to filter by.")
        if self.operator == "between" and (len(self.values) != 2 or not any(self.values)):
            raise BadQuery(f"A filter between two ends of {self.field} needs at least one end.")
        if self.operator != "exists" and not self.values:
            raise BadQuery(f"A filter on {self.field} needs a value.")

    def __str__(self) -> str:
        signs = ("~" if self.disabled else "") + ("^" if self.pinned else "") + ("-" if self.negated else "")
        if self.operator == "exists":
            return f"{signs}{self.field}"
        how = "" if self.operator == "is" else f"({self.operator})"
        return f"{signs}{self.field}{how}:{'|'.join(map(_esc, self.values))}"

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """The inverse of str(). Raises BadQuery for a field that does not exist."""
        signs, body = _SIGNS.match(text).groups()  # type: ignore[union-attr]  # it matches any text
        head, colon, values = body.partition(":")
        match = _WITH_OPERATOR.match(head)
        name, operator = (match[1], match[2]) if match else (head, "is" if colon else "exists")
        return cls(
            field=name,
            values=tuple(unescape(part) for part in _VALUES.findall(values)) if colon else (),
            operator=cast(Operator, operator),
            negated="-" in signs,
            disabled="~" in signs,
            pinned="^" in signs,
        )


def _esc(value: str) -> str:
    return spell_out(value.replace("\\", "\\\\").replace("|", "\\|"))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person may find. The console's own events about a case are the case's: only who sees it finds them.

    Who finds `everything` does not find the events of `hidden_cases`.
    """

    user_id: str
    cases: tuple[str, ...] = ()
    everything: bool = False
    hidden_cases: tuple[str, ...] = ()


# For commands and checks that run for nobody in particular.
WHOLE_TRAIL = Scope(user_id="", everything=True)


@dataclass(frozen=True, slots=True)
class Search:
    """A search. `start` and `end` are times as `trail.times` reads them, `now-7d` included; None is the beginning or the end of
    the trail. `start` is in the range, `end` is not.
    The histogram stacks by `stack`.

    `parameters` are the values bound to the text's `$name` placeholders. `ingested_until` keeps out what arrived
    later, so that a search that goes on for long, or again, sees the same events.
    """

    text: str = ""
    filters: tuple[Filter, ...] = ()
    start: str | None = None
    end: str | None = None
    sort: tuple[str, str] = ("@timestamp", "desc")
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    stack: str = STACK
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ingested_until: str | None = None

    def __post_init__(self) -> None:
        for end in ("start", "end", "ingested_until"):
            if (value := getattr(self, end)) is not None:
                _check_time(value, end)
        if self.sort[0] not in SORTABLE or self.sort[1] not in ("asc", "desc"):
            raise BadQuery(f"Events cannot be sorted by {self.sort[0]} {self.sort[1]}.")
        if self.stack not in STACKABLE:
            raise BadQuery(f"The histogram cannot be stacked by {self.stack}.")
        if len(self.columns) > MOST_COLUMNS:
            raise BadQuery(f"A table shows at most {MOST_COLUMNS} columns; {len(self.columns)} are named.")
        for column in self.columns:
            if (field := field_of(column)) is None or field.kind is Kind.LINEAGE:
                raise BadQuery(f"There is no field {column!r} to show as a column.")

    def resolved(self, now: datetime) -> "Search":
        """The same search with its times absolute, RFC 3339 in UTC, so that asking again asks the same. Raises BadQuery."""
        start, end, ingested_until = (
            time and resolve_time(time, now) for time in (self.start, self.end, self.ingested_until)
        )
        if start and end and parse_time(start) > parse_time(end):
            raise BadQuery(f"The time begins ({start}) after it ends ({end}).")
        return replace(self, start=start, end=end, ingested_until=ingested_until)

    def with_filter(self, new: Filter) -> "Search":
        """The same with one more chip, if it has not got it already."""
        return self if new in self.filters else replace(self, filters=(*self.filters, new))

    def with_instead(self, old: Filter, new: Filter) -> "Search":
        """The same with a chip changed where it stands."""
        changed = (new if chip == old else chip for chip in self.filters)
        return replace(self, filters=tuple(dict.fromkeys(changed)))

    def without_filter(self, old: Filter) -> "Search":
        """The same without a chip."""
        return replace(self, filters=tuple(f for f in self.filters if f != old))

    def to_query(self) -> dict[str, list[str]]:
        """The search as URL parameters; what is at its default is left out."""
        query: dict[str, list[str]] = {}
        if self.text:
            query["q"] = [self.text]
        if self.filters:
            query["f"] = [str(f) for f in self.filters]
        for name, value in (("from", self.start), ("to", self.end), ("until", self.ingested_until)):
            if value:
                query[name] = [value]
        if self.sort != ("@timestamp", "desc"):
            query["sort"] = [f"{self.sort[0]}:{self.sort[1]}"]
        if self.columns != DEFAULT_COLUMNS:
            query["columns"] = [",".join(self.columns)]
        if self.stack != STACK:
            query["stack"] = [self.stack]
        for name, values in self.parameters:
            query[f"p.{name}"] = list(values)
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> "Search":
        """The inverse of to_query. Raises BadQuery when a part cannot be understood."""
        lists = {k: (query.getlist(k) if hasattr(query, "getlist") else list(query[k])) for k in query}
        if any("\0" in value for values in lists.values() for value in values):
            raise BadQuery("A search cannot hold a NUL character; search for what stands beside it.")

        def last_of(name: str) -> str:
            values = lists.get(name) or [""]
            return str(values[-1]).strip()

        field, _, order = last_of("sort").rpartition(":")
        named = ",".join(str(value) for value in lists.get("columns", []))
        columns = tuple(dict.fromkeys(name for part in named.split(",") if (name := part.strip())))
        return cls(
            text=last_of("q"),
            filters=tuple(Filter.parse(f) for f in lists.get("f", []) if f),
            start=last_of("from") or None,
            end=last_of("to") or None,
            ingested_until=last_of("until") or None,
            sort=(field, order) if field else ("@timestamp", "desc"),
            columns=columns or DEFAULT_COLUMNS,
            stack=last_of("stack") or STACK,
            parameters=tuple((k[2:], tuple(v)) for k, v in lists.items() if k.startswith("p.") and any(v)),
        )

    def to_json(self) -> dict[str, list[str]]:
        """The search as kept in a database: the same words as its URL."""
        return self.to_query()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Search":
        """The inverse of to_json. Raises BadQuery."""
        return cls.from_query(stored)


def _check_time(value: str, which: str) -> None:
    if parse_relative(value) is not None:
        return
    try:
        time = parse_time(value)
    except NotATime:
        raise BadQuery(
            f"{value!r} is not a time for {which!r}: write 2026-11-24T09:30:00Z, 2026-11-24, or now-7d."
        ) from None
    if not 0 <= time < _TOO_LATE:
        raise BadQuery(f"{value!r} is outside of what the trail can hold: 1970 to 2261.")
