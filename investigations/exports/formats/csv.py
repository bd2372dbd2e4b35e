"""Writes an export as CSV: a row an event, a column a field."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from core.csv import build_csv_lines
from investigations.exports.rows import ExportRow
from trail.documents import nest
from trail.schema import FIELDS, Kind

COLUMNS = tuple(field.name for field in FIELDS if field.kind is not Kind.RAW and field.name != "event.original")
# Each column's number, nested as events are.
_PLACES = nest({name: place for place, name in enumerate(COLUMNS)})
_MESSAGE = COLUMNS.index("message")
CASE_COLUMNS = ("evidence", "reason", "pinned_by", "pinned_at", "sentence")
# The last names the profile by which a row was redacted, where it was.
PROOF_COLUMNS = ("sha256", "leaf", "statement", "redaction")
HEADER = (*CASE_COLUMNS, *COLUMNS, *PROOF_COLUMNS)


@dataclass(frozen=True, slots=True)
class CsvShape:
    """The `columns` of a file, names of HEADER in its order, all where there are none; and whether a byte order mark stands
    first, by which a spreadsheet that guesses reads UTF-8 as such."""

    columns: tuple[str, ...] = ()
    has_bom: bool = False


WHOLE = CsvShape()


def lines(rows: Iterable[ExportRow], shape: CsvShape = WHOLE) -> Iterator[tuple[bytes, bool]]:
    """A header, then each row, with whether it is an entry. The source record is in the JSON Lines export only.

    `sentence` is made from the event by the console; `message` stays what the event itself says, or the sentence where it
    says nothing.
    """
    cells: Iterable[list[str]] = map(build_cells, rows)
    if shape.columns:
        places = [HEADER.index(name) for name in shape.columns]
        cells = ([row[place] for place in places] for row in cells)
    lines = build_csv_lines(shape.columns or HEADER, cells)
    yield (BOM_UTF8 if shape.has_bom else b"") + next(lines), False
    for line in lines:
        yield line, True


def build_cells(row: ExportRow) -> list[str]:
    """The texts of a row, a column of HEADER each."""
    event = [value if type(value) is str else _text(value) for value in read_values(row, "")]
    sentence = row.write_sentence()
    event[_MESSAGE] = event[_MESSAGE] or sentence
    leaf = "" if row.leaf is None else str(row.leaf)
    statement = "" if row.statement is None else orjson.dumps(row.statement).decode()
    beside = (row.digest, leaf, statement, row.redaction)
    return [row.evidence, row.reason, row.pinned_by, row.pinned_at, sentence, *event, *beside]


def read_values(row: ExportRow, empty: Any = None) -> list[Any]:
    """The event's values, one of COLUMNS each, `empty` where it has none."""
    values = [empty] * len(COLUMNS)
    _fill(values, row.document, _PLACES)
    return values


def _fill(values: list[Any], document: dict[str, Any], places: dict[str, Any]) -> None:
    """Walk the event once: it has fewer values than there are columns."""
    for name, value in document.items():
        place = places.get(name)
        if type(place) is int:
            values[place] = value
        elif place and isinstance(value, dict):
            _fill(values, value, place)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() if all(isinstance(item, str) for item in value):
            return "; ".join(value)
        case int():
            return str(value)
        case _:
            return orjson.dumps(value).decode()
