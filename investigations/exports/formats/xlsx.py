"""Writes an export as a workbook (Office Open XML) in which every value is text, as it was, and none is calculated."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from investigations.exports.files import read_parts
from investigations.exports.formats.csv import HEADER, build_cells
from investigations.exports.rows import ExportRow

# What a sheet holds (Excel specifications and limits): rows with the header, and characters of a cell.
MOST_ROWS, MOST_CHARACTERS = 1_048_576, 32_767
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "use_zip64": True,
}


class TooManyRows(Exception):
    """A sheet cannot hold so many."""


def lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """An empty part for each entry that went into the sheet, then the file in parts. Raises TooManyRows.

    The file is made on the disk and stands nowhere until it is whole. A value that is longer than a cell is cut, ends with a
    word that says so, and its column is named in the last one, `cut`.
    """
    # The library leaves its own files behind where a workbook is not closed: they go with the folder.
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(dir=folder) as file:
        workbook = Workbook(file, {**_OPTIONS, "tmpdir": folder})
        sheet = workbook.add_worksheet("Events")
        with closing(sheet.row_data_fh):
            yield from _write_rows(sheet, rows)
            workbook.close()
        yield from ((part, False) for part in read_parts(file))


def _write_rows(sheet: Worksheet, rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    sheet.freeze_panes(1, 0)
    _write_row(sheet, 0, (*HEADER, "cut"))
    for number, row in enumerate(rows, 1):
        if number >= MOST_ROWS:
            raise TooManyRows
        _write_row(sheet, number, _build_cells(row))
        yield b"", True


def _write_row(sheet: Worksheet, number: int, cells: Iterable[str]) -> None:
    for column, text in enumerate(cells):
        if text and sheet.write_string(number, column, text):
            raise ValueError(f"the cell {number}, {column} was not written")


def _build_cells(row: ExportRow) -> list[str]:
    cells, cut = build_cells(row), []
    for column, text in enumerate(cells):
        if len(text) > MOST_CHARACTERS:
            word = f" … cut: {len(text):,} characters"
            cells[column] = text[: MOST_CHARACTERS - len(word)] + word
            cut.append(HEADER[column])
    return [*cells, ", ".join(cut)]
