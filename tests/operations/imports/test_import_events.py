"""The import command on real logs and the real engine."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from operations.imports import importer
from operations.models import RejectedEvent
from tests.support.database import database_url
from tests.support.factories.logs import events
from trail.canonical_form import canonicalise_value
from trail.connection import Trail
from trail.questions import ask_token, ask_tokens_issued, parse_token_ref
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search
from trail.writing.writer import write

pytestmark = pytest.mark.django_db  # what is rejected waits in the store

ROOT = Path(__file__).parents[3]


def _import(*paths: Path | str, format: str = "cloudtrail", rejects: Path, **options: object) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("import_events", *map(str, paths), format=format, rejects=rejects, stdout=out, **options)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def _refresh(trail: Trail) -> None:
    trail.client.indices.refresh(index=trail.events)


def test_a_real_log_comes_in_once_and_answers_the_questions(trail: Trail, data: Path, tmp_path: Path) -> None:
    log = data / "logs" / "cloudtrail-stratus.ndjson"
    records = [json.loads(line) for line in log.read_text().splitlines()]
    report, status = _import(log, rejects=tmp_path / "r")
    assert (status, f"{len(records)} records read" in report, "0 already there, 0 rejected" in report) == (
        0,
        True,
        True,
    )
    assert not (tmp_path / "r").exists()
    again, _ = _import(log, rejects=tmp_path / "r")
    assert "0 events written" in again
    _refresh(trail)
    assumed = next(r for r in records if r["eventName"] == "AssumeRole" and r.get("responseElements"))
    whom = assumed["responseElements"]["assumedRoleUser"]["arn"]
    answers = [r["responseElements"] for r in records if r["eventName"] == "AssumeRole" and r.get("responseElements")]
    keys = [one["credentials"]["accessKeyId"] for one in answers if one["assumedRoleUser"]["arn"] == whom]
    issued = ask_tokens_issued(trail, whom, WHOLE_TRAIL)
    assert {one.token_id for one in issued.tokens} == set(keys)
    assert issued.total == len(keys) == 2
    key = assumed["userIdentity"]["accessKeyId"]
    first = ask_token(trail, parse_token_ref(key), WHOLE_TRAIL).first
    assert first is not None
    assert first.timestamp == min(r["eventTime"] for r in records if r["userIdentity"].get("accessKeyId") == key)


def test_a_packed_records_file_in_a_folder_is_the_same(trail: Trail, data: Path, tmp_path: Path) -> None:
    records = [json.loads(line) for line in (data / "logs" / "cloudtrail-stratus.ndjson").read_text().splitlines()]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "part.json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    report, status = _import(tmp_path / "in", rejects=tmp_path / "r")
    assert (status, f"{len(records)} records read" in report) == (0, True)


def test_what_is_rejected_is_kept_with_its_place_and_reason_and_the_rest_is_in(trail: Trail, tmp_path: Path) -> None:
    good = {"eventName": "x", "eventTime": "2026-11-01T00:00:00Z", "eventID": "1"}
    log, rejects = tmp_path / "log", tmp_path / "rejected"
    log.write_text(
        "\n".join([json.dumps(good), "{broken", json.dumps({"eventName": "y"}), json.dumps({**good, "eventName": "z"})])
    )
    report, status = _import(log, rejects=rejects)
    assert status == 3
    assert "1 events written" in report
    rejected = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(one["record"], one["source"]) for one in rejected] == [(2, str(log)), (3, str(log)), (4, str(log))]
    assert "is not JSON" in rejected[0]["reason"]
    assert rejected[0]["text"] == "{broken"
    assert "no eventName or eventTime" in rejected[1]["reason"]
    assert "another event" in rejected[2]["reason"]
    _refresh(trail)
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 1


@pytest.mark.parametrize(("name", "format"), [("okta-panther.ndjson", "okta"), ("github-panther.ndjson", "github")])
def test_hand_edited_samples_are_read_or_kept_with_a_reason(
    trail: Trail, data: Path, tmp_path: Path, name: str, format: str
) -> None:
    report, status = _import(data / "logs" / name, format=format, rejects=tmp_path / "r")
    rejected = (tmp_path / "r").read_text().splitlines()
    assert status == 3
    assert f"{len(rejected)} rejected" in report
    _refresh(trail)
    assert execute.count(trail, Search(), WHOLE_TRAIL) + len(rejected) == 40


def test_values_that_the_engine_cannot_hold_come_in_and_stay_exact_in_the_original(
    trail: Trail, tmp_path: Path
) -> None:
    policy, number = "x" * 100_000, 2**70
    record = {
        "eventName": "PutRolePolicy",
        "eventTime": "2026-11-01T00:00:00Z",
        "eventID": "1",
        "requestParameters": {
            "policyDocument": policy,
            "number": number,
            "exact": 1.50,
            "half": "\ud800",
            "big": 2**53 + 1,
        },
    }
    (tmp_path / "log").write_text(json.dumps(record))
    assert _import(tmp_path / "log", rejects=tmp_path / "r")[1] == 0
    _refresh(trail)
    search = Search(text="raw.requestParameters.policyDocument:xxx*")
    (hit,) = execute.read_page(trail, search, WHOLE_TRAIL, size=10).hits
    assert json.loads(hit.document["event"]["original"]) == record
    assert hit.document["raw"]["requestParameters"]["big"] == 2**53 + 1
    assert hit.document["raw"]["requestParameters"]["number"] == str(number)


def test_one_impossible_record_does_not_stop_the_others(trail: Trail, tmp_path: Path) -> None:
    good = {"eventName": "x", "eventTime": "2026-11-01T00:00:00Z", "eventID": "1"}
    nested: object = "x"
    for _ in range(300):
        nested = {"a": nested}
    bad = [{**good, "eventTime": 1e308}, {**good, "eventID": "2", "deep": nested}]
    (tmp_path / "log").write_text("\n".join(json.dumps(record) for record in [*bad, good]))
    report, status = _import(tmp_path / "log", rejects=tmp_path / "r")
    assert (status, "1 written, 0 already there, 2 rejected" in report) == (3, True)
    reasons = [json.loads(line)["reason"] for line in (tmp_path / "r").read_text().splitlines()]
    assert ["not a time" in reasons[0], "raw" in reasons[1]] == [True, True]


@pytest.mark.django_db(transaction=True)
def test_a_stream_comes_in_from_another_program(trail: Trail, node: str, data: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "manage.py",
        "import_events",
        "--format",
        "cloudtrail",
        "--rejects",
        str(tmp_path / "r"),
        "-",
    ]
    packed = gzip.compress((data / "logs" / "cloudtrail-catalog.ndjson").read_bytes())
    environment = os.environ | {
        "OPENSEARCH_URL": node,
        "TRAIL_PREFIX": trail.prefix,
        "CONSOLE_STATE_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
    }
    finished = subprocess.run(command, input=packed, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (
        finished.returncode,
        b"2 records read: 2 written, 0 already there, 0 rejected; 3 events written" in finished.stdout,
    ) == (0, True), finished.stderr
    broken = subprocess.run(command, input=b"[1]", cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (broken.returncode, b"1 rejected" in broken.stdout) == (3, True), broken.stderr


@pytest.mark.parametrize("format", ["auth0", "azure", "gsuite", "slack", "duo", "tailscale", "teleport"])
def test_real_records_of_every_format_come_in_once(trail: Trail, data: Path, tmp_path: Path, format: str) -> None:
    log = data / "logs" / f"{format}-panther.ndjson"
    report, _ = _import(log, format=format, rejects=tmp_path / "r")
    again, _ = _import(log, format=format, rejects=tmp_path / "r")
    written = int(report.partition(" records read: ")[2].split()[0])
    assert 0 < written <= len(log.read_text().splitlines())
    assert f": 0 written, {written} already there" in again


def test_our_own_export_comes_back_in(trail: Trail, tmp_path: Path) -> None:
    line = {
        "event": {
            "@timestamp": "2026-11-01T00:00:00Z",
            "event": {"id": "a", "action": "token.issue", "outcome": "success"},
            "token": {"id": "t", "operation": "token.issue"},
            "user": {"id": "ada"},
        },
        "digest": {"sha256": "x"},
    }
    (tmp_path / "log").write_text(json.dumps(line))
    assert _import(tmp_path / "log", format="ecs", rejects=tmp_path / "r")[1] == 0
    _refresh(trail)
    assert ask_tokens_issued(trail, "ada", WHOLE_TRAIL).total == 1


def test_a_dry_run_checks_and_writes_nothing(trail: Trail, data: Path, tmp_path: Path) -> None:
    report, status = _import(data / "logs" / "cloudtrail-stratus.ndjson", rejects=tmp_path / "r", dry_run=True)
    assert (status, "0 events written" in report) == (0, True)
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 0


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no format nonsense; there are auto, cloudtrail, okta"):
        _import(tmp_path, format="nonsense", rejects=tmp_path / "r")
    with pytest.raises(CommandError, match="no file or folder"):
        _import("nowhere", rejects=tmp_path / "r")
    (tmp_path / "log").write_text("{}")
    with pytest.raises(CommandError, match="goes on safely"):
        _import(tmp_path / "log", rejects=tmp_path / "r")


def test_what_is_rejected_waits_for_an_admin_too(trail: Trail, tmp_path: Path) -> None:
    log = tmp_path / "broken.ndjson"
    log.write_text('{"a": 1}\n{"@timestamp": "soon"}\n')
    with pytest.raises(SystemExit):
        call_command("import_events", str(log), format="ecs", rejects=tmp_path / "rejects", stdout=StringIO())
    rows = RejectedEvent.objects.all()
    assert {(row.writer, row.source, row.text) for row in rows} == {
        ("ecs", "import:ecs", '{"a": 1}'),
        ("ecs", "import:ecs", '{"@timestamp": "soon"}'),
    }


def test_one_bad_file_does_not_end_an_import_and_each_is_named(trail: Trail, tmp_path: Path) -> None:
    folder = tmp_path / "AWSLogs" / "CloudTrail"
    folder.mkdir(parents=True)
    records = [[_record(f"{name}{number}") for number in range(4)] for name in "abc"]
    packed = [gzip.compress(json.dumps({"Records": part}).encode()) for part in records]
    digest = gzip.compress(json.dumps({"digestStartTime": "2026-11-01T00:00:00Z", "digestS3Bucket": "b"}).encode())
    files = {
        "a.json.gz": packed[0],
        "b.json.gz": packed[1][: len(packed[1]) * 6 // 10],
        "c.json.gz": packed[2],
        "d-CloudTrail-Digest.json.gz": digest,
        "e-empty.json.gz": gzip.compress(b'{"Records":[]}'),
        ".DS_Store": b"Bud1",
        "f": b"",
        "g.parquet": b"PAR1....",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    report, status = _import(tmp_path / "AWSLogs", rejects=tmp_path / "r")
    lines = {Path(line.split(":")[0].split()[-1]).name: line for line in report.splitlines() if str(folder) in line}
    assert (status, sorted(lines)) == (3, sorted(files))
    assert [lines[name].split()[:2] for name in ("a.json.gz", "c.json.gz")] == [["4", "4"], ["4", "4"]]
    assert "cut off: its gzip ends before its end" in lines["b.json.gz"]
    assert lines["d-CloudTrail-Digest.json.gz"].split()[:5] == ["1", "0", "0", "0", "1"]
    assert ("left by a desktop" in lines[".DS_Store"], "empty" in lines["f"]) == (True, True)
    assert "a Parquet file" in lines["g.parquet"]
    assert "2 files were passed over" in report
    assert "2 files could not be read whole" in report
    (cut,) = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert (cut["source"], cut["line"]) == (str(folder / "b.json.gz"), 1)
    assert "cut off" in cut["reason"]
    row = RejectedEvent.objects.get()
    assert row.place == f"{folder / 'b.json.gz'}, record {cut['record']}, line 1, byte {cut['byte']}"


def _record(event_id: str, **values: object) -> dict[str, object]:
    return {"eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z", "eventID": event_id, **values}


def test_the_same_record_spelled_otherwise_is_already_there(trail: Trail, tmp_path: Path) -> None:
    spellings = {
        "compact": '{"eventName":"AssumeRole","eventTime":"2026-11-01T00:00:00Z","eventID":"s1","n":[1,2.50,true],"t":"é/"}',
        "spaced": '{ "n" : [1.0, 25e-1, true], "eventTime": "2026-11-01T00:00:00Z", "t": "\\u00e9\\/",\n "eventID": "s1", "eventName": "AssumeRole"}',
        "as another number": '{"eventName":"AssumeRole","eventTime":"2026-11-01T00:00:00Z","eventID":"s1","n":[1e0,2.5,true],"t":"é/"}',
        "another record": '{"eventName":"AssumeRole","eventTime":"2026-11-01T00:00:00Z","eventID":"s1","n":[1,2.5,1],"t":"é/"}',
    }
    answers = []
    for name, text in spellings.items():
        (tmp_path / name).write_text(text)
        report, _ = _import(tmp_path / name, rejects=tmp_path / "r")
        answers.append(report.partition(" records read: ")[2].partition(";")[0])
    assert answers == [
        "1 written, 0 already there, 0 rejected",
        "0 written, 1 already there, 0 rejected",
        "0 written, 1 already there, 0 rejected",
        "0 written, 0 already there, 1 rejected",
    ]


def test_a_record_without_an_id_that_is_spelled_otherwise_is_already_there(trail: Trail, tmp_path: Path) -> None:
    for name, text in (
        ("one", '{"@timestamp":"2026-11-01T00:00:00Z","event":{"action":"login"},"x":1.0}'),
        ("two", '{"x": 1, "event": {"action": "log\\u0069n"}, "@timestamp": "2026-11-01T00:00:00Z"}'),
    ):
        (tmp_path / name).write_text(text)
    assert "1 written" in _import(tmp_path / "one", format="ecs", rejects=tmp_path / "r")[0]
    assert "0 written, 1 already there" in _import(tmp_path / "two", format="ecs", rejects=tmp_path / "r")[0]


ACTIVITY = {
    "id": {"time": "2026-11-01T00:00:00Z", "uniqueQualifier": "77", "applicationName": "login", "customerId": "C0"},
    "actor": {"email": "bob@example.org"},
}


def test_two_activities_that_share_an_id_are_both_written(trail: Trail, tmp_path: Path) -> None:
    names = ("login_success", "login_verification")
    lines = [json.dumps({**ACTIVITY, "etag": name, "events": [{"name": name}]}) for name in names]
    for log, order in (("there", lines), ("back", lines[::-1])):
        (tmp_path / log).write_text("\n".join(order))
    assert "2 records read: 2 written" in _import(tmp_path / "there", format="gsuite", rejects=tmp_path / "r")[0]
    assert (
        ": 0 written, 2 already there, 0 rejected"
        in _import(tmp_path / "back", format="gsuite", rejects=tmp_path / "r")[0]
    )


@pytest.mark.parametrize(
    ("format", "earlier_id", "record"),
    [
        ("gsuite", "google.workspace:login:2026-11-01T00:00:00Z:77", {**ACTIVITY, "events": [{"name": "logout"}]}),
        ("ecs", "ecs:{sha256}", {"@timestamp": "2026-11-01T00:00:00Z", "event": {"action": "login"}}),
    ],
)
def test_what_an_earlier_version_imported_is_already_there(
    trail: Trail, tmp_path: Path, format: str, earlier_id: str, record: dict[str, object]
) -> None:
    text = json.dumps(record)
    (document,) = events(format, record)
    document["event"]["id"] = earlier_id.format(sha256=hashlib.sha256(text.encode()).hexdigest())
    write(trail, [document])
    (tmp_path / "log").write_text(text)
    report, status = _import(tmp_path / "log", format=format, rejects=tmp_path / "r")
    assert (status, ": 0 written, 1 already there" in report) == (0, True)


def test_a_record_that_an_earlier_version_read_otherwise_is_already_there(trail: Trail, tmp_path: Path) -> None:
    record = _record("v1")
    (document,) = events("cloudtrail", record)
    write(trail, [{**document, "message": "as it was read before"}])
    (tmp_path / "log").write_text(json.dumps(record))
    report, status = _import(tmp_path / "log", rejects=tmp_path / "r")
    assert (status, ": 0 written, 1 already there" in report) == (0, True)


def test_a_record_of_two_events_is_one_record_whatever_becomes_of_it(trail: Trail, data: Path, tmp_path: Path) -> None:
    log = data / "logs" / "cloudtrail-catalog.ndjson"
    assert "2 records read: 2 written, 0 already there, 0 rejected; 3 events" in _import(log, rejects=tmp_path / "r")[0]
    assert "2 records read: 0 written, 2 already there, 0 rejected; 0 events" in _import(log, rejects=tmp_path / "r")[0]
    changed = log.read_text().replace("requestID", "requestId")
    (tmp_path / "log").write_text(changed)
    report, _ = _import(tmp_path / "log", rejects=tmp_path / "r")
    assert "2 records read: 0 written, 0 already there, 2 rejected" in report


def test_an_import_that_does_not_know_what_became_of_a_record_is_an_error(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "write_many", lambda trail, events: [*events][:0])
    (tmp_path / "log").write_text(json.dumps(_record("1")))
    with pytest.raises(CommandError, match="Of 1 records 1 were converted, and what became of 0 is known"):
        _import(tmp_path / "log", rejects=tmp_path / "r")


SIGN_INS = [
    {"time": "2026-11-01T00:00:00Z", "operationName": "Sign-in activity", "category": "SignInLogs", "properties": {"id": f"s-{number}"}}
    for number in range(2)
]  # fmt: skip


def test_of_two_records_in_one_text_the_one_that_is_not_there_is_written(trail: Trail, tmp_path: Path) -> None:
    (document,) = events("azure", SIGN_INS[0])
    document["event"]["id"] = "azure.entra:s-0"
    write(trail, [document])
    (tmp_path / "log").write_text(json.dumps({"message": json.dumps(SIGN_INS)}))
    report, status = _import(tmp_path / "log", format="azure", rejects=tmp_path / "r")
    assert (status, "1 written, 0 already there, 0 rejected; 1 events" in report) == (0, True)
    again, _ = _import(tmp_path / "log", format="azure", rejects=tmp_path / "r")
    assert "0 written, 1 already there, 0 rejected; 0 events" in again


LONG_ID = "e" * 450


@pytest.mark.parametrize(
    ("format", "earlier_id", "record"),
    [
        ("azure", "azure.entra:s-0", {**SIGN_INS[0], "properties": json.dumps(SIGN_INS[0]["properties"])}),
        ("azure", "azure.entra:{values}", {**SIGN_INS[0], "properties": json.dumps(SIGN_INS[0]["properties"])}),
        ("azure", "azure.entra:{sha256}", {**SIGN_INS[0], "properties": json.dumps(SIGN_INS[0]["properties"])}),
        (
            "cloudtrail",
            f"aws.cloudtrail:{LONG_ID}",
            {"eventID": LONG_ID, "eventName": "a", "eventTime": "2026-11-01T00:00:00Z"},
        ),
    ],
    ids=["own id", "values", "text", "long id"],
)
def test_what_was_known_otherwise_before_is_not_written_once_more(
    trail: Trail, tmp_path: Path, format: str, earlier_id: str, record: dict[str, object]
) -> None:
    text = json.dumps(record)
    digests = {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "values": hashlib.sha256(canonicalise_value(record)).hexdigest(),
    }
    (document,) = events(format, record)
    document["event"]["id"] = earlier_id.format(**digests)
    write(trail, [document])
    (tmp_path / "log").write_text(text)
    report, status = _import(tmp_path / "log", format=format, rejects=tmp_path / "r")
    assert (status, ": 0 written, 1 already there" in report) == (0, True)


CALL = {"eventID": "e-1", "eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z", "sourceIPAddress": "192.0.2.7"}
SESSION = {"event": "session.start", "uid": "u-1", "ei": 0, "time": "2024-05-06T19:39:26.676Z", "sid": "s"}
TYPED = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in SESSION.items()}


@pytest.mark.parametrize(
    ("format", "first", "second"),
    [
        ("cloudtrail", {"message": json.dumps(CALL), "at": 1}, {"message": json.dumps(CALL), "at": 2}),
        ("cloudtrail", CALL, {"message": f"host app[7]: {json.dumps(CALL)}"}),
        ("teleport", SESSION, {"Item": {"SessionID": {"S": "s"}, "FieldsMap": {"M": TYPED}}}),
    ],
    ids=["two envelopes", "a line of a log", "types of DynamoDB"],
)
@pytest.mark.parametrize("is_turned_round", [False, True])
def test_a_record_in_another_envelope_is_already_there(
    trail: Trail, tmp_path: Path, format: str, first: object, second: object, is_turned_round: bool
) -> None:
    for record in (second, first) if is_turned_round else (first, second):
        (tmp_path / "log").write_text(json.dumps(record))
        report, status = _import(tmp_path / "log", format=format, rejects=tmp_path / "r")
    assert (status, ": 0 written, 1 already there" in report) == (0, True)


def test_another_record_under_the_same_id_in_an_envelope_is_a_conflict(trail: Trail, tmp_path: Path) -> None:
    # What differs is in no field of the event, so that nothing but the record itself tells the two apart.
    for number in (1, 2):
        record = {**CALL, "requestParameters": {"no": number}}
        (tmp_path / "log").write_text(json.dumps({"message": json.dumps(record), "at": number}))
        report, status = _import(tmp_path / "log", rejects=tmp_path / "r")
    assert (status, ": 0 written, 0 already there, 1 rejected" in report) == (3, True)
