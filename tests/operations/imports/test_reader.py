"""Streams of JSON of every make come out as the same records, and what is broken comes out as broken, with its place."""

import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.imports import reader
from operations.imports.reader import ForeignRecord, RecordReader
from operations.imports.text_encodings import decode_chunks

RECORDS = [{"a": 1, "text": "é\n\u2028"}, {"b": {"c": [1, 2.5, None]}}]


def _read(text: str, piece: int = 1_000) -> list[ForeignRecord]:
    return list(RecordReader(_cut(text, piece)))


def _cut(text: str, piece: int) -> Iterable[str]:
    return (text[start : start + piece] for start in range(0, len(text), piece))


def _values(text: str, piece: int = 1_000) -> list[dict[str, Any] | None]:
    return [record.value for record in _read(text, piece)]


def _join(forms: Iterable[str], between: str = "") -> str:
    return between.join(forms)


FORMS = {
    "json lines": lambda records: "\n".join(json.dumps(record) for record in records),
    "json lines with windows ends": lambda records: "\r\n".join(json.dumps(record) for record in records) + "\r\n",
    "objects without anything between": lambda records: "".join(json.dumps(record) for record in records),
    "a json text sequence": lambda records: "".join(f"\x1e{json.dumps(record)}\n" for record in records),
    "an array": lambda records: json.dumps(list(records)),
    "an indented array": lambda records: json.dumps(list(records), indent=2),
    "a Records file": lambda records: json.dumps({"Records": list(records)}),
    "an indented Records file": lambda records: json.dumps({"Records": list(records)}, indent=4),
    "a Records file with other members": lambda records: json.dumps(
        {"version": "1", "count": 2, "Records": list(records), "next": None, "errors": []}
    ),
    "Records files in an array": lambda records: json.dumps([{"Records": [record]} for record in records]),
    "arrays in an array": lambda records: json.dumps([[record] for record in records]),
    "documents over many lines": lambda records: "\n".join(json.dumps(record, indent=1) for record in records),
    "documents behind marks of byte order": lambda records: "".join(f"\ufeff{json.dumps(record)}\n" for record in records),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("piece", [1, 7, 1_000])
def test_every_form_gives_the_same_records(form: str, piece: int) -> None:
    records = _read(FORMS[form](RECORDS), piece)
    assert [record.value for record in records] == RECORDS
    assert [json.loads(record.text) for record in records] == RECORDS
    assert [record.place for record in records] == [1, 2]


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(FORMS, 2)))
def test_a_stream_of_documents_of_any_make_is_read_to_its_end(first: str, second: str) -> None:
    records = [*RECORDS, *RECORDS]
    for between in ("", "\n", "\n\n"):
        text = FORMS[first](RECORDS) + between + FORMS[second](RECORDS)
        assert _values(text) == records


