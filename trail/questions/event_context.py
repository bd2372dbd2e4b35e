"""Asks what is known of each identifier of one event, and whether the event was the first of its kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from trail.connection import Trail
from trail.documents import get
from trail.questions import coverage
from trail.questions.answers import read_first_hit
from trail.questions.coverage import Coverage
from trail.search import execute
from trail.search.bodies import entity
from trail.search.execute import Hit
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search

# `user_agent.original` is left to its pairs: to find a long text among all events costs the engine more than the rest together.
IDENTIFIERS = (
    "user.id",
    "source.ip",
    "user_agent.name",
    "service.name",
    "organization.id",
    "resource.id",
    "token.id",
    "token.fingerprint",
    "token.parent_fingerprint",
    "trace.id",
)
_MOST_VALUES = 5  # of one field of an event
PAIRS = (
    ("user.id", "source.ip"),
    ("token.id", "source.ip"),
    ("user.id", "user_agent.original"),
    ("token.id", "service.name"),
)


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    """One identifier over all of history: the number of its events is exact, its first and last are to the millisecond."""

    field: str
    value: str
    events: int
    failures: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class IdentifierPair:
    """Two identifiers that an event has in common. `since` is when they first had, exactly; `first` says that it was here."""

    fields: tuple[str, str]
    values: tuple[str, str]
    since: str
    first: bool


@dataclass(frozen=True, slots=True)
class EventContext:
    """What is known of an event's identifiers, and of those of them that go together; `coverage` says within what."""

    event_id: str
    coverage: Coverage
    identifiers: list[KnownIdentifier]
    pairs: list[IdentifierPair]


def ask_event_context(trail: Trail, event: Hit, scope: Scope, *, now: datetime) -> EventContext:
    """What is known of each identifier of an event. One round trip."""
    single = list(_list_values(event, ((name,) for name in IDENTIFIERS)))
    double = list(_list_values(event, PAIRS))
    bodies = {"coverage": coverage.build_coverage(scope)}
    bodies |= {_name(*group): entity.build_counts(_search(*group), scope) for group in single}
    bodies |= {_name(*group): entity.build_earliest(_search(*group), scope) for group in double}
    responses = execute.ask_all(trail, bodies)
    covered = coverage.read_coverage(responses["coverage"], now)
    identifiers = [_read_identifier(names[0], values[0], responses[_name(names, values)]) for names, values in single]
    pairs = [_read_pair(event, names, values, responses[_name(names, values)]) for names, values in double]
    return EventContext(event.event_id, covered, list(filter(None, identifiers)), list(filter(None, pairs)))


def _name(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """What the body about some fields and their values is called."""
    return " and ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def _list_values(event: Hit, groups: Any) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The groups of fields that an event has all of, with their values; one for each address, where it has several."""
    for names in groups:
        values_by_name = [get(event.document, name) for name in names]
        for values in product(
            *(value[:_MOST_VALUES] if isinstance(value, list) else [value] for value in values_by_name)
        ):
            if all(isinstance(value, str) and value for value in values):
                yield names, tuple(values)


def _search(names: tuple[str, ...], values: tuple[str, ...]) -> Search:
    return Search(filters=tuple(Filter(name, (value,)) for name, value in zip(names, values, strict=True)))


def _read_identifier(name: str, value: str, response: Response) -> KnownIdentifier | None:
    events = execute.read_total(response)
    if not events:
        return None  # it has arrived and cannot be found yet
    aggregations = response["aggregations"]
    ends = aggregations["ends"]
    return KnownIdentifier(
        field=name,
        value=value,
        events=events,
        failures=aggregations["failed"]["doc_count"],
        first=ends["min_as_string"],
        last=ends["max_as_string"],
    )


def _read_pair(
    event: Hit, fields: tuple[str, ...], values: tuple[str, ...], response: Response
) -> IdentifierPair | None:
    earliest = read_first_hit(response)
    if earliest is None:
        return None
    return IdentifierPair(
        fields=(fields[0], fields[1]),
        values=(values[0], values[1]),
        since=earliest.timestamp,
        first=execute.sortable_time(earliest.timestamp) == execute.sortable_time(event.timestamp),
    )
