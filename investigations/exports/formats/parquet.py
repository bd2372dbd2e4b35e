"""Writes an export as Apache Parquet, in which times, numbers and truth values have types of their own."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet

from investigations.exports.files import read_parts
from investigations.exports.formats.csv import CASE_COLUMNS, COLUMNS, PROOF_COLUMNS, read_values
from investigations.exports.rows import ExportRow
from trail.schema import BY_NAME, Field, Kind
from trail.times import parse_time

# Rows of a row group, which is what is held in memory.
GROUP = 10_000
_MESSAGE = COLUMNS.index("message")
Column = Sequence[Any]
Builder = Callable[[Column], "pa.Array[Any]"]
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
            group: list[tuple[Any, ...]] = []
            for row in rows:
                group.append(_build_record(row))
                if len(group) == GROUP:
                    _write_group(writer, group)
                yield b"", True
            _write_group(writer, group)
        yield from ((part, False) for part in read_parts(file))


def _write_group(writer: parquet.ParquetWriter, group: list[tuple[Any, ...]]) -> None:
    """Write rows column by column, which is several times as fast as value by value."""
    if group:
        columns = zip(_BUILDERS, zip(*group, strict=True), strict=True)
        writer.write_batch(pa.RecordBatch.from_arrays([build(column) for build, column in columns], schema=SCHEMA))
        group.clear()


def _build_record(row: ExportRow) -> tuple[Any, ...]:
    """The values of a row, one of SCHEMA each."""
    values, sentence = read_values(row), row.write_sentence()
    values[_MESSAGE] = values[_MESSAGE] or sentence
    case = (row.evidence or None, row.reason or None, row.pinned_by or None, row.pinned_at or None)
    return (*case, sentence, *values, row.digest, row.leaf, row.statement, row.redaction or None)


def _build_times(column: Column) -> "pa.Array[Any]":
    """Texts as nanoseconds. The library reads those of events; what people may write in other ways is read one by one."""
    try:
        return pa.array(column, pa.string()).cast(TIME)
    except pa.ArrowInvalid:
        return pa.array([None if value is None else parse_time(value) for value in column], TIME)


def _build_json(column: Column) -> "pa.Array[Any]":
    return pa.array([None if value is None else orjson.dumps(value).decode() for value in column], pa.string())


def _build_lists(column: Column, of: pa.DataType) -> "pa.Array[Any]":
    return pa.array([[value] if value is not None and not isinstance(value, list) else value for value in column], of)


def _build_labels(column: Column) -> "pa.Array[Any]":
    labels = [None if value is None else list(value.items()) for value in column]
    return pa.array(labels, _TYPES[Kind.LABELS])


def _choose_builder(name: str, type_: pa.DataType) -> Builder:
    """What makes a column of SCHEMA of the values of rows."""
    field = BY_NAME.get(name)
    if name == "statement" or (field is not None and field.kind is Kind.NESTED):
        return _build_json
    if field is not None and field.many:
        return partial(_build_lists, of=type_)
    return {TIME: _build_times, _TYPES[Kind.LABELS]: _build_labels}.get(type_, partial(pa.array, type=type_))


def _choose_type(field: Field) -> pa.DataType:
    scalar = _TYPES.get(field.kind, pa.string())
    return pa.list_(scalar) if field.many and field.kind is not Kind.NESTED else scalar


SCHEMA = pa.schema(
    [
        *((name, _OWN_TYPES.get(name, pa.string())) for name in CASE_COLUMNS),
        *((name, _choose_type(BY_NAME[name])) for name in COLUMNS),
        *((name, _OWN_TYPES.get(name, pa.string())) for name in PROOF_COLUMNS),
    ]
)
_BUILDERS = [_choose_builder(column.name, column.type) for column in SCHEMA]
