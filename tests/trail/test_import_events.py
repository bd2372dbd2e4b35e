"""The import command on real logs and the real engine."""

import gzip
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from operations.models import RejectedEvent
from trail.connection import Trail
from trail.questions import dossier, token_ref, tokens_issued
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

pytestmark = pytest.mark.django_db  # what is rejected waits in the store

ROOT = Path(__file__).parents[2]


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
    said, status = _import(log, rejects=tmp_path / "r")
    assert (status, f"{len(records)} records read" in said, "0 already there, 0 rejected" in said) == (0, True, True)
    assert not (tmp_path / "r").exists()
    again, _ = _import(log, rejects=tmp_path / "r")
    assert "0 events written" in again
    _refresh(trail)
    assumed = next(r for r in records if r["eventName"] == "AssumeRole" and r.get("responseElements"))
    whom = assumed["responseElements"]["assumedRoleUser"]["arn"]
    answers = [r["responseElements"] for r in records if r["eventName"] == "AssumeRole" and r.get("responseElements")]
    keys = [one["credentials"]["accessKeyId"] for one in answers if one["assumedRoleUser"]["arn"] == whom]
    issued = tokens_issued(trail, whom, WHOLE_TRAIL)
    assert {one.token_id for one in issued.tokens} == set(keys)
    assert issued.total == len(keys) == 2
    key = assumed["userIdentity"]["accessKeyId"]
    first = dossier(trail, token_ref(key), WHOLE_TRAIL).first
    assert first is not None
    assert first.timestamp == min(r["eventTime"] for r in records if r["userIdentity"].get("accessKeyId") == key)


def test_a_packed_records_file_in_a_folder_is_the_same(trail: Trail, data: Path, tmp_path: Path) -> None:
    records = [json.loads(line) for line in (data / "logs" / "cloudtrail-stratus.ndjson").read_text().splitlines()]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "part.json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    said, status = _import(tmp_path / "in", rejects=tmp_path / "r")
    assert (status, f"{len(records)} records read" in said) == (0, True)


def test_what_is_rejected_is_kept_with_its_place_and_reason_and_the_rest_is_in(trail: Trail, tmp_path: Path) -> None:
    good = {"eventName": "x", "eventTime": "2026-11-01T00:00:00Z", "eventID": "1"}
    log, rejects = tmp_path / "log", tmp_path / "rejected"
    log.write_text(
        "\n".join([json.dumps(good), "{broken", json.dumps({"eventName": "y"}), json.dumps({**good, "eventName": "z"})])
    )
    said, status = _import(log, rejects=rejects)
    assert status == 3
    assert "1 events written" in said
    kept = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(one["record"], one["source"]) for one in kept] == [(2, str(log)), (3, str(log)), (4, str(log))]
    assert "is not JSON" in kept[0]["reason"]
    assert kept[0]["text"] == "{broken"
    assert "no eventName or eventTime" in kept[1]["reason"]
    assert "another event" in kept[2]["reason"]
    _refresh(trail)
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 1


@pytest.mark.parametrize(("name", "format"), [("okta-panther.ndjson", "okta"), ("github-panther.ndjson", "github")])
def test_hand_edited_samples_are_read_or_kept_with_a_reason(
    trail: Trail, data: Path, tmp_path: Path, name: str, format: str
) -> None:
    said, status = _import(data / "logs" / name, format=format, rejects=tmp_path / "r")
    kept = (tmp_path / "r").read_text().splitlines()
    assert status == 3
    assert f"{len(kept)} rejected" in said
    _refresh(trail)
    assert execute.count(trail, Search(), WHOLE_TRAIL) + len(kept) == 40


