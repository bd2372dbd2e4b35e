"""Lists the formats of exports: how each is written, how its file ends, and as what it is sent. A new one is entered here."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from investigations.exports.formats import csv, jsonl, ocsf, parquet, stix, timesketch, xlsx
from investigations.exports.formats.csv import WHOLE, CsvShape
from investigations.exports.rows import ExportRow
from investigations.models import Export

_NDJSON = "application/x-ndjson"

Writer = Callable[[Iterable[ExportRow]], Iterator[tuple[bytes, bool]]]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """`write` gives the file's parts, each with whether it is an entry; None for bundles, which are made of more than rows."""

    suffix: str
    content_type: str
    write: Writer | None


FORMATS = {
    Export.Format.CSV: FileFormat("csv", "text/csv; charset=utf-8", csv.lines),
    Export.Format.JSONL: FileFormat("jsonl", _NDJSON, jsonl.lines),
    Export.Format.BUNDLE: FileFormat("bundle.jsonl", _NDJSON, None),
    Export.Format.CASE_BUNDLE: FileFormat("case.zip", "application/zip", None),
    Export.Format.XLSX: FileFormat(
        "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx.lines
    ),
    Export.Format.TIMESKETCH_CSV: FileFormat("timesketch.csv", "text/csv; charset=utf-8", timesketch.csv_lines),
    Export.Format.TIMESKETCH_JSONL: FileFormat("timesketch.jsonl", _NDJSON, timesketch.jsonl_lines),
    Export.Format.PARQUET: FileFormat("parquet", "application/vnd.apache.parquet", parquet.lines),
    Export.Format.STIX: FileFormat("stix.json", "application/stix+json;version=2.1", stix.lines),
    Export.Format.OCSF: FileFormat("ocsf.jsonl", _NDJSON, ocsf.lines),
}


def choose_writer(export: Export) -> Writer | None:
    """What writes an export's rows, as it was asked for; None for bundles."""
    if (shape := CsvShape(tuple(export.columns), export.has_bom)) != WHOLE:
        return partial(csv.lines, shape=shape)
    return FORMATS[Export.Format(export.format)].write
