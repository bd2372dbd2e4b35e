"""CSV (RFC 4180) that a spreadsheet opens without running what an intruder wrote into a user agent."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from investigations.exports.rows import Row
from trail.events import get
from trail.schema import FIELDS, Kind

COLUMNS = tuple(field.name for field in FIELDS if field.kind is not Kind.RAW and field.name != "event.original")
OWN = ("evidence", "reason", "pinned_by", "pinned_at", "sha256")
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """A header, then each row in UTF-8 with CRLF. The source record is in the JSON Lines export only."""
    yield _line([*OWN[:4], *COLUMNS, OWN[4]])
    for row in rows:
        values = [row.evidence, row.reason, row.pinned_by, row.pinned_at]
        values += [_text(get(row.document, name)) for name in COLUMNS]
        yield _line([*map(defused, values), row.digest])


def defused(value: str) -> str:
    """Text that a spreadsheet shows and does not calculate: a formula's beginning gets an apostrophe before it."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
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