def test_values_that_the_engine_cannot_hold_come_in_and_stay_exact_in_the_original(
    trail: Trail, tmp_path: Path
) -> None:
    policy, number = "x" * 100_000, 2**70
    record = {"eventName": "PutRolePolicy", "eventTime": "2026-11-01T00:00:00Z", "eventID": "1", "requestParameters": {
        "policyDocument": policy, "number": number, "exact": 1.50, "half": "\ud800", "big": 2**53 + 1}}  # fmt: skip
    (tmp_path / "log").write_text(json.dumps(record))
    assert _import(tmp_path / "log", rejects=tmp_path / "r")[1] == 0
    _refresh(trail)
    asked = Search(text="raw.requestParameters.policyDocument:xxx*")
    (hit,) = execute.page(trail, asked, WHOLE_TRAIL, size=10).hits
    assert json.loads(hit.document["event"]["original"]) == record
    assert hit.document["raw"]["requestParameters"]["big"] == 2**53 + 1
    assert hit.document["raw"]["requestParameters"]["number"] == str(number)


def test_one_impossible_record_does_not_stop_the_others(trail: Trail, tmp_path: Path) -> None:
    good = {"eventName": "x", "eventTime": "2026-11-01T00:00:00Z", "eventID": "1"}
    nested: object = "x"
    for _ in range(300):
        nested = {"a": nested}
    bad = [{**good, "eventID": "9" * 600}, {**good, "eventTime": 1e308}, {**good, "eventID": "2", "deep": nested}]
    (tmp_path / "log").write_text("\n".join(json.dumps(record) for record in [*bad, good]))
    said, status = _import(tmp_path / "log", rejects=tmp_path / "r")
    assert (status, "1 events written, 0 already there, 3 rejected" in said) == (3, True)
    reasons = [json.loads(line)["reason"] for line in (tmp_path / "r").read_text().splitlines()]
    assert ["event.id" in reasons[0], "not a time" in reasons[1], "raw" in reasons[2]] == [True, True, True]


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
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
    }
    done = subprocess.run(command, input=packed, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.returncode, b"2 records read: 3 events written" in done.stdout) == (0, True), done.stderr
    broken = subprocess.run(command, input=b"[1]", cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (broken.returncode, b"1 rejected" in broken.stdout) == (3, True), broken.stderr


@pytest.mark.parametrize("format", ["auth0", "azure", "gsuite", "slack", "duo", "tailscale", "teleport"])
def test_real_records_of_every_format_come_in_once(trail: Trail, data: Path, tmp_path: Path, format: str) -> None:
    log = data / "logs" / f"{format}-panther.ndjson"
    said, _ = _import(log, format=format, rejects=tmp_path / "r")
    again, _ = _import(log, format=format, rejects=tmp_path / "r")
    written = int(said.partition(" read: ")[2].split()[0])
    assert 0 < written <= len(log.read_text().splitlines())
    assert f"0 events written, {written} already there" in again


def test_our_own_export_comes_back_in(trail: Trail, tmp_path: Path) -> None:
    line = {"event": {"@timestamp": "2026-11-01T00:00:00Z", "event": {"id": "a", "action": "token.issue", "outcome": "success"},
                      "token": {"id": "t", "operation": "token.issue"}, "user": {"id": "ada"}}, "digest": {"sha256": "x"}}  # fmt: skip
    (tmp_path / "log").write_text(json.dumps(line))
    assert _import(tmp_path / "log", format="ecs", rejects=tmp_path / "r")[1] == 0
    _refresh(trail)
    assert tokens_issued(trail, "ada", WHOLE_TRAIL).total == 1


def test_a_dry_run_checks_and_writes_nothing(trail: Trail, data: Path, tmp_path: Path) -> None:
    said, status = _import(data / "logs" / "cloudtrail-stratus.ndjson", rejects=tmp_path / "r", dry_run=True)
    assert (status, "0 events written" in said) == (0, True)
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 0


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no format nonsense; there are cloudtrail, okta"):
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
        ("ecs", "import:ecs", '{"a": 1}'), ("ecs", "import:ecs", '{"@timestamp": "soon"}'),
    }  # fmt: skip
