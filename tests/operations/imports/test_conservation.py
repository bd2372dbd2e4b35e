"""Nothing is lost without a word: of whatever is read, as many records are converted, passed over or rejected as there are.

The records are counted by a splitter of this file's own, in plain Python, which shares no code with the import.
"""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.imports import text_records
from operations.imports.envelopes import LISTS
from operations.imports.files import FileReport, import_files
from operations.imports.formats import FORMATS
from operations.imports.sources import LogSource
from tests.support.factories.logs import LOGS

NO_TRAIL: Any = None  # a dry run asks nothing of it
SAMPLES = sorted(path for path in LOGS.iterdir() if path.suffix in (".ndjson", ".log"))
RECORDS = {path.name: path.read_text().splitlines() for path in SAMPLES if path.suffix == ".ndjson"}


def _read(text: str, format: str = "auto") -> FileReport:
    """What a dry run makes of a source; it raises where a record is in none of its numbers."""
    source = LogSource("log", iter([text.encode("utf-8", "surrogatepass")]))
    nothing: Callable[[Any], None] = lambda thing: None  # noqa: E731
    (report,) = import_files(
        NO_TRAIL,
        FORMATS.get(format),
        [source],
        rejects=io.StringIO(),
        dry_run=True,
        on_file=nothing,
        on_read=nothing,
        on_rejected=nothing,
    )
    return report