names = st.sampled_from(["a", "b", "id", "eventName", "text"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
documents = st.tuples(st.sampled_from(sorted(FORMS)), st.lists(st.dictionaries(names, values, max_size=4), max_size=4))


@given(st.lists(documents, max_size=6), st.sampled_from(["", "\n", " ", ",\n", "\ufeff"]), st.integers(1, 50))
def test_any_mixture_gives_every_record(
    parts: list[tuple[str, list[dict[str, Any]]]], between: str, piece: int
) -> None:
    text = between.join(FORMS[form](records) for form, records in parts)
    records = RecordReader(_cut(text, piece))
    assert [record.value for record in records] == [record for _, inner in parts for record in inner]
    assert records.problems == []


@given(
    st.lists(documents, min_size=1, max_size=4),
    st.data(),
)
def test_no_record_before_or_after_a_damaged_line_is_lost(
    parts: list[tuple[str, list[dict[str, Any]]]], data: st.DataObject
) -> None:
    damaged = data.draw(st.sampled_from(['{"a": ', '{"a" 1}', '{"a": "x', "junk", "]}", '{"a": nul}', "{broken"]))
    sound = {"eventName": "sound", "id": "s"}
    text = "\n".join(
        [*(FORMS[form](records) for form, records in parts), damaged, json.dumps(sound), json.dumps(sound)]
    )
    records = _read(text)
    whole = [record for _, inner in parts for record in inner]
    assert [record.value for record in records if record.value is not None] == [*whole, sound, sound]
    assert [record.text for record in records if record.value is None] == [damaged.strip()]


def test_one_document_is_one_record() -> None:
    assert _values(json.dumps(RECORDS[0], indent=2)) == [RECORDS[0]]


def test_a_broken_line_is_told_with_its_place_and_the_rest_is_read() -> None:
    records = _read('{"a": "é"}\n{"a": \n[1]\n\n{"b": 2}')
    assert [(record.line, record.offset, record.value, bool(record.problem)) for record in records] == [
        (1, 0, {"a": "é"}, False),
        (2, 12, None, True),
        (3, 20, None, True),
        (5, 24, {"b": 2}, False),
    ]


def test_a_broken_record_of_an_array_on_one_line_does_not_take_the_others_with_it() -> None:
    records = _read('[{"a":1,"b":1},{"a":,"b":2},{"a":3,"b":3},{"a":"cut{"a":4,"b":4},{"a":5,"b":5}]')
    assert [record.value and record.value["a"] for record in records] == [1, None, 3, None, 4, 5]
    assert [record.text for record in records if record.value is None] == ['{"a":,"b":2}', '{"a":"cut']


def test_a_broken_document_of_many_lines_is_one_rejected_text() -> None:
    broken = '{\n  "a": 1,,\n  "b": {\n    "c": 2\n  }\n}'
    records = _read(f'{{\n  "a": 1\n}}\n{broken}\n{{\n  "a": 3\n}}\n')
    assert [(record.line, record.value) for record in records] == [(1, {"a": 1}), (4, None), (10, {"a": 3})]
    assert records[1].text == broken


def test_an_object_within_a_broken_record_is_no_record() -> None:
    records = _read('[\n  {"a": 1},\n  {"a": 2, "in": [\n    {"b": 1},\n  }\n  {"a": 3}\n]\n')
    assert [record.value for record in records] == [{"a": 1}, None, {"a": 3}]


def test_a_file_that_is_cut_off_says_so() -> None:
    records = RecordReader(iter(['{"Records": [{"a": 1}, {"b": ']))
    whole, cut = records
    assert (whole.value, cut.value, "cut off" in cut.problem) == ({"a": 1}, None, True)
    assert records.problems == ["it ends before the list of its records does"]


def test_a_file_that_is_cut_off_between_two_records_says_so_too() -> None:
    records = RecordReader(iter(['{"Records": [{"a": 1},']))
    assert [record.value for record in records] == [{"a": 1}]
    assert records.problems == ["it ends before the list of its records does"]


def test_what_stands_behind_a_document_that_was_cut_off_is_read() -> None:
    records = RecordReader(
        iter(['{"Records":[{"a":1},{"a{"Records":[{"a":2}]}{"Records":[{"a":3}', '{"Records":[{"a":4}]}'])
    )
    assert [record.value for record in records] == [{"a": 1}, None, {"a": 2}, {"a": 3}, {"a": 4}]
    assert len(records.problems) == 2


def test_what_stands_beside_the_records_and_may_be_records_is_kept() -> None:
    first, beside, second = _read(
        '{"x":1,"Records":[{"a":1}],"Failed":[{"a":2}],"y":[],"meta":{"cursor":"x","parts":[1]},"Records":[{"a":3}]}'
    )
    assert (first.value, second.value) == ({"a": 1}, {"a": 3})
    assert (beside.text, beside.problem) == ('"Failed":[{"a":2}]', "stands beside the list of records")


def test_what_is_no_object_is_rejected_by_itself() -> None:
    records = _read('[1, "x", null, {"a": 1}]\n12\n"text"\n2024-05-01 a line of text\n{"a": 2}')
    assert [record.value for record in records if record.value] == [{"a": 1}, {"a": 2}]
    rejected = ["1", '"x"', "null", "12", '"text"', "2024-05-01 a line of text"]
    assert [record.text for record in records if record.value is None] == rejected


def test_what_holds_no_json_at_all_is_named_and_not_rejected_line_by_line() -> None:
    records = RecordReader(iter(["time,user\n", "2026-11-01,ada\n" * 100]))
    assert list(records) == []
    assert records.problems == ["it is no JSON; it begins with 'time,user'"]


def test_the_text_is_exact() -> None:
    (record,) = _read('[ {"n": 1.50, "big": 12345678901234567890} ]')
    assert record.text == '{"n": 1.50, "big": 12345678901234567890}'


def test_a_number_that_no_float_holds_stays_as_it_is_written() -> None:
    assert _values('{"a": 1e999, "b": NaN, "c": -Infinity, "d": 1e5}') == [
        {"a": "1e999", "b": "NaN", "c": "-Infinity", "d": 1e5}
    ]


def test_a_record_that_is_nested_without_end_is_rejected_and_the_next_is_read() -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    records = _read(f'{{"a": 0}}\n{deep}\n{{"a": 2}}\n' + "[" * 50_000, 100_000)
    assert [record.value for record in records[:3]] == [{"a": 0}, None, {"a": 2}]
    assert records[1].problem == "is nested too deeply"
    assert all(record.problem for record in records[3:])


def test_a_record_that_is_too_long_is_cut_and_the_next_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONGEST", 1_000)
    long = json.dumps({"a": "x}{[" * 300_000, "b": {"c": 1}})
    for text in (
        f'{{"a": 1}}\n{long}\n{{"a": 2}}\n',
        f'[{{"a": 1}},{long},{{"a": 2}}]',
        f'{{"Records":[{{"a": 1}},{long}]}}{{"a":2}}',
    ):
        records = _read(text, 5_000)
        assert [record.value for record in records] == [{"a": 1}, None, {"a": 2}]
        assert (len(records[1].text), records[1].text[:12]) == (1_000, '{"a": "x}{[x')
        assert f"it has {len(long):,} bytes" in records[1].problem


def test_memory_is_flat_however_long_a_stream_is(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0
    advance = reader.TextWindow.advance

    def measure(window: reader.TextWindow, end: int) -> None:
        nonlocal longest
        longest = max(longest, len(window.text))
        advance(window, end)

    monkeypatch.setattr(reader.TextWindow, "advance", measure)
    line = json.dumps({"a": "x" * 2_000})
    for head, between in (('{"Records":[', ","), ("", "\n"), ("", "\n{broken\n")):
        assert (
            sum(
                record.value is not None
                for record in RecordReader(itertools.chain([head], (f"{line}{between}" for _ in range(2_000))))
            )
            == 2_000
        )
    assert longest < 4 * 256 * 1024


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    for record in RecordReader(decode_chunks(iter([content]))):
        assert (record.value is None) == bool(record.problem)


@given(st.text(alphabet='{}[]":,\\ \na1R', max_size=60), st.integers(1, 20))
def test_every_character_is_in_a_record_or_between_two(text: str, piece: int) -> None:
    records = RecordReader(_cut('{"Records":[{}]}' + text, piece))
    texts = [record.text for record in records]
    rest = '{"Records":[{}]}' + text
    for record in texts:
        before, found, rest = rest.partition(record)
        assert found
        assert set(before) <= set(' \n,[]{}:"Records') or records.problems
