"""CSV (RFC 4180) that a spreadsheet opens without running what an intruder wrote into a user agent."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from investigations.exports.rows import Row
from trail.events import nest
from trail.schema import FIELDS, Kind

COLUMNS = tuple(field.name for field in FIELDS if field.kind is not Kind.RAW and field.name != "event.original")
# Each column's number, nested as events are.
_PLACES = nest({name: place for place, name in enumerate(COLUMNS)})
OWN = ("evidence", "reason", "pinned_by", "pinned_at", "sha256")
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """A header, then each row in UTF-8 with CRLF. The source record is in the JSON Lines export only."""
    yield _line([*OWN[:4], *COLUMNS, OWN[4]])
    for row in rows:
        own = map(defused, (row.evidence, row.reason, row.pinned_by, row.pinned_at))
        values = [""] * len(COLUMNS)
        _fill(values, row.document, _PLACES)
        yield _line([*own, *values, row.digest])


def _fill(values: list[str], document: dict[str, Any], places: dict[str, Any]) -> None:
    for name, value in document.items():
        place = places.get(name)
        if type(place) is int:
            values[place] = defused(value if type(value) is str else _text(value))
        elif place and isinstance(value, dict):
            _fill(values, value, place)


def defused(value: str) -> str:
    """Text that a spreadsheet shows and does not calculate: a formula's beginning gets an apostrophe before it."""
    return f"'{value}" if value[:1] in _FORMULA else value


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() if all(isinstance(one, str) for one in value):
            return "; ".join(value)
        case int():
            return str(value)
        case _:
            return orjson.dumps(value).decode()


def _line(values: list[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue().encode()
