"""Exporting a case's timeline."""

import csv
import hashlib
import io

import orjson
import pytest
import redis
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.evidence import services as evidence
from investigations.exports import services as exports
from investigations.models import Case, Evidence, Export
from tests.support.factories.cases import close_case, pin
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, bytes_of
from trail.canonical_form import compute_digest
from trail.connection import Trail


@pytest.fixture
def pinned(case: Case, alice: User, trail: Trail) -> list[Evidence]:
    """Three that stand, in another order than they happened, and one that was withdrawn."""
    why = '=cmd|"x"\nSecond line, with "quotes"'
    for n in (1, 2, 3):
        at = f"2026-11-0{4 - n}T00:00:00.00000000{n}Z"
        one = use("t", id=f"e{n}", at=at, user__id=f"u{n}", event__original="{}", raw={})
        pin(trail, case, alice, one, reason=why)
    (gone,) = pin(trail, case, alice, use("t", id="gone"), reason=why)
    evidence.withdraw(evidence=gone, reason="Not ours", by=alice)
    write(trail, use("t", id="not pinned"))
    return list(case.evidence.not_withdrawn().in_time_order())


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/export/"


def _file(client: Client, page: str, format: str) -> bytes:
    """Asked for, written as the worker does, and downloaded."""
    client.post(page, {"format": format})
    export = Export.objects.get(format=format)
    exports.write_export(export.pk)
    return bytes_of(client.get(f"/exports/{export.public_id}/file/"))


def test_json_lines_hold_exactly_the_pinned_events_in_time_order(
    client: Client, bob: User, pinned: list[Evidence], page: str
) -> None:
    client.force_login(bob)
    content = _file(client, page, "jsonl")
    lines = [orjson.loads(line) for line in content.splitlines()]
    assert [line["event"]["event"]["id"] for line in lines] == ["e3", "e2", "e1"]
    for line, one in zip(lines, pinned, strict=True):
        assert line["event"] == one.document
        assert line["digest"]["sha256"] == compute_digest(line["event"]) == one.digest
        assert line["evidence"]["reason"] == one.reason
        assert line["evidence"]["number"] == one.label
    assert Export.objects.get().sha256 == hashlib.sha256(content).hexdigest()


def test_csv_holds_exactly_the_pinned_events_and_no_formula(
    client: Client, bob: User, pinned: list[Evidence], page: str
) -> None:
    client.force_login(bob)
    content = _file(client, page, "csv")
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert [row["event.id"] for row in rows] == ["e3", "e2", "e1"]
    for row, one in zip(rows, pinned, strict=True):
        assert row["@timestamp"] == one.document["@timestamp"]
        assert (row["user.id"], row["source.ip"]) == (one.document["user"]["id"], "192.0.2.7")
        assert row["sha256"] == one.digest
        assert row["reason"] == "'" + one.reason
        assert row["pinned_by"] == "Alice"
    export = Export.objects.get()
    assert (export.sha256, export.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert export.name == f"case-{export.case.public_id}-timeline.csv"


def test_it_is_queued_for_a_worker_and_on_record(
    client: Client,
    case: Case,
    bob: User,
    page: str,
    trail: Trail,
    redis_url: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(bob)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(page, {"format": "jsonl"})
    export = Export.objects.get()
    assertRedirects(response, f"/exports/{export.public_id}/")
    assert (export.case, export.run, export.format, export.state) == (case, None, "jsonl", "queued")
    (recorded,) = audit_log(trail, "export.start")
    assert recorded["resource"] == {"type": "case", "id": case.public_id}
    with redis.Redis.from_url(redis_url) as queue:
        assert queue.llen("exports") == 1


def test_a_closed_case_is_exported(client: Client, case: Case, alice: User, pinned: list[Evidence], page: str) -> None:
    close_case(case, alice)
    client.force_login(alice)
    assert len(_file(client, page, "jsonl").splitlines()) == 3


def test_an_empty_case_gives_a_file_that_says_so(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert _file(client, page, "jsonl") == b""
    assert len(_file(client, page, "csv").splitlines()) == 1


def test_an_unknown_format_is_csv(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    client.post(page, {"format": "exe"})
    assert Export.objects.get().format == "csv"


def test_a_trail_that_is_down_starts_nothing(client: Client, alice: User, page: str, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(page, {"format": "csv"}), "Nothing was changed.", status_code=503)
    assert not Export.objects.exists()


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert client.post(page, {"format": "csv"}).status_code == 404
    assert not Export.objects.exists()


def test_a_viewer_gets_403(client: Client, rae: User, page: str) -> None:
    client.force_login(rae)
    assert client.post(page, {"format": "csv"}).status_code == 403
    assert not Export.objects.exists()


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.post("/cases/nosuchcase/export/", {"format": "csv"}).status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.post(page, {"format": "csv"}))


def test_a_link_does_not_do_it(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.get(page).status_code == 405
