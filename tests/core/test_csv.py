"""CSV is what a spreadsheet reads back cell by cell, and calculates nothing of."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv import _Written, build_csv_lines, defuse_formula

CELLS = st.text(st.sampled_from("ab\",\r\n;\t' =+-@＝é"), max_size=8)


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_each_row_comes_back_as_it_was_defused(rows: list[tuple[str, str]]) -> None:
    header, *read = _read(b"".join(build_csv_lines(("@timestamp", "user.id"), rows)))
    assert header == ["@timestamp", "user.id"]
    assert read == [[defuse_formula(cell) for cell in row] for row in rows]


@given(CELLS)
def test_a_defused_text_begins_no_formula_and_is_the_text_but_for_apostrophes(text: str) -> None:
    defused = defuse_formula(text)
    assert not re.search(r"^[\t\r\n]|^ *[=+\-@＝＋－＠]|[;\t\r\n]\s*[=+\-@＝＋－＠]", defused)
    assert defused.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["", "plain", "a=1", "2026-11-24", "he said, “no”"])
def test_a_text_that_begins_no_formula_stays_as_it_is(text: str) -> None:
    assert defuse_formula(text) == text


@given(st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=5))
def test_each_record_is_the_one_that_the_standard_writer_makes(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows(
        [["a"], *([defuse_formula(cell) for cell in row] for row in rows)]
    )
    assert b"".join(build_csv_lines(("a",), rows)).decode() == file.getvalue()


def test_what_is_remembered_of_cells_stays_bounded_and_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.csv.REMEMBERED", 3)
    texts = [f"={number % 5}" for number in range(40)]
    lines = list(build_csv_lines(("a",), ([text] for text in texts)))
    assert lines[1:] == [f"'{text}\r\n".encode() for text in texts]
    written = _Written()
    assert [written[text] for text in texts] == [f"'{text}" for text in texts]
    assert len(written) <= 3


def test_each_line_ends_as_rfc_4180_has_it() -> None:
    assert list(build_csv_lines(("a",), [("b",), ('c"',)])) == [b"a\r\n", b"b\r\n", b'"c"""\r\n']
