"""Exports that programs read with types and meaning: Parquet, STIX 2.1 and OCSF 1.2."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as reader
from stix2validator import ValidationOptions, validate_string

from accounts.models import User
from investigations.evidence import absences
from investigations.exports.files import build_path
from investigations.exports.formats import ocsf, parquet, stix
from investigations.exports.formats.csv import COLUMNS
from investigations.exports.rows import ExportRow
from investigations.models import Case, Export
from tests.support import hostile
from tests.support.factories.cases import export, pin
from tests.support.factories.events import event, use
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.documents import flatten, get
from trail.schema import BY_NAME, Kind
from trail.search.spec import Search
from trail.times import parse_time

# What OCSF 1.2.0 says of the classes and objects that are written, from https://github.com/ocsf/ocsf-schema (Apache 2.0).
OCSF = json.loads((Path(__file__).parent / "ocsf_1_2_0.json").read_text())
OBJECTS = {"org": "organization", "src_endpoint": "network_endpoint", "resources": "resource_details"}
FULL: dict[str, Any] = {
    "user__id": "ada", "user__full_name": "Ada Lindqvist", "source__ip": "2001:db8::7", "event__sequence": 2**53 - 1,
    "source__as__number": 64511, "token__cache_hit": True, "token__expires_at": "2027-01-01T00:00:00.123456789Z",
    "token__caveats__types": ["org", "action"], "token__discharges": [{"location": "auth", "outcome": "success"}],
    "labels": {"team": "=1+1"}, "service__name": "api", "url__path": "/v1/x", "resource__id": "r", "event__reason": "revoked",
}  # fmt: skip
TIMES = (
    "2026-11-24T12:00:00Z", "2026-11-24T12:00:00.1Z", "1970-01-01T00:00:00.000000001Z", "2255-12-31T23:59:59.999999999Z",
    "2028-02-29T00:00:00.123456789Z", "2026-11-24", "2026-11-24 12:00", "2026-11-24T12:00:00+02:00",
)  # fmt: skip
HOSTILE = [hostile.event(each, n) for n, each in enumerate(hostile.corpus()) if not each.refused]


def _row(document: dict[str, Any]) -> ExportRow:
    return ExportRow(document, compute_digest(document), "E1", "Because", "Alice", "2026-11-24T00:00:00.000000Z", 2**40)


def _content(parts: Iterable[tuple[bytes, bool]]) -> bytes:
    return b"".join(part for part, _ in parts)


def _read_table(rows: Iterable[ExportRow]) -> pa.Table:
    return reader.read_table(io.BytesIO(_content(parquet.lines(rows))))


def _read_cell(table: pa.Table, name: str, number: int) -> Any:
    cell = table[name][number]
    if pa.types.is_timestamp(cell.type):
        return cell.value
    value = cell.as_py()
    return dict(value) if pa.types.is_map(cell.type) and value is not None else value


def _expect_cell(document: dict[str, Any], name: str) -> Any:
    value, field = get(document, name), BY_NAME[name]
    if value is None:
        return None
    if field.kind is Kind.TIME:
        return parse_time(value)
    if field.kind is Kind.NESTED:
        return json.loads(json.dumps(value))
    return [value] if field.many and not isinstance(value, list) else value


@pytest.mark.parametrize(
    "document", [event(**FULL), event(), *HOSTILE], ids=lambda document: get(document, "event.id")[:30]
)
def test_parquet_holds_every_value_with_its_type_and_none_is_another(document: dict[str, Any]) -> None:
    table = _read_table([_row(document)])
    for name in COLUMNS:
        read = _read_cell(table, name, 0)
        if BY_NAME[name].kind is Kind.NESTED and read is not None:
            read = json.loads(read)
        if name != "message":
            assert read == _expect_cell(document, name), name
    assert _read_cell(table, "sha256", 0) == compute_digest(document)
    assert _read_cell(table, "leaf", 0) == 2**40
    assert _read_cell(table, "message", 0)


def test_parquet_has_times_in_nanoseconds_and_numbers_that_are_no_text() -> None:
    schema = parquet.SCHEMA
    assert {str(schema.field(name).type) for name in ("@timestamp", "event.ingested", "pinned_at")} == {
        "timestamp[ns, tz=UTC]"
    }
    assert {str(schema.field(name).type) for name in ("event.sequence", "source.port", "leaf")} == {"int64"}
    assert str(schema.field("token.cache_hit").type) == "bool"


@given(st.lists(st.sampled_from(TIMES), min_size=1, max_size=4))
def test_parquet_reads_a_time_as_the_console_does_in_whichever_way_it_is_written(times: list[str]) -> None:
    table = _read_table(ExportRow({"@timestamp": time}, "") for time in times)
    assert [cell.value for cell in table["@timestamp"]] == [parse_time(time) for time in times]


def test_parquet_holds_what_it_writes_in_groups_and_lets_each_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP", 100)
    row = _row(event(**FULL))
    before, peak = pa.total_allocated_bytes(), 0
    parts = []
    for part, _ in parquet.lines(row for _ in range(5_000)):
        peak = max(peak, pa.total_allocated_bytes() - before)
        parts.append(part)
    written = reader.ParquetFile(io.BytesIO(b"".join(parts)))
    assert (written.metadata.num_rows, written.metadata.num_row_groups) == (5_000, 50)
    assert peak < 20_000_000


def test_parquet_of_nothing_has_its_columns() -> None:
    assert _read_table([]).num_rows == 0
    assert _read_table([]).schema.names == parquet.SCHEMA.names


def _validate(bundle: bytes) -> list[str]:
    results = validate_string(bundle.decode(), ValidationOptions(version="2.1", strict=True))
    return [str(error) for error in results.errors]


def test_stix_passes_its_validator_and_says_who_did_what_from_where() -> None:
    bundle = _content(stix.lines([_row(event(**FULL)), _row(use("t"))]))
    assert _validate(bundle) == []
    objects = {each["type"]: each for each in json.loads(bundle)["objects"]}
    assert objects["ipv6-addr"]["value"] == "2001:db8::7"
    assert objects["user-account"] | {"id": ""} == {
        "type": "user-account", "spec_version": "2.1", "id": "", "user_id": "ada", "display_name": "Ada Lindqvist",
    }  # fmt: skip
    assert (objects["note"]["content"], objects["note"]["labels"]) == ("Because", ["E1"])
    assert objects["note"]["abstract"] == f"E1, pinned by Alice. Leaf {2**40} of the sealed log."
    assert objects["note"]["object_refs"] == [objects["observed-data"]["id"]]
    assert objects["x-audit-event"]["id"] in objects["observed-data"]["object_refs"]


@pytest.mark.parametrize("document", HOSTILE, ids=lambda document: get(document, "event.id")[:30])
def test_hostile_text_breaks_no_bundle_and_stands_in_it_as_it_was(document: dict[str, Any]) -> None:
    bundle = _content(stix.lines([_row(document)]))
    assert _validate(bundle) == []
    (written,) = [each for each in json.loads(bundle)["objects"] if each["type"] == "x-audit-event"]
    assert written["event_id"] == get(document, "event.id")
    assert written["event_action"] == get(document, "event.action")


def test_what_two_cases_say_of_an_event_is_theirs_and_the_event_is_the_same() -> None:
    document = event(**FULL)
    rows = [
        ExportRow(document, compute_digest(document), number, why, "Alice", "2026-11-24T00:00:00.000000Z", 7)
        for number, why in (("E1", "Because"), ("E9", "Otherwise"))
    ]
    first, second = ({each["id"]: each for each in json.loads(_content(stix.lines([row])))["objects"]} for row in rows)
    shared = first.keys() & second.keys()
    assert {key.partition("--")[0] for key in first.keys() - shared} == {"note"}
    assert all(first[key] == second[key] for key in shared)


def test_the_same_user_stands_in_a_bundle_once_and_an_event_has_the_same_id_in_each() -> None:
    rows = [_row(event(user__id="ada", event__id=f"e{n}")) for n in range(3)]
    first, second = (json.loads(_content(stix.lines(rows)))["objects"] for _ in range(2))
    assert [each["type"] for each in first].count("user-account") == 1
    assert first == second
    assert len({each["id"] for each in first}) == len(first)


def test_what_is_remembered_as_written_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stix, "REMEMBERED", 5)
    rows = [_row(event(user__id=f"u{n % 7}", event__id=f"e{n}")) for n in range(20)]
    objects = json.loads(_content(stix.lines(rows)))["objects"]
    assert [each["type"] for each in objects].count("observed-data") == 20


def _check_ocsf(name: str, value: Any) -> None:
    """That an object holds what the framework asks for, and nothing that it does not know."""
    for each in value if isinstance(value, list) else [value]:
        rules = OCSF["objects"].get(OBJECTS.get(name, name))
        if not isinstance(each, dict) or rules is None:
            continue
        assert set(rules["required"]) <= each.keys(), name
        assert each.keys() <= rules["attributes"].keys(), name
        if rules["constraints"]:
            assert each.keys() & set(rules["constraints"]["at_least_one"]), (name, each)
        for inner, part in each.items():
            _check_ocsf(inner, part)


@pytest.mark.parametrize(
    "document",
    [
        event(**FULL),
        event(),
        use("t"),
        event(user__email="a@example.org"),
        event(url__domain="x.example"),
        event(source__geo__location="1,2"),
        *HOSTILE,
    ],
    ids=lambda document: get(document, "event.id")[:30],
)
def test_an_ocsf_event_is_as_the_framework_has_it_and_loses_no_field(document: dict[str, Any]) -> None:
    ((line, is_entry),) = ocsf.lines([_row(document)])
    written = json.loads(line)
    rules = OCSF["classes"]["api_activity"]
    assert is_entry
    assert {*rules["required"], "activity_id", "category_uid", "class_uid", "type_uid", "time"} <= written.keys()
    assert written.keys() <= set(rules["attributes"])
    assert written["type_uid"] == written["class_uid"] * 100 + written["activity_id"]
    for name, part in written.items():
        if name != "unmapped":
            _check_ocsf(name, part)
    texts = json.dumps(written, ensure_ascii=False)
    for name, value in flatten(document):
        if name in COLUMNS and name not in ("event.outcome", "token.expires_at", "event.ingested"):
            assert json.dumps(value, ensure_ascii=False).replace(" ", "") in texts.replace(" ", ""), name


@pytest.mark.parametrize(
    ("operation", "activity"), [("token.issue", 1), ("token.authorize", 2), ("token.revoke", 4), ("other", 99)]
)
def test_an_operation_with_a_token_is_an_activity_of_the_framework(operation: str, activity: int) -> None:
    ((line, _),) = ocsf.lines([_row(event(token__operation=operation, event__outcome="failure"))])
    written = json.loads(line)
    assert (written["activity_id"], written["status_id"], written["status"]) == (activity, 2, "Failure")


@pytest.mark.parametrize("format", ["parquet", "stix", "ocsf"])
def test_a_case_with_an_absence_leaves_the_house_whole(format: str, alice: User, case: Case, trail: Trail) -> None:
    pin(trail, case, alice, use("t"), use("t"))
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    made = export(alice, format=format, case=case)
    assert (made.state, made.done, made.problem) == (Export.State.FINISHED, 3, "")
    content = build_path(made).read_bytes()
    assert len(content) == made.size
    match format:
        case "parquet":
            table = reader.read_table(io.BytesIO(content))
            assert table.num_rows == 3
            assert "user.id:nobody" in table["statement"][2].as_py()
        case "stix":
            assert _validate(content) == []
            notes = [each for each in json.loads(content)["objects"] if each["type"] == "note"]
            assert "user.id:nobody" in notes[-1]["content"]
        case _:
            last = json.loads(content.splitlines()[-1])
            assert last["class_uid"] == 0
            assert "user.id:nobody" in json.dumps(last["unmapped"]["statement"])
            assert "Nothing was found" in last["message"]


def test_an_event_that_was_written_with_an_empty_list_is_exported() -> None:
    document = event()
    document["source"] = {"ip": []}
    ((line, _),) = ocsf.lines([_row(document)])
    assert "ip" not in json.loads(line).get("src_endpoint", {})
