"""Writes an export as a timeline that Timesketch imports, as CSV or as JSON Lines.

What it asks of each line (Timesketch, docs/guides/user/import-from-json-csv): `message`, `datetime` (ISO 8601) and
`timestamp_desc`; it keeps `timestamp` in whole microseconds. The time to the nanosecond is in `event_time`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from core.csv import build_csv_lines
from investigations.exports.formats.csv import COLUMNS
from investigations.exports.rows import ExportRow
from investigations.presentation.statements import STATEMENTS
from trail.documents import flatten
from trail.times import parse_time

DESCRIPTION, EVENT = "Event time", "event"
OWN = ("message", "datetime", "timestamp", "timestamp_desc", "data_type", "tag", "event_time", "evidence", "reason")
PROOF = ("sha256", "leaf", "redaction")
# Names that Timesketch has a meaning of its own for.
_FIELDS = tuple(name for name in COLUMNS if name not in ("@timestamp", "message"))
_NANOSECONDS = 1_000


def csv_lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """A header, then each row, with whether it is an entry."""
    header = (*OWN, *_FIELDS, *PROOF)
    lines = build_csv_lines(header, ([_write_text(entry.get(name)) for name in header] for entry in map(_build, rows)))
    yield next(lines), False
    for line in lines:
        yield line, True


def jsonl_lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """Each row as one object without nesting, and that it is an entry."""
    for row in rows:
        entry = {name: value for name, value in _build(row).items() if value not in (None, "")}
        yield orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE), True


def _build(row: ExportRow) -> dict[str, Any]:
    time = str(row.document["@timestamp"])
    microseconds = parse_time(time) // _NANOSECONDS
    fields = dict(flatten(row.document))
    kind = None if row.statement is None else STATEMENTS[row.statement["format"]]
    return {
        **{name: fields[name] for name in _FIELDS if name in fields},
        "message": row.write_sentence(),
        "datetime": _write_datetime(time),
        "timestamp": microseconds,
        "timestamp_desc": DESCRIPTION if kind is None else kind.holds,
        "data_type": f"audit:trail:{EVENT if kind is None else kind.kind.value}",
        "tag": [row.evidence] if row.evidence else [],
        "event_time": time,
        "evidence": row.evidence,
        "reason": row.reason,
        "sha256": row.digest,
        "leaf": row.leaf,
        "redaction": row.redaction,
    }


def _write_datetime(time: str) -> str:
    """The time to the microsecond, cut and not rounded, so that no two change their order."""
    whole, _, fraction = time.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]:0<6}+00:00"


def _write_text(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return orjson.dumps(value).decode()
