"""From the lines that a writer sends to checked events: of its dataset, under its name, within the limits."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.conf import settings

from operations.formats import FORMATS
from operations.importing import events_of
from operations.models.keys import NATIVE, WriterKey
from operations.reading import Record
from trail.errors import InvalidEvent
from trail.events import Event, get, parse

# Everything that may be a name; within a text a quotation mark is escaped and counts too, so there are never fewer.
_NAMES = re.compile(rb'"\s*:')
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What came as one: its bytes, and the events it makes (a foreign record may make two) or why it makes none.

    `claimed_id` is the id that it has, where it makes none.
    """

    text: bytes
    events: list[Event] = field(default_factory=list)
    problem: InvalidEvent | None = None
    claimed_id: str = ""


class Reader:
    """Reads the entries of one request, written with `key`."""

    def __init__(self, key: WriterKey) -> None:
        self._key = key
        # By the clock of this machine; a clock that ran ahead must not make indices for years to come.
        self._latest = (datetime.now(UTC) + AHEAD).strftime("%Y-%m-%dT%H:%M:%S")
        self._format = None if key.format == NATIVE else replace(FORMATS[key.format], dataset=key.dataset)

    def events(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        """Each line is an event of the trail."""
        return (self._entry(line, self._native) for line in lines)

    def record(self, line: bytes, place: int, given_id: str | None) -> Entry:
        """One record of the key's format; `given_id` is the id that its shipper gave it."""
        if self._format is None:
            return self._entry(line, lambda value: self._native(_with_id(value, given_id)))
        return self._entry(line, lambda value: self._foreign(line, value, place, given_id), foreign=True)

    def _entry(self, line: bytes, read: Callable[[Any], list[Event]], *, foreign: bool = False) -> Entry:
        value = None
        try:
            value = _value(line, unique_names=not foreign)
            return Entry(line, [self._own(event) for event in read(value)])
        except InvalidEvent as error:
            claimed = get(value, "event.id") if isinstance(value, dict) else None
            return Entry(line, problem=error, claimed_id=claimed if isinstance(claimed, str) else "")

    def _native(self, value: Any) -> list[Event]:
        return [parse(value)]

    def _foreign(self, line: bytes, value: Any, place: int, given_id: str | None) -> list[Event]:
        assert self._format is not None
        record = value if isinstance(value, dict) else None
        problem = "" if record is not None else "expected one JSON object"
        documents, _ = events_of(self._format, Record(place, line.decode(), record, problem), given_id)
        return [Event(document) for document in documents]

    def _own(self, event: Event) -> Event:
        """The event under the writer's name. Raises InvalidEvent for another's."""
        document = event.document
        if document["event"]["dataset"] != self._key.dataset:
            raise InvalidEvent("event.dataset", f"expected {self._key.dataset}, all that this key may write")
        if event.timestamp[:19] > self._latest:
            raise InvalidEvent("@timestamp", "expected a time that is not more than a day ahead")
        writer = document.get("writer")
        if writer is None:
            return Event({**document, "writer": {"id": self._key.writer}})
        if writer["id"] != self._key.writer:
            raise InvalidEvent("writer.id", f"expected {self._key.writer}, whose key this is, or nothing")
        return event


def _value(line: bytes, *, unique_names: bool) -> Any:
    """What a line says. Raises InvalidEvent where it is no JSON, too long, too deep, or ambiguous."""
    if len(line) > settings.INGEST_EVENT_BYTES:
        raise InvalidEvent("event", f"expected at most {settings.INGEST_EVENT_BYTES:,} bytes")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent("event", f"expected JSON: {error.msg}, at character {error.pos}") from error
    # With so few brackets it cannot be too deep, and what is written as it was read holds no name twice: a quick look first.
    if line.count(b"{") + line.count(b"[") > settings.INGEST_DEPTH or (unique_names and orjson.dumps(value) != line):
        names = _count_names(value)
        if unique_names and names != len(_NAMES.findall(line)):
            json.loads(line, object_pairs_hook=_once, parse_int=str, parse_float=str)
    return value


def _count_names(value: Any) -> int:
    """How many names there are, in all objects. Raises InvalidEvent beyond the greatest depth."""
    names, depth, level = 0, 0, [value]
    while level:
        depth += 1
        if depth > settings.INGEST_DEPTH:
            raise InvalidEvent("event", f"expected at most {settings.INGEST_DEPTH} levels, one within the other")
        below: list[Any] = []
        for one in level:
            if type(one) is dict:
                names += len(one)
                one = one.values()
            elif type(one) is not list:
                continue
            below += [inner for inner in one if type(inner) is dict or type(inner) is list]
        level = below
    return names


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without a name that stands twice: it means one thing to one reader and another to the next (RFC 7493, 2.3)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidEvent(twice[:200], "expected each name once in an object")
    return found


def _with_id(value: Any, given_id: str | None) -> Any:
    """An event of the trail with the id that its shipper gave it, where it has none of its own."""
    if given_id is None or not isinstance(value, dict) or not isinstance(inner := value.get("event", {}), dict):
        return value
    if inner.get("id", given_id) != given_id:
        raise InvalidEvent("event.id", "expected the same as the _id it was sent with")
    return {**value, "event": {**inner, "id": given_id}}
