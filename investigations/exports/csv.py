"""CSV (RFC 4180) that a spreadsheet opens without running what an intruder wrote into a user agent."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from investigations.exports.rows import Row
from trail.events import nest
from trail.schema import FIELDS, Kind

COLUMNS = tuple(field.name for field in FIELDS if field.kind is not Kind.RAW and field.name != "event.original")
# Each column's number, nested as events are.
_PLACES = nest({name: place for place, name in enumerate(COLUMNS)})
OWN = ("evidence", "reason", "pinned_by", "pinned_at", "sha256", "leaf", "statement")
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection); within a text too, for some part the cells at
# a semicolon or a tab, whatever stands in quotes.
_FORMULA = re.compile(r"^(?=[\t\r\n])|^ *(?=[=+\-@＝＋－＠])|[;\t\r\n]\s*(?=[=+\-@＝＋－＠])")
_QUOTED = re.compile(r'[",\r\n]')
KEPT, SHORT = 20_000, 200


class _Cells(dict[str, str]):
    """Each value as it stands in the file: defused, and in quotes where RFC 4180 asks for them.

    Events say the same things again and again, so the first short ones are kept.
    """

    def __missing__(self, value: str) -> str:
        cell = defused(value)
        if _QUOTED.search(cell):
            cell = '"{}"'.format(cell.replace('"', '""'))
        if len(self) < KEPT and len(value) < SHORT:
            self[value] = cell
        return cell


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """A header, then each row in UTF-8 with CRLF. The source record is in the JSON Lines export only."""
    yield _line([*OWN[:4], *COLUMNS, *OWN[4:]])
    cell_of = _Cells()
    for row in rows:
        line = [""] * len(COLUMNS)
        _fill(line, row.document, _PLACES, cell_of)
        own = (cell_of[row.evidence], cell_of[row.reason], cell_of[row.pinned_by], cell_of[row.pinned_at])
        stated = "" if row.statement is None else cell_of[orjson.dumps(row.statement).decode()]
        yield _line([*own, *line, row.digest, "" if row.leaf is None else str(row.leaf), stated])


def _line(cells: list[str]) -> bytes:
    return f"{','.join(cells)}\r\n".encode()


def _fill(line: list[str], document: dict[str, Any], places: dict[str, Any], cell_of: _Cells) -> None:
    for name, value in document.items():
        place = places.get(name)
        if type(place) is int:
            line[place] = cell_of[value if type(value) is str else _text(value)]
        elif place and isinstance(value, dict):
            _fill(line, value, place, cell_of)


def defused(value: str) -> str:
    """Text that a spreadsheet shows and does not calculate: a formula's beginning gets an apostrophe before it."""
    return _FORMULA.sub(r"\g<0>'", value)


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
