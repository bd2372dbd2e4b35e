"""Exports that other tools read: a workbook, and timelines for Timesketch."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from accounts.models import User
from investigations.evidence import absences
from investigations.exports.files import build_path
from investigations.exports.formats import timesketch, xlsx
from investigations.exports.formats.csv import HEADER
from investigations.exports.rows import ExportRow
from investigations.models import Case, Export
from tests.support.factories.cases import export, pin
from tests.support.factories.events import event, use
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.search.spec import Search

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "http://example.org", "0012", "1e5", " ", "a\r\nb")


def _row(**fields: Any) -> ExportRow:
    document = event(**fields)
    return ExportRow(document, compute_digest(document), "E1", "Because", "Alice", "2026-11-24T00:00:00.000000Z", 7)


def _content(parts: Iterable[tuple[bytes, bool]]) -> bytes:
    return b"".join(part for part, _ in parts)


def _read_sheet(content: bytes, number: int = 1) -> list[list[str]]:
    """The cells of a sheet as text, by the file's own XML (ECMA-376); what is calculated or a number fails."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        sheet = archive.read(f"xl/worksheets/sheet{number}.xml").decode()
    return [list(_read_cells(row)) for row in LexborHTMLParser(sheet).css("row")]


def _read_cells(row: Any) -> Iterator[str]:
    last = 0
    for cell in row.css("c"):
        letters = cell.attributes["r"].rstrip("0123456789")
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        assert cell.attributes.get("t") == "inlineStr"
        assert not cell.css("f")
        yield from [""] * (column - last - 1)
        yield cell.text()
        last = column


# --- A workbook ------------------------------------------------------------------------------------------------------


def test_a_workbook_has_every_value_as_it_was_and_calculates_none() -> None:
    rows = [_row(user__name=text) for text in FORMULAS]
    header, *sheet = _read_sheet(_content(xlsx.lines(rows)))
    assert tuple(header) == (*HEADER, "cut")
    place = header.index("user.name")
    shown = [cells[place] for cells in sheet]
    assert shown == [text.replace("\r\n", "_x000D_\n") for text in FORMULAS]
    assert {cells[header.index("leaf")] for cells in sheet} == {"7"}
    assert {cells[header.index("sha256")] for cells in sheet} == {row.digest for row in rows}


def test_each_row_counts_as_an_entry_and_nothing_stands_before_the_file_is_whole() -> None:
    parts = list(xlsx.lines([_row(), _row()]))
    assert [is_entry for _, is_entry in parts].count(True) == 2
    assert parts[:2] == [(b"", True), (b"", True)]


def test_a_value_that_no_cell_holds_is_cut_and_says_so() -> None:
    (header, cells) = _read_sheet(_content(xlsx.lines([_row(user__name="x" * 40_000)])))
    value = cells[header.index("user.name")]
    assert len(value) == xlsx.MOST_CHARACTERS
    assert value.endswith("… cut: 40,000 characters")
    assert cells[header.index("cut")] == "user.name"


@pytest.mark.parametrize(("rows", "sheets"), [(0, [0]), (2, [2]), (3, [2, 1]), (5, [2, 2, 1])])
def test_what_a_sheet_does_not_hold_goes_on_in_the_next_and_nothing_is_left_out(
    rows: int, sheets: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    made = [_row(id=f"e{number}") for number in range(rows)]
    content, shown = _content(xlsx.lines(made)), []
    for number, expected in enumerate(sheets, 1):
        header, *cells = _read_sheet(content, number)
        assert tuple(header) == (*HEADER, "cut")
        assert len(cells) == expected
        shown += [row[HEADER.index("event.id")] for row in cells]
    assert shown == [f"e{number}" for number in range(rows)]


def test_an_export_of_more_than_a_sheet_holds_counts_all_of_it(
    alice: User, case: Case, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    pin(trail, case, alice, *(use("t") for _ in range(3)))
    made = export(alice, format="xlsx", case=case)
    assert (made.state, made.done) == (Export.State.FINISHED, 3)
    assert len(_read_sheet(build_path(made).read_bytes(), 2)) == 2


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_workbook_that_is_not_finished_leaves_no_file_behind(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parts = xlsx.lines([_row(), _row(), _row()])
    for _ in range(taken):
        next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []
    assert list(xlsx.lines([_row()]))
    assert list(tmp_path.iterdir()) == []


# --- Timesketch ------------------------------------------------------------------------------------------------------


def _assert_importable(entry: dict[str, Any]) -> None:
    """What Timesketch's importers ask of each line (timesketch/lib/utils.py: read_and_validate_csv, read_and_validate_jsonl)."""
    assert {"message", "datetime", "timestamp_desc"} <= entry.keys()
    assert entry["message"]
    read = datetime.fromisoformat(entry["datetime"])
    assert read.tzinfo is not None
    assert int(read.timestamp() * 1_000_000) // 10 == int(entry["timestamp"]) // 10


def test_timesketch_reads_each_line_of_both_files() -> None:
    rows = [_row(**{"@timestamp": "2026-10-29T21:01:33.214567891Z"}, user__id="ann"), _row(token__id="t")]
    as_csv = list(csv.DictReader(io.StringIO(_content(timesketch.csv_lines(rows)).decode(), newline="")))
    as_json = [json.loads(line) for line, _ in timesketch.jsonl_lines(rows)]
    for entry in (*as_csv, *as_json):
        _assert_importable(entry)
    for entry in (as_csv[0], as_json[0]):
        assert entry["datetime"] == "2026-10-29T21:01:33.214567+00:00"
        assert entry["event_time"] == "2026-10-29T21:01:33.214567891Z"
        assert (entry["user.id"], entry["reason"], entry["evidence"]) == ("ann", "Because", "E1")
    assert (as_csv[0]["tag"], as_json[0]["tag"]) == ('["E1"]', ["E1"])


@settings(max_examples=50)
@given(st.integers(0, 4_102_444_799_999_999_999))
def test_times_keep_their_order_to_the_microsecond(nanoseconds: int) -> None:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    time = f"{datetime.fromtimestamp(seconds, tz=None).isoformat()}.{rest:09}Z"
    row = ExportRow({"@timestamp": time}, "f00d")
    ((line, _),) = timesketch.jsonl_lines([row])
    entry = json.loads(line)
    assert entry["datetime"] == f"{time[:26]}+00:00"


@pytest.mark.parametrize("format", ["xlsx", "timesketch_csv", "timesketch_jsonl"])
def test_a_case_with_an_absence_leaves_the_house_whole(format: str, alice: User, case: Case, trail: Trail) -> None:
    pin(trail, case, alice, use("t"), use("t"))
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    made = export(alice, format=format, case=case)
    assert (made.state, made.done, made.problem) == (Export.State.FINISHED, 3, "")
    content = build_path(made).read_bytes()
    assert len(content) == made.size
    words = _read_sheet(content)[3] if format == "xlsx" else content.decode().splitlines()[-1]
    assert "Nothing was found" in str(words)
