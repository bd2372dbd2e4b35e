"""Files of every form come out as the same records, and what is broken comes out as broken."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations import reading

RECORDS = [{"a": 1, "text": "é\n\u2028"}, {"b": {"c": [1, 2.5, None]}}]


def _read(text: str) -> list[reading.Record]:
    return list(reading.records(io.BytesIO(text.encode("utf-8", "surrogateescape"))))


FORMS = {
    "json lines": "\n".join(json.dumps(record) for record in RECORDS),
    "json lines with windows ends": "\r\n".join(json.dumps(record) for record in RECORDS) + "\r\n",
    "an array": json.dumps(RECORDS),
    "an indented array": json.dumps(RECORDS, indent=2),
    "a Records file": json.dumps({"Records": RECORDS}),
    "an indented Records file": json.dumps({"Records": RECORDS}, indent=4),
    "documents over many lines": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_records(form: str) -> None:
    found = _read(FORMS[form])
    assert [record.value for record in found] == RECORDS
    assert [json.loads(record.text) for record in found] == RECORDS
    assert [record.place for record in found] == [1, 2]


def test_one_document_is_one_record() -> None:
    assert [record.value for record in _read(json.dumps(RECORDS[0], indent=2))] == [RECORDS[0]]


def test_a_broken_line_is_told_with_its_number_and_the_rest_is_read() -> None:
    found = _read('{"a": 1}\n{"a": \n[1]\n\n{"b": 2}')
    assert [(record.place, record.value, bool(record.problem)) for record in found] == [
        (1, {"a": 1}, False), (2, None, True), (3, None, True), (5, {"b": 2}, False),
    ]  # fmt: skip


def test_a_file_that_is_cut_off_says_so() -> None:
    whole, cut = _read('{"Records": [{"a": 1}, {"b": ')
    assert whole.value == {"a": 1}
    assert cut.value is None
    assert "cut off" in cut.problem


def test_the_text_is_exact() -> None:
    (record,) = _read('[ {"n": 1.50, "big": 12345678901234567890} ]')
    assert record.text == '{"n": 1.50, "big": 12345678901234567890}'


def test_gzip_is_told_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "named.json"
    path.write_bytes(gzip.compress(FORMS["json lines"].encode()))
    with reading.opened(path) as stream:
        assert [record.value for record in reading.records(stream)] == RECORDS


def test_a_folder_is_read_in_order_and_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert reading.paths([str(tmp_path)]) == [tmp_path / "a/z.json", tmp_path / "b.json"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        reading.paths(["nowhere"])


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=3), max_size=30))
def test_lines_of_any_content_come_back(records: list[dict[str, object]]) -> None:
    assert [record.value for record in _read("\n".join(map(json.dumps, records)))] == records


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    for record in reading.records(io.BytesIO(content)):
        assert (record.value is None) == bool(record.problem)