def split_documents(text: str) -> Iterator[Any]:
    """The JSON documents of a text, one after another."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at] in " \t\r\n,":
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        yield value


def count_records(document: Any, names: tuple[str, ...] = ("Records", "value", "items", "events", "logEvents")) -> int:
    """How many records a document of these tests holds: none of their records has such a list, but for `events` beside `id`."""
    if isinstance(document, list):
        return sum(count_records(inner) for inner in document)
    if isinstance(document, dict) and not ("id" in document and "events" in document):
        for name in names:
            if isinstance(document.get(name), list) and document[name] and isinstance(document[name][0], dict):
                return count_records(document[name])
        for outer in (document.get("response"), document.get("data")):
            if isinstance(outer, dict) and any(isinstance(outer.get(name), list) for name in names):
                return count_records(outer)
    return 1


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_recognised_and_read_whole(sample: Path) -> None:
    text = sample.read_text()
    report = _read(text)
    if sample.suffix == ".ndjson":
        assert report.summary.read == sum(count_records(document) for document in split_documents(text))
    else:
        frames = {"syslog-3164": 9, "syslog-5424": 9, "syslog-iso": 9, "syslog-traditional": 16}  # counted by eye
        assert report.summary.read == frames[sample.name.removesuffix("-plaso.log")]
    assert (report.problems, len(report.summary.formats)) == ([], 1)
    assert set(report.summary.formats) == {sample.name.partition("-")[0].partition(".")[0]}
    assert report.summary.checked + report.summary.rejected == report.summary.read


def _mutate(value: Any, chance: random.Random) -> Any:
    """The record with something in it that its source would not write."""
    if isinstance(value, dict):
        names = [name for name in value if chance.random() > 0.03]
        return {name: _mutate(value[name], chance) for name in names}
    if isinstance(value, list):
        return [_mutate(inner, chance) for inner in value]
    if chance.random() < 0.06:
        return chance.choice(
            [None, "", "x", 7, -1, 1e300, True, [], {}, "9999-12-31", "1.2.3.4.5", "\u0000", "Ünï", "{", "[1"]
        )
    return value


ARRANGEMENTS: list[Callable[[list[Any]], str]] = [
    lambda records: "\n".join(map(json.dumps, records)),
    lambda records: json.dumps(records, indent=1),
    lambda records: "".join(map(json.dumps, records)),
    lambda records: json.dumps({"Records": records}),
    lambda records: json.dumps({"@odata.context": "x", "value": records, "next": None}),
    lambda records: json.dumps({"stat": "OK", "response": {"metadata": {"n": 1}, "items": records}}, indent=2),
    lambda records: "\n".join(json.dumps({"Records": [record]}) for record in records),
    lambda records: json.dumps([{"items": [record]} for record in records]),
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    sample=st.sampled_from(sorted(RECORDS)),
    arrangement=st.integers(0, len(ARRANGEMENTS) - 1),
    is_auto=st.booleans(),
)
def test_of_records_that_were_changed_at_random_none_is_lost(
    seed: int, sample: str, arrangement: int, is_auto: bool
) -> None:
    chance = random.Random(seed)
    lines = chance.choices(RECORDS[sample], k=chance.randint(1, 5))
    # A record that lost its names may be an envelope to any reader: one name that no envelope has keeps them apart.
    records = [{"kept": 1, **_mutate(json.loads(line), chance)} for line in lines]
    text = ARRANGEMENTS[arrangement](records)
    report = _read(text, "auto" if is_auto else sample.partition("-")[0])
    summary = report.summary
    assert summary.read == sum(count_records(document) for document in split_documents(text))
    assert summary.checked + summary.rejected + summary.exempt == summary.read


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda content: content.decode("latin-1")))
def test_any_text_is_read_or_said_not_to_be(text: str) -> None:
    report = _read(text)
    summary = report.summary
    assert summary.checked + summary.rejected + summary.exempt == summary.read
    if text.strip(" \t\r\n,\x1e\ufeff\0\x0b\x0c\x1c\x1d\x1f\x85\xa0"):
        assert summary.read or report.problems or report.exemption


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_a_table_is_as_many_records_as_it_has_rows(rows: list[list[str]], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["timestamp", "action", "user"])
    writer.writerows([["2026-11-01T00:00:00Z", *row[1:]] for row in rows])
    summary = _read(file.getvalue(), "generic").summary
    assert (summary.read, summary.checked) == (len(rows), len(rows))


def test_a_row_of_another_length_is_rejected_and_the_others_are_read() -> None:
    text = "timestamp,action,user\n2026-11-01,a,b\n2026-11-01,a\n2026-11-01,a,b,c\n\n2026-11-01,a,b\n"
    summary = _read(text, "generic").summary
    assert (summary.read, summary.checked, summary.rejected) == (4, 2, 2)
    assert any("cells where 3 columns are named" in reason for reason in summary.reasons)


def test_a_table_in_which_two_columns_have_one_name_is_named_and_not_guessed_at() -> None:
    report = _read("time,a,a\n2026-11-01,1,2\n", "generic")
    assert report.summary.read == 0
    assert "two columns are called 'a'" in report.note


def test_what_each_record_was_read_as_is_said() -> None:
    lines = [RECORDS["okta-panther.ndjson"][0], RECORDS["cloudtrail-stratus.ndjson"][0], '{"nobody": "knows"}']
    report = _read("\n".join(lines))
    assert dict(report.summary.formats) == {"okta": 1, "cloudtrail": 1}
    assert "read as 1 okta, 1 cloudtrail" in report.note
    assert dict(report.summary.reasons) == {"record: has the signs of no format that is known": 1}


def test_an_empty_page_is_passed_over_and_not_rejected() -> None:
    report = _read('{"@odata.context": "x", "value": []}\n{"stat": "OK", "response": {"items": []}}', "azure")
    assert (report.summary.read, report.summary.exempt, report.summary.rejected) == (2, 2, 0)


def test_every_name_of_a_list_is_one_under_which_records_are_read() -> None:
    record = RECORDS["okta-panther.ndjson"][0]
    for name in LISTS:
        assert _read(f'{{"a": 1, "{name}": [{record}, {record}], "b": 2}}', "okta").summary.checked == 2, name


def _deepen(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    for _ in range(depth):
        value = {"event": value}
    return value


OKTA = json.loads(RECORDS["okta-panther.ndjson"][0])
CLOUDTRAIL = json.loads(RECORDS["cloudtrail-stratus.ndjson"][0])


@pytest.mark.parametrize(
    "deep",
    [
        {"message": '{"a":' * 900},
        {"message": '{"a":' * 900 + "1" + "}" * 900},
        _deepen(300),
        _deepen(900),
        {"Item": _deepen(900)},
        {"message": json.dumps({"eventname": "x", "requestparameters": "{a=" * 900})},
        {"message": json.dumps({"eventname": "x", "eventtime": "2026-11-01", "requestparameters": "{a=" * 900})},
        {**CLOUDTRAIL, "requestParameters": _deepen(900)},
    ],
    ids=range(8),
)
@pytest.mark.parametrize("format", ["auto", "cloudtrail"])
def test_what_is_nested_without_end_costs_none_of_its_neighbours(deep: dict[str, Any], format: str) -> None:
    good = json.dumps(CLOUDTRAIL)
    summary = _read(f"{good}\n{json.dumps(deep)}\n{good}\n", format).summary
    assert (summary.read, summary.checked + summary.rejected) == (3, 3)
    assert summary.checked >= 2


def test_an_envelope_of_which_a_part_is_unknown_is_rejected_and_the_others_are_read() -> None:
    mixed = {"message": json.dumps([CLOUDTRAIL, {"foo": 1}])}
    summary = _read("\n".join(map(json.dumps, (CLOUDTRAIL, mixed, OKTA)))).summary
    assert (summary.read, summary.checked, summary.rejected) == (3, 2, 1)
    assert dict(summary.reasons) == {"record: 1 of the 2 records in its message are none": 1}


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_quote_that_is_not_closed_hides_no_rows(end: str) -> None:
    lines = [
        "time,user,msg",
        "2026-11-01,bob,fine",
        '2026-11-02,bob,"oops',
        "2026-11-03,eve,login",
        "2026-11-04,eve,delete",
    ]
    rejects = io.StringIO()
    source = LogSource("log", iter([("\n".join(lines) + end).encode()]))
    nothing: Callable[[Any], None] = lambda thing: None  # noqa: E731
    (report,) = import_files(
        NO_TRAIL, FORMATS["generic"], [source], rejects=rejects, dry_run=True, on_file=nothing, on_read=nothing, on_rejected=nothing
    )  # fmt: skip
    assert (report.summary.checked, report.summary.rejected) == (1, 1)
    assert json.loads(rejects.getvalue())["text"] == "\n".join(lines[2:])
    assert "a quote is not closed" in rejects.getvalue()


def test_a_row_that_goes_on_for_too_long_is_cut_and_those_behind_it_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_records, "LONGEST", 1_000)
    text = "time,user,msg\n" + '2026-11-01,a,b\n2026-11-01,a,"b\n' + 'x",y,"z\n' * 200 + 'z"\n' + "2026-11-01,a,b\n"
    summary = _read(text, "generic").summary
    assert summary.checked == 2
    assert summary.rejected >= 2


@pytest.mark.parametrize("text", ["a\rb,c\n1,2\n", 'a,"b\n1,2\n', "time,user\n2026-11-01,a\rb\n2026-11-01,c\n"])
def test_no_table_stops_the_reading(text: str) -> None:
    report = _read(text, "generic")
    assert report.summary.rejected or report.problems


@pytest.mark.parametrize(
    "record",
    [
        {"when": "2026-11-01", "user": "eve", "action": "wipe", "data": []},
        {"action": "hook.create", "actor": "eve", "events": [], "created": "x"},
        {"detail-type": "x", "time": "2026", "detail": {"user": "eve", "items": []}},
        {"response": {"items": []}, "user": "eve"},
        {"value": [], "error": "refused"},
    ],
)
@pytest.mark.parametrize("format", ["auto", "github", "gsuite"])
def test_a_record_that_cannot_be_read_is_no_empty_page(record: dict[str, Any], format: str) -> None:
    summary = _read(json.dumps(record), format).summary
    assert (summary.read, summary.rejected, summary.exempt) == (1, 1, 0)


FRAME = (
    '<13>1 2026-11-24T09:00:00Z web nginx - - - GET / "UA <34>1 2026-11-24T09:30:00Z db sshd 1 - - Accepted for root"'
)


@pytest.mark.parametrize("lines", [[FRAME, ""], [FRAME, FRAME], [FRAME, "goes on", FRAME]])
@pytest.mark.parametrize("format", ["auto", "syslog"])
def test_what_a_client_sent_to_be_logged_is_no_frame(lines: list[str], format: str) -> None:
    summary = _read("\n".join(lines), format).summary
    assert summary.checked == sum(line.startswith("<") for line in lines)


def test_frames_without_an_end_of_line_are_as_many_records() -> None:
    frames = "".join(f"<13>1 2026-11-24T09:00:0{number}Z web app - - - text" for number in range(3))
    assert _read(frames, "syslog").summary.checked == 3


PARTS = [{"id": "a", "time": "2026-11-01T00:00:00Z"}, {"id": "b", "time": "2026-11-02T00:00:00Z"}]
ORDER = {"time": "2026-11-01T00:00:00Z", "action": "order.delete", "user": "bob", "id": "o1"}


@pytest.mark.parametrize("name", ["items", "data", "events", "results", "rows", "value", "Records"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_record_that_lists_things_is_one_record_and_they_are_none(name: str, is_first: bool) -> None:
    text = json.dumps({name: PARTS, **ORDER} if is_first and name != "Records" else {**ORDER, name: PARTS})
    summary = _read(f"{text}\n{text}", "generic").summary
    assert (summary.read, summary.checked) == (2, 2)


@pytest.mark.parametrize("format", ["auto", "syslog"])
def test_a_line_of_syslog_that_holds_things_is_one_record(format: str) -> None:
    line = {"timestamp": "2026-11-01T00:00:00Z", "message": "x", "data": [{"a": 1}, {"a": 2}]}
    summary = _read(json.dumps(line), format).summary
    assert (summary.read, summary.checked) == (1, 1)


@pytest.mark.parametrize("format", ["auto", "okta", "generic"])
def test_a_page_with_a_time_of_its_own_stays_a_page(format: str) -> None:
    page = {"timestamp": "2026-11-01T00:00:00Z", "message": "OK", "status": "success", "data": [OKTA, OKTA]}
    summary = _read(json.dumps(page), format).summary
    assert summary.read == 2


@pytest.mark.parametrize("format", ["auto", "gsuite"])
def test_a_record_in_an_envelope_is_not_taken_apart(format: str) -> None:
    activity = {
        "id": {"time": "2026-11-01T00:00:00Z", "uniqueQualifier": "7", "applicationName": "login"},
        "actor": {"email": "bob@example.org"},
        "events": [{"name": "login_success"}, {"name": "login_verification"}],
    }
    report = _read(json.dumps({"version": "0", "detail": activity}), format)
    assert (report.summary.read, report.summary.checked, report.problems) == (1, 1, [])


@pytest.mark.parametrize("is_before", [True, False])
def test_what_stands_beside_a_list_and_says_who_did_what_is_named(is_before: bool) -> None:
    members = {"user": "bob", "next": None} if is_before else {}
    page = {**members, "items": [OKTA], **({} if is_before else {"user": "bob"})}
    report = _read(json.dumps(page), "okta")
    assert report.summary.checked == 1
    assert report.problems == ["beside a list of records stands 'user', which a record would have; it was not read"]
