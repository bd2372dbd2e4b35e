"""One search as a value: what is asked, of which time, in which order, shown how. Everything that reads takes one.

The page, the histogram, the facets, a background run, an export and a saved query all come from this one value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from trail.errors import BadQuery
from trail.moments import text_of
from trail.pairing import FIELD as NOVELTY
from trail.schema import BY_NAME, DEFAULT_COLUMNS, FACETS, Kind, field_of
from trail.search.quoting import spelled, unescaped

Operator = Literal["is", "exists", "between", "network"]
_RELATIVE = re.compile(r"^now(?:-(\d{1,5})([smhdwy]))?$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_SIGNS = re.compile(r"([~^-]*)(.*)", re.DOTALL)
_WITH_OPERATOR = re.compile(r"(.+)\((between|network)\)")
_VALUES = re.compile(r"(?:^|\|)((?:\\.|[^\\|])*)", re.DOTALL)
_DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
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
        if field_of(self.field) is None and self.field != NOVELTY:
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
        head, colon, rest = body.partition(":")
        match = _WITH_OPERATOR.match(head)
        name, operator = (match[1], match[2]) if match else (head, "is" if colon else "exists")
        return cls(
            field=name, values=tuple(unescaped(part) for part in _VALUES.findall(rest)) if colon else (),
            operator=cast(Operator, operator), negated="-" in signs, disabled="~" in signs, pinned="^" in signs,
        )  # fmt: skip


def _esc(value: str) -> str:
    return spelled(value.replace("\\", "\\\\").replace("|", "\\|"))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person may find. The console's own events about a case are the case's: only who sees it finds them."""

    user_id: str
    cases: tuple[str, ...] = ()
    everything: bool = False


# For commands and checks that run for nobody in particular.
WHOLE_TRAIL = Scope(user_id="", everything=True)


@dataclass(frozen=True, slots=True)
class Search:
    """A search. `start` and `end` are RFC 3339 times, or `now-7d`; None is the beginning or the end of the trail.
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
        """The same search with `now…` made absolute, so that asking again asks the same. Raises BadQuery."""
        start, end = _absolute(self.start, now), _absolute(self.end, now)
        if start and end and datetime.fromisoformat(start) > datetime.fromisoformat(end):
            raise BadQuery(f"The time begins ({start}) after it ends ({end}).")
        return replace(self, start=start, end=end)

    def with_filter(self, new: Filter) -> "Search":
        return self if new in self.filters else replace(self, filters=(*self.filters, new))

    def with_instead(self, old: Filter, new: Filter) -> "Search":
        """The same with a chip changed where it stands."""
        changed = (new if one == old else one for one in self.filters)
        return replace(self, filters=tuple(dict.fromkeys(changed)))

    def without_filter(self, old: Filter) -> "Search":
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

        def one(name: str) -> str:
            values = lists.get(name) or [""]
            return str(values[-1]).strip()

        field, _, order = one("sort").rpartition(":")
        named = ",".join(str(value) for value in lists.get("columns", []))
        columns = tuple(dict.fromkeys(name for part in named.split(",") if (name := part.strip())))
        return cls(
            text=one("q"),
            filters=tuple(Filter.parse(f) for f in lists.get("f", []) if f),
            start=one("from") or None,
            end=one("to") or None,
            ingested_until=one("until") or None,
            sort=(field, order) if field else ("@timestamp", "desc"),
            columns=columns or DEFAULT_COLUMNS,
            stack=one("stack") or STACK,
            parameters=tuple((k[2:], tuple(v)) for k, v in lists.items() if k.startswith("p.") and any(v)),
        )

    def to_json(self) -> dict[str, list[str]]:
        """The search as kept in a database: the same words as its URL."""
        return self.to_query()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Search":
        return cls.from_query(kept)


def _check_time(value: str, which: str) -> None:
    if _RELATIVE.match(value):
        return
    instant = _instant(value)
    if instant is None:
        raise BadQuery(f"{value!r} is not a time for {which!r}: write 2026-11-24T09:30:00Z, 2026-11-24, or now-7d.")
    if not 1970 <= instant.year <= 2261:
        raise BadQuery(f"{value!r} is outside of what the trail can hold: 1970 to 2261.")


def _instant(value: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _absolute(value: str | None, now: datetime) -> str | None:
    """RFC 3339 in UTC. Nanoseconds that a person typed are kept as they are."""
    if value is None:
        return None
    if match := _RELATIVE.match(value):
        amount, unit = match.groups()
        # However long ago: no event is from before 1970.
        ago = min(int(amount) * _UNITS[unit], now.timestamp()) if amount else 0
        instant = now - timedelta(seconds=ago)
    elif value.endswith("Z") or _DATE.match(value):
        return value if value.endswith("Z") else f"{value}T00:00:00Z"
    else:
        instant = _instant(value) or now
    return text_of(instant)
