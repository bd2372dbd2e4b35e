"""Exports hold what was pinned and run nothing in a spreadsheet."""

import csv
import io
import json
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv import defuse_formula
from investigations.exports.formats import csv as csv_export
from investigations.exports.formats import jsonl
from investigations.exports.rows import ExportRow
from investigations.presentation.event_sentence import describe_event
from tests.support.factories.events import event
from trail.canonical_form import compute_digest


def _row(**fields: object) -> ExportRow:
    document = event(**fields)
    return ExportRow(
        document, compute_digest(document), "E1", 'He said, "look"\nhere', "Alice", "2026-11-24T00:00:00.000000Z"
    )


def _content(lines: Iterable[tuple[bytes, bool]]) -> bytes:
    return b"".join(line for line, _ in lines)


def _read(rows: list[ExportRow]) -> list[dict[str, str]]:
    text = _content(csv_export.lines(rows)).decode()
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
    (header, is_entry), *_ = lines = list(csv_export.lines(ExportRow(document, "f00d") for document in documents))
    assert not is_entry
    assert all(is_entry for _, is_entry in lines[1:])
    standard = io.StringIO()
    writer = csv.DictWriter(standard, header.decode().rstrip().split(","), restval="", lineterminator="\r\n")
    for document in documents:
        sentence = defuse_formula(describe_event(document))
        names = {"user.id": defuse_formula(document["user"]["id"]), "user.name": defuse_formula(ids[0])}
        writer.writerow({**names, "sha256": "f00d", "sentence": sentence, "message": sentence})
    assert _content(lines[1:]).decode() == standard.getvalue()


def test_every_row_has_a_message_and_the_events_own_is_kept() -> None:
    own, none = _read([_row(message="As the platform said it"), _row()])
    assert own["message"] == "As the platform said it"
    assert none["message"] == none["sentence"] != ""
    assert own["sentence"].endswith(".")


def test_json_lines_hold_the_event_whole() -> None:
    row = _row(user__id="ada", raw={"float": 1.5}, event__original='{"float": 1.50}')
    (line,) = _content(jsonl.lines([row])).decode().splitlines()
    read = json.loads(line)
    assert read["event"] == row.document
    assert compute_digest(read["event"]) == read["digest"]["sha256"]
    assert read["evidence"]["reason"] == 'He said, "look"\nhere'


def test_the_leaf_stands_beside_the_digest_where_there_is_one() -> None:
    document = event()
    rows = [ExportRow(document, "f00d", leaf=0), ExportRow(document, "f00d")]
    assert [row["leaf"] for row in _read(rows)] == ["0", ""]
    assert [json.loads(line).get("leaf", "none") for line, _ in jsonl.lines(rows)] == [0, "none"]
