"""Exports hold what was pinned and run nothing in a spreadsheet."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.exports import csv as csv_export
from investigations.exports import jsonl
from investigations.exports.rows import Row
from tests.factories.events import event
from trail.events import digest


def _row(**fields: object) -> Row:
    document = event(**fields)
    return Row(document, digest(document), "E1", 'He said, "look"\nhere', "Alice", "2026-11-24T00:00:00.000000Z")


def _read(rows: list[Row]) -> list[dict[str, str]]:
    text = b"".join(csv_export.lines(rows)).decode()
    assert text.count("\r\n") >= len(rows) + 1
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_holds_each_field_and_the_reason_exactly() -> None:
    (read,) = _read([_row(user__id="ada", token__caveats__types=["org", "action"], event__sequence=7)])
    assert read["reason"] == 'He said, "look"\nhere'
    assert (read["user.id"], read["token.caveats.types"], read["event.sequence"]) == ("ada", "org; action", "7")
    assert len(read["sha256"]) == 64


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "＝1", "\ta"])
def test_no_value_begins_a_formula(value: str) -> None:
    (read,) = _read([_row(user_agent__original=value)])
    assert read["user_agent.original"] == f"'{value}"


@pytest.mark.parametrize("value", ["a;=1", "a;\n=1", "\t=1", "a\r\n@SUM(1)", " +1"])
def test_no_part_of_a_value_begins_one_either_where_a_semicolon_or_a_tab_parts_the_cells(value: str) -> None:
    (read,) = _read([_row(user_agent__original=value)])
    assert read["user_agent.original"].removeprefix("'") == re.sub("[=@+]", r"'\g<0>", value)


@given(st.lists(st.text(st.sampled_from("ab\",\r\n;' =+é"), max_size=8), min_size=1, max_size=4))
def test_any_text_stands_in_the_file_as_the_standard_writer_would_put_it(ids: list[str]) -> None:
    documents = [{"user": {"id": one, "name": ids[0]}} for one in ids]
    header, *_ = lines = list(csv_export.lines(Row(document, "f00d") for document in documents))
    standard = io.StringIO()
    writer = csv.DictWriter(standard, header.decode().rstrip().split(","), restval="", lineterminator="\r\n")
    writer.writerows(
        {"user.id": csv_export.defused(one), "user.name": csv_export.defused(ids[0]), "sha256": "f00d"} for one in ids
    )
    assert b"".join(lines[1:]).decode() == standard.getvalue()


def test_json_lines_hold_the_event_whole() -> None:
    row = _row(user__id="ada", raw={"float": 1.5}, event__original='{"float": 1.50}')
    (line,) = b"".join(jsonl.lines([row])).decode().splitlines()
    read = json.loads(line)
    assert read["event"] == row.document
    assert digest(read["event"]) == read["digest"]["sha256"]
    assert read["evidence"]["reason"] == 'He said, "look"\nhere'


def test_the_leaf_stands_beside_the_digest_where_there_is_one() -> None:
    document = event()
    rows = [Row(document, "f00d", leaf=0), Row(document, "f00d")]
    assert [row["leaf"] for row in _read(rows)] == ["0", ""]
    assert [json.loads(line).get("leaf", "none") for line in jsonl.lines(rows)] == [0, "none"]
