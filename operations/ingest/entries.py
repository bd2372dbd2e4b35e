"""Reads the lines that a writer sends into checked events: of its dataset, under its name, within the limits."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.conf import settings

from operations.imports.conversion import add_given_id, add_writer, convert_record
from operations.imports.formats import FORMATS
from operations.imports.reader import ForeignRecord
from operations.models.writer_keys import NATIVE, WriterKey
from trail.documents import get
from trail.errors import InvalidEvent
from trail.events import Event, parse_event
from trail.reserved_names import expect_unreserved
from trail.source_record import parse_record

# Matches everything that may be a name; within a text a quotation mark is escaped and counts too, so it finds no fewer.
_NAMES = re.compile(rb'"\s*:')
# Perhaps an integer beyond 64 bits, of which the quick parser makes a float.
_GREAT = re.compile(rb"\d{19}")
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What came as one: its bytes, and the events it makes (a foreign record may make two) or why it makes none.

    `claimed_id` is the id that it has, where it makes none; `format` and `given_id` are how it was read.
    """

    text: bytes
    events: list[Event] = field(default_factory=list)
    problem: InvalidEvent | None = None
    claimed_id: str = ""
    format: str = ""
    given_id: str = ""


class EntryReader:
    """Reads the entries of one request, written with `key`."""

    def __init__(self, key: WriterKey) -> None:
        self._key = key
        # By the clock of this machine; a clock that ran ahead must not make indices for years to come.
        self._latest = (datetime.now(UTC) + AHEAD).strftime("%Y-%m-%dT%H:%M:%S")
        self._format = None if key.format == NATIVE else replace(FORMATS[key.format], dataset=key.dataset)

    def read_events(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        """Each line is an event of the trail."""
        return (self._read(line, lambda value: self._parse_native(self._add_dataset(value))) for line in lines)

    def read_record(self, line: bytes, place: int, given_id: str) -> Entry:
        """One record of the key's format; `given_id` is the id that its shipper gave it, empty where it gave none."""
        if self._format is None:
            return self._read(
                line,
                lambda value: self._parse_native(self._add_dataset(add_given_id(value, given_id))),
                given_id=given_id,
            )
        return self._read(
            line,
            lambda value: self._convert_foreign(line, value, place, given_id),
            format=self._format.name,
            given_id=given_id,
        )

    def _read(
        self, line: bytes, make_events: Callable[[Any], list[Event]], *, format: str = "", given_id: str = ""
    ) -> Entry:
        value = None
        try:
            value = _parse_json(line, unique_names=not format)
            events = [self._own(event) for event in make_events(value)]
            return Entry(line, events, format=format, given_id=given_id)
        except (InvalidEvent, RecursionError) as error:
            if isinstance(error, RecursionError):
                error = InvalidEvent("event", "is nested too deeply")
            event_id = get(value, "event.id") if isinstance(value, dict) else None
            claimed_id = event_id if isinstance(event_id, str) else ""
            return Entry(line, problem=error, claimed_id=claimed_id, format=format, given_id=given_id)

    def _add_dataset(self, value: Any) -> Any:
        """An event with the key's dataset, where it names none itself."""
        if not isinstance(value, dict) or not isinstance(inner := value.get("event"), dict) or "dataset" in inner:
            return value
        return {**value, "event": {**inner, "dataset": self._key.dataset}}

    def _parse_native(self, value: Any) -> list[Event]:
        return [parse_event(value)]

    def _convert_foreign(self, line: bytes, value: Any, place: int, given_id: str) -> list[Event]:
        assert self._format is not None
        record = value if isinstance(value, dict) else None
        problem = "" if record is not None else "expected one JSON object"
        text = line.decode()
        if record is not None and _GREAT.search(line):
            record = parse_record(text)
        return convert_record(self._format, ForeignRecord(place, text, record, problem), given_id).events

    def _own(self, event: Event) -> Event:
        """The event under the writer's name. Raises InvalidEvent for another's, or the console's own."""
        event = add_writer(event, self._key.writer)
        expect_unreserved(event.document)
        if event.document["event"]["dataset"] != self._key.dataset:
            raise InvalidEvent("event.dataset", f"expected {self._key.dataset}, all that this key may write")
        if event.timestamp[:19] > self._latest:
            raise InvalidEvent("@timestamp", "expected a time that is not more than a day ahead")
        if get(event.document, "writer.id") != self._key.writer:
            raise InvalidEvent("writer.id", f"expected {self._key.writer}, whose key this is, or nothing")
        return event


def _parse_json(line: bytes, *, unique_names: bool) -> Any:
    """What a line says. Raises InvalidEvent where it is no JSON, too long, too deep, or ambiguous."""
    if len(line) > settings.INGEST_EVENT_BYTES:
        raise InvalidEvent("event", f"expected at most {settings.INGEST_EVENT_BYTES:,} bytes")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent("event", f"expected JSON: {error.msg}, at character {error.pos}") from error
    # A quick look first: with so few brackets it cannot be too deep, and JSON that is written as it was read repeats no name.
    if line.count(b"{") + line.count(b"[") > settings.INGEST_DEPTH or (unique_names and orjson.dumps(value) != line):
        names = _count_names(value)
        if unique_names and names != len(_NAMES.findall(line)):
            json.loads(line, object_pairs_hook=_refuse_repeated_names, parse_int=str, parse_float=str)
    return value


def _count_names(value: Any) -> int:
    """How many names there are, in all objects. Raises InvalidEvent beyond the greatest depth."""
    names, depth, level = 0, 0, [value]
    while level:
        depth += 1
        if depth > settings.INGEST_DEPTH:
            raise InvalidEvent("event", f"expected at most {settings.INGEST_DEPTH} levels, one within the other")
        below: list[Any] = []
        for outer in level:
            if type(outer) is dict:
                names += len(outer)
                outer = outer.values()
            elif type(outer) is not list:
                continue
            below += [inner for inner in outer if type(inner) is dict or type(inner) is list]
        level = below
    return names


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. A repeated name means one thing to one reader and another to the next (RFC 7493, 2.3)."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise InvalidEvent(repeated[:200], "expected each name once in an object")
    return values
