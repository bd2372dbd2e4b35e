"""Writes an export as a workbook (Office Open XML) in which every value is text, as it was, and none is calculated."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing

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


def lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """An empty part for each entry that went into the workbook, then the file in parts.

    What a sheet cannot hold goes on in the next one, each with the header. The file is made on the disk and stands nowhere until
    it is whole. A value that is longer than a cell is cut, ends with a word that says so, and its column is named in the last
    one, `cut`.
    """
    # The library leaves its own files behind where a workbook is not closed: they go with the folder.
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(dir=folder) as file, ExitStack() as sheets:
        workbook = Workbook(file, {**_OPTIONS, "tmpdir": folder})
        yield from _write_rows(lambda: _add_sheet(workbook, sheets), rows)
        workbook.close()
        yield from ((part, False) for part in read_parts(file))


def _add_sheet(workbook: Workbook, sheets: ExitStack) -> Worksheet:
    """The next sheet with its header; `sheets` closes the file of its rows."""
    number = len(workbook.worksheets()) + 1
    sheet = workbook.add_worksheet("Events" if number == 1 else f"Events {number}")
    sheets.enter_context(closing(sheet.row_data_fh))
    sheet.freeze_panes(1, 0)
    _write_row(sheet, 0, (*HEADER, "cut"))
    return sheet


def _write_rows(add_sheet: Callable[[], Worksheet], rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    sheet, number = add_sheet(), 0
    for row in rows:
        if (number := number + 1) == MOST_ROWS:
            sheet, number = add_sheet(), 1
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
