"""Imports every file that was named, however many are damaged, and says of each what became of its records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from operations.imports.envelopes import LISTS
from operations.imports.formats import SourceFormat, begins_line, is_whole_record
from operations.imports.importer import ImportSummary, RejectedRecord, import_records
from operations.imports.reader import ForeignRecord, RecordReader
from operations.imports.sources import LogSource, open_sources
from operations.imports.text_encodings import decode_chunks
from operations.imports.text_records import LineReader, TableReader, open_records
from trail.connection import Trail
from trail.writing.new_months import MonthAllowance


@dataclass(slots=True)
class FileReport:
    """What became of one file, or of one member of an archive. `problems` say what of it could not be read."""

    name: str
    summary: ImportSummary = field(default_factory=ImportSummary)
    problems: list[str] = field(default_factory=list)
    exemption: str = ""

    @property
    def note(self) -> str:
        """What there is to say of it beside the numbers."""
        if self.exemption:
            return f"passed over: {self.exemption}"
        formats = ", ".join(f"{count:,} {name}" for name, count in self.summary.formats.most_common())
        return "; ".join([f"read as {formats}"] * bool(formats) + self.problems)


def import_files(
    trail: Trail,
    format: SourceFormat | None,
    files: list[Path | LogSource],
    *,
    rejects: TextIO,
    dry_run: bool,
    months: MonthAllowance | None = None,
    on_file: Callable[[str], Any],
    on_read: Callable[[ForeignRecord], Any],
    on_rejected: Callable[[RejectedRecord], Any],
) -> Iterator[FileReport]:
    """Import files one after another; the report of each when it is done. Without a format each record is read by that of which
    it has the signs.

    Raises TrailUnavailable and WriteRefused, after which nothing more can be written, RecordsMiscounted and TooManyMonths.
    """
    for file in files:
        for source in open_sources(file) if isinstance(file, Path) else (file,):
            report = FileReport(source.name, exemption=source.exemption)
            if not source.exemption:
                on_file(source.name)
                reader = _open_reader(source, format)
                report.summary = import_records(
                    trail,
                    format,
                    reader,
                    rejects=rejects,
                    source=source.name,
                    dry_run=dry_run,
                    months=months,
                    on_read=on_read,
                    on_rejected=on_rejected,
                )
                report.summary.check_balance(reader.count)
                report.problems = source.problems + reader.problems
            yield report


def _open_reader(source: LogSource, format: SourceFormat | None) -> RecordReader | TableReader | LineReader:
    return open_records(
        decode_chunks(source.chunks),
        list_names=format.list_names if format else LISTS,
        is_record=format.is_whole_record if format else is_whole_record,
        # Without signs of its own an object that begins with a list may be a record as well.
        has_certain_lists=format is None or bool(format.signs),
        begins=begins_line if format is None or format.has_lines else None,
    )
