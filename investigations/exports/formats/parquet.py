"""Writes an export as Apache Parquet, in which times, numbers and truth values have types of their own."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet

from investigations.exports.files import read_parts
from investigations.exports.formats.csv import CASE_COLUMNS, COLUMNS, PROOF_COLUMNS
from investigations.exports.rows import ExportRow
from trail.documents import get
from trail.schema import BY_NAME, Field, Kind
from trail.times import parse_time

# Rows of a row group, which is what is held in memory.
GROUP = 10_000
TIME = pa.timestamp("ns", tz="UTC")
# Of the columns that are not the event's own; every other one is text.
_OWN_TYPES: Mapping[str, pa.DataType] = {"pinned_at": TIME, "leaf": pa.int64()}
_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TIME: TIME,
    Kind.INTEGER: pa.int64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.LABELS: pa.map_(pa.string(), pa.string()),
}


def lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """An empty part for each entry that went into the file, then the file in parts; zstd, row groups of 10,000.

    The columns are those of the CSV export. Times are nanoseconds in UTC, what may be several is a list, `labels` is a map,
    what has a structure of its own (`token.discharges`) is JSON. Raises pyarrow.ArrowInvalid for a value of another type than
    the schema's, ValueError for a time that is none.
    """
    with tempfile.TemporaryFile() as file:
        with parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
            group: list[dict[str, Any]] = []
            for row in rows:
                group.append(_build_record(row))
                if len(group) == GROUP:
                    _write_group(writer, group)
                yield b"", True
            _write_group(writer, group)
        yield from ((part, False) for part in read_parts(file))


def _write_group(writer: parquet.ParquetWriter, group: list[dict[str, Any]]) -> None:
    if group:
        writer.write_batch(pa.RecordBatch.from_pylist(group, schema=SCHEMA))
        group.clear()


def _build_record(row: ExportRow) -> dict[str, Any]:
    record = {name: read(get(row.document, name)) for name, read in _READERS.items()}
    sentence = row.write_sentence()
    return record | {
        "evidence": row.evidence or None,
        "reason": row.reason or None,
        "pinned_by": row.pinned_by or None,
        "pinned_at": _read_time(row.pinned_at or None),
        "sentence": sentence,
        "message": record["message"] or sentence,
        "sha256": row.digest,
        "leaf": row.leaf,
        "statement": _read_json(row.statement),
        "redaction": row.redaction or None,
    }


def _read_same(value: Any) -> Any:
    return value


def _read_time(value: Any) -> int | None:
    return None if value is None else parse_time(value)


def _read_json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _read_many(value: Any) -> list[Any] | None:
    return value if value is None or isinstance(value, list) else [value]


def _read_labels(value: Any) -> list[tuple[str, str]] | None:
    return None if value is None else list(value.items())


def _choose_reader(field: Field) -> Callable[[Any], Any]:
    if field.kind is Kind.NESTED:
        return _read_json
    if field.many:
        return _read_many
    return {Kind.TIME: _read_time, Kind.LABELS: _read_labels}.get(field.kind, _read_same)


def _choose_type(field: Field) -> pa.DataType:
    scalar = _TYPES.get(field.kind, pa.string())
    return pa.list_(scalar) if field.many and field.kind is not Kind.NESTED else scalar


_READERS = {name: _choose_reader(BY_NAME[name]) for name in COLUMNS}
SCHEMA = pa.schema(
    [
        *((name, _OWN_TYPES.get(name, pa.string())) for name in CASE_COLUMNS),
        *((name, _choose_type(BY_NAME[name])) for name in COLUMNS),
        *((name, _OWN_TYPES.get(name, pa.string())) for name in PROOF_COLUMNS),
    ]
)
