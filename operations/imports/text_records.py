"""Reads records that are no JSON: the rows of a table whose first row names the columns, and lines of plain text.

Both come as the object that they say, which is what is kept of them: a row by its columns, and a line as `message`.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from operations.imports.reader import LONGEST, ForeignRecord, RecordReader

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 64 * 1024  # characters, to tell what a source is
_MOST_LINES = 1_000  # of one record of several lines
# Frames of syslog that were written one behind the other, without a line's end between them.
_FRAMES = re.compile(r"(?<=.)(?=<\d{1,3}>(?:1 )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")
csv.field_size_limit(LONGEST)


class TableReader:
    """Iterates over the rows of a table. A row with more or fewer cells than there are columns is a record with a problem."""

    def __init__(self, pieces: Iterator[str], delimiter: str) -> None:
        self.count = 0
        self.problems: list[str] = []
        self._lines = _RowLines(pieces)
        self._delimiter = delimiter

    def __iter__(self) -> Iterator[ForeignRecord]:
        # Without `strict` a quote that is not closed makes one cell of all rows behind it, and says nothing.
        rows = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        try:
            columns = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            self.problems.append(f"it is a table whose first row cannot be read: {error}")
            return
        if repeated := next((name for name in columns if columns.count(name) > 1), None):
            self.problems.append(f"it is a table in which two columns are called {repeated!a}, so it was not read")
            return
        while True:
            line, offset = self._lines.count + 1, self._lines.offset
            self._lines.taken.clear()
            try:
                cells = next(rows, None)
            except csv.Error as error:
                reason = "a quote is not closed" if "unexpected end" in str(error) else str(error)
                yield self._make_record(self._lines.taken, None, f"is no row of a table: {reason}", line, offset)
                continue
            if cells is None:
                return
            if cells:
                yield self._read_row(columns, cells, line, offset)

    def _read_row(self, columns: list[str], cells: list[str], line: int, offset: int) -> ForeignRecord:
        if len(cells) != len(columns):
            problem = f"has {len(cells)} cells where {len(columns)} columns are named"
            return self._make_record(self._lines.taken, None, problem, line, offset)
        return self._make_record([], dict(zip(columns, cells, strict=True)), "", line, offset)

    def _make_record(
        self, lines: list[str], value: dict[str, Any] | None, problem: str, line: int, offset: int
    ) -> ForeignRecord:
        self.count += 1
        text = "".join(lines).rstrip("\r\n") if value is None else json.dumps(value, ensure_ascii=False)
        return ForeignRecord(self.count, text, value, problem, line, offset)


class LineReader:
    """Iterates over lines of text. A line that does not begin as a record does belongs to the one before it.

    `has_frames`: there are no ends of lines, and what looks like the beginning of a frame is one.
    """

    def __init__(self, pieces: Iterator[str], begins: Callable[[str], bool], *, has_frames: bool = False) -> None:
        self.count = 0
        self.problems: list[str] = []
        self._lines = _CountedLines(pieces, _FRAMES if has_frames else None)
        self._begins = begins

    def __iter__(self) -> Iterator[ForeignRecord]:
        pending: list[str] = []
        line = offset = size = 0
        while True:
            number, at = self._lines.count + 1, self._lines.offset
            text = next(self._lines, None)
            if text is None:
                break
            is_full = len(pending) >= _MOST_LINES or size > LONGEST // 2
            if pending and not self._begins(text) and not is_full:
                pending.append(text)
                size += len(text)
                continue
            if record := self._make_record(pending, line, offset):
                yield record
            pending, line, offset, size = [text], number, at, len(text)
        if record := self._make_record(pending, line, offset):
            yield record

    def _make_record(self, lines: list[str], line: int, offset: int) -> ForeignRecord | None:
        message = "".join(lines).strip("\r\n\0 ")
        if not message:
            return None
        self.count += 1
        value = {"message": message}
        return ForeignRecord(self.count, json.dumps(value, ensure_ascii=False), value, "", line, offset)


class _CountedLines:
    """The lines of a text with their ends, and how many were read, with their bytes as UTF-8."""

    def __init__(self, pieces: Iterator[str], frames: re.Pattern[str] | None = None) -> None:
        self.count = self.offset = 0
        lines = _split_lines(pieces)
        self._lines = (part for line in lines for part in frames.split(line)) if frames else lines

    def __iter__(self) -> "_CountedLines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += line.endswith("\n")
        self.offset += len(line) if line.isascii() else len(line.encode("utf-8", "surrogatepass"))
        return line


class _RowLines(_CountedLines):
    """The same, of which those of the row that is read are `taken`: what is rejected is kept as it was written.

    Raises csv.Error where a row is longer than a record may be; the line behind it begins another.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        super().__init__(pieces)
        self.taken: list[str] = []
        self._size = 0

    def __next__(self) -> str:
        line = super().__next__()
        self._size = len(line) + (self._size if self.taken else 0)
        self.taken.append(line)
        if self._size > LONGEST:
            raise csv.Error(f"it is longer than {LONGEST:,} characters")
        return line


def _split_lines(pieces: Iterator[str]) -> Iterator[str]:
    """Lines end with a line feed; one that is longer than a record may be is cut into pieces of that length."""
    pending = ""
    for piece in pieces:
        *whole, pending = (pending + piece).split("\n")
        yield from (f"{line}\n" for line in whole)
        while len(pending) > LONGEST:
            yield pending[:LONGEST]
            pending = pending[LONGEST:]
    if pending:
        yield pending


def open_records(
    pieces: Iterator[str],
    *,
    list_names: tuple[str, ...],
    is_record: Callable[[dict[str, Any]], bool],
    begins: Callable[[str], bool] | None,
    has_certain_lists: bool = True,
) -> RecordReader | TableReader | LineReader:
    """What reads the records of a source, whichever it is made of. `begins` says of a line that a record of plain text begins
    with it; without it there are none."""
    head = ""
    for piece in pieces:
        head += piece
        if len(head) >= _LOOKED_AT:
            break
    text = head.lstrip("\ufeff \r\n\t")
    if not text.startswith(("{", "[")):
        if begins is not None and begins(text.partition("\n")[0]):
            return LineReader(chain([text], pieces), begins, has_frames=_has_frames(text, begins))
        if delimiter := find_delimiter(text):
            return TableReader(chain([text], pieces), delimiter)
    return RecordReader(chain([head], pieces), list_names, is_record, has_certain_lists=has_certain_lists)


def _has_frames(text: str, begins: Callable[[str], bool]) -> bool:
    """Whether records stand one behind the other without an end of line. Where lines end records, what looks like a frame within
    one is what somebody sent to be logged, and would be an event of their making."""
    lines = text.split("\n")
    return bool(lines[-1]) and not any(begins(line) for line in lines[1:])


def find_delimiter(text: str) -> str:
    """What stands between the columns that the first row of a text names; empty where it is no such row."""
    first, _, rest = text.partition("\n")
    if not rest or first.lstrip().startswith(("#", "<")):
        return ""
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        names = next(csv.reader([first], delimiter=delimiter), [])
        if len(names) < 2 or any(_is_data(name.strip()) for name in names):
            return ""
        row = next(csv.reader(iter(rest.splitlines(keepends=True)), delimiter=delimiter), [])
    except csv.Error:
        return ""
    return delimiter if len(row) == len(names) else ""


def _is_data(name: str) -> bool:
    """Whether this can be no column's name: a number, a time, or a sentence."""
    return not name or name[:1].isdigit() or len(name) > 100 or not any(letter.isalpha() for letter in name)
