"""The import command on real logs and the real engine."""

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from trail.connection import Trail
from trail.questions import first_use, token_ref, tokens_issued
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search


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
    issued = tokens_issued(trail, whom, WHOLE_TRAIL)
    assert [one.token_id for one in issued.tokens] == [assumed["responseElements"]["credentials"]["accessKeyId"]]
    key = assumed["userIdentity"]["accessKeyId"]
    first = first_use(trail, token_ref(key), WHOLE_TRAIL).first
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
