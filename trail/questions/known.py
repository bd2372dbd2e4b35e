"""What is known of each identifier of one event, and whether it was the first of its kind: told beside the event, in passing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.events import get
from trail.questions.reading import hit_of
from trail.search import entities, execute
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

# `user_agent.original` is left to its pairs: to find a long text among all events costs the engine more than the rest together.
IDENTIFIERS = ("user.id", "source.ip", "user_agent.name", "service.name", "organization.id", "resource.id", "token.id",
               "token.fingerprint", "token.parent_fingerprint", "trace.id")  # fmt: skip
PAIRS = (
    ("user.id", "source.ip"),
    ("token.id", "source.ip"),
    ("user.id", "user_agent.original"),
    ("token.id", "service.name"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """One identifier over all of history: the number of its events is exact, its first and last are to the millisecond."""

    field: str
    value: str
    events: int
    failures: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two identifiers that an event has in common. `since` is when they first had, exactly; `first` says that it was here."""

    fields: tuple[str, str]
    values: tuple[str, str]
    since: str
    first: bool


@dataclass(frozen=True, slots=True)
class WhatIsKnown:
    """What is known of an event's identifiers, and of those of them that go together; `coverage` says within what."""

    event_id: str
    coverage: Coverage
    identifiers: list[Known]
    pairs: list[Pair]


def known(trail: Trail, event: Hit, scope: Scope, *, now: datetime) -> WhatIsKnown:
    """What is known of each identifier of an event. One round trip."""
    single = list(_values(event, ((name,) for name in IDENTIFIERS)))
    double = list(_values(event, PAIRS))
    asked = [coverage.body(scope)]
    asked += [entities.known(_search(names, values), scope) for names, values in single]
    asked += [entities.earliest(_search(names, values), scope) for names, values in double]
    answers = iter(execute.ask_all(trail, asked))
    covered = coverage.read(next(answers), now)
    identifiers = [_known(names[0], values[0], next(answers)) for names, values in single]
    pairs = [_pair(event, names, values, next(answers)) for names, values in double]
    return WhatIsKnown(event.event_id, covered, list(filter(None, identifiers)), list(filter(None, pairs)))


def _values(event: Hit, groups: Any) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The groups of fields that an event has all of, with their values."""
    for names in groups:
        values = [get(event.document, name) for name in names]
        if all(isinstance(value, str) and value for value in values):
            yield names, tuple(values)


def _search(names: tuple[str, ...], values: tuple[str, ...]) -> Search:
    return Search(filters=tuple(Filter(name, (value,)) for name, value in zip(names, values, strict=True)))


def _known(name: str, value: str, answer: dict[str, Any]) -> Known | None:
    found = answer.get("aggregations", {})
    if not answer["hits"]["total"]["value"]:
        return None  # it has arrived and cannot be found yet
    ends = found["ends"]
    return Known(
        name, value, answer["hits"]["total"]["value"], found["failed"]["doc_count"], ends["min_as_string"], ends["max_as_string"]
    )  # fmt: skip


def _pair(event: Hit, names: tuple[str, ...], values: tuple[str, ...], answer: dict[str, Any]) -> Pair | None:
    earliest = hit_of(answer)
    if earliest is None:
        return None
    (one, other), (this, that) = names, values
    return Pair(
        (one, other),
        (this, that),
        earliest.timestamp,
        execute.instant(earliest.timestamp) == execute.instant(event.timestamp),
    )
