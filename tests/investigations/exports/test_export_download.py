"""Taking an export's file."""

import hashlib
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains

from accounts.models import User
from investigations.evidence import custody
from investigations.evidence.custody import Action
from investigations.exports import services as exports
from investigations.models import Case, Export
from tests.support.factories.cases import export, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, audit_log, bytes_of
from trail.connection import Trail


@pytest.fixture
def done(case: Case, alice: User, trail: Trail) -> Export:
    pin(trail, case, alice, use("t"))
    return export(alice, case=case)


def _page(export: Export) -> str:
    return f"/exports/{export.public_id}/file/"


@pytest.mark.parametrize(("format", "type_"), [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/x-ndjson")])
def test_everybody_of_the_case_gets_the_whole_file_as_a_download(
    client: Client, case: Case, alice: User, rae: User, format: str, type_: str
) -> None:
    done = export(alice, case=case, format=format)
    client.force_login(rae)
    response = client.get(_page(done))
    content = bytes_of(response)
    assert hashlib.sha256(content).hexdigest() == done.sha256
    assert response["Content-Type"] == type_
    assert response["Content-Disposition"] == f'attachment; filename="{done.name}"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_it_is_on_record_with_the_digest(client: Client, bob: User, done: Export, trail: Trail) -> None:
    client.force_login(bob)
    bytes_of(client.get(_page(done)))
    (recorded,) = audit_log(trail, "export.download")
    assert (recorded["user"]["id"], recorded["labels"]["sha256"]) == ("bob", done.sha256)


def test_without_a_record_there_is_no_download(client: Client, bob: User, done: Export, settings: Settings) -> None:
    settings.ACCESS_SPOOL_DIR = "/dev/null/nowhere"
    client.force_login(bob)
    assertContains(client.get(_page(done)), "cannot be put on record", status_code=503)
    assert not _downloads(done)


def test_a_download_goes_on_while_the_trail_is_down_and_is_on_record_later(
    client: Client, bob: User, done: Export, trail: Trail, settings: Settings
) -> None:
    node, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    client.force_login(bob)
    assert bytes_of(client.get(_page(done)))
    settings.OPENSEARCH_URL = node
    assert len(audit_log(trail, "export.download")) == 1


def test_a_file_is_for_the_console_alone_on_disk(done: Export) -> None:
    assert exports.build_path(done).stat().st_mode & 0o077 == 0


def test_before_it_is_whole_there_is_nothing_to_take(client: Client, case: Case, alice: User) -> None:
    queued = exports.start(format="csv", by=alice, case=case)
    client.force_login(alice)
    assertContains(client.get(_page(queued), follow=True), "This export has no file; export again.")


def test_a_file_that_is_gone_is_said_to_be_gone(client: Client, alice: User, done: Export) -> None:
    exports.build_path(done).unlink()
    client.force_login(alice)
    assertContains(client.get(_page(done), follow=True), "This export has no file; export again.")


def test_a_stranger_gets_404(client: Client, charlie: User, done: Export) -> None:
    client.force_login(charlie)
    assert client.get(_page(done)).status_code == 404


def test_an_export_that_is_not_there_is_404(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/exports/nosuchexport/file/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, done: Export) -> None:
    assert at_sign_in(client.get(_page(done)), _page(done))


def test_only_reading_is_allowed(client: Client, alice: User, done: Export) -> None:
    client.force_login(alice)
    assert client.post(_page(done)).status_code == 405


def test_to_ask_how_long_it_is_takes_nothing(client: Client, bob: User, done: Export, trail: Trail) -> None:
    client.force_login(bob)
    response = client.head(_page(done))
    for close in response._resource_closers:  # as a server does with an answer
        close()
    assert int(response["Content-Length"]) == done.size
    assert not _downloads(done)
    assert not audit_log(trail, "export.download")


def test_downloads_of_one_person_soon_after_one_another_are_one_entry_of_custody(
    client: Client, alice: User, bob: User, done: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    for by in (bob, bob, alice, bob):
        client.force_login(by)
        bytes_of(client.get(_page(done)))
    assert _downloads(done) == ["Bob", "Alice"]
    monkeypatch.setattr(custody, "VIEWS_APART", timedelta(0))
    bytes_of(client.get(_page(done)))
    assert _downloads(done) == ["Bob", "Alice", "Bob"]


def _downloads(done: Export) -> list[str]:
    return list(done.custody.filter(action=Action.DOWNLOAD).values_list("by_name", flat=True))


def test_one_that_broke_off_goes_on_where_it_was_and_is_on_record(
    client: Client, bob: User, done: Export, trail: Trail
) -> None:
    client.force_login(bob)
    whole = client.get(_page(done))
    assert whole["Accept-Ranges"] == "bytes"
    content = bytes_of(whole)
    rest = client.get(_page(done), headers={"Range": "bytes=10-", "If-Range": whole["ETag"]})
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 10-{len(content) - 1}/{len(content)}")
    assert content[:10] + bytes_of(rest) == content
    assert rest["Content-Length"] == str(len(content) - 10)
    assert rest["Content-Disposition"] == whole["Content-Disposition"]
    assert len(audit_log(trail, "export.download")) == 1  # who takes it in parts takes it once
    assert len(_downloads(done)) == 1


def test_of_another_file_a_browser_gets_the_whole(client: Client, bob: User, done: Export) -> None:
    client.force_login(bob)
    response = client.get(_page(done), headers={"Range": "bytes=10-", "If-Range": '"of another file"'})
    assert (response.status_code, len(bytes_of(response))) == (200, done.size)
    behind = client.get(_page(done), headers={"Range": f"bytes={done.size}-"})
    assert (behind.status_code, behind["Content-Range"]) == (416, f"bytes */{done.size}")
    head = client.head(_page(done), headers={"Range": "bytes=10-"})
    bytes_of(head)
    assert (head.status_code, head["Content-Length"]) == (200, str(done.size))


def test_its_digest_is_a_file_that_sha256sum_checks(
    client: Client, bob: User, done: Export, case: Case, tmp_path: Path
) -> None:
    client.force_login(bob)
    (tmp_path / done.name).write_bytes(bytes_of(client.get(_page(done))))
    response = client.get(f"/exports/{done.public_id}/digest/")
    assert response["Content-Disposition"] == f'attachment; filename="{done.name}.sha256"'
    assertContains(response, f"# 1 entries, {done.size} bytes")
    (tmp_path / "digest").write_bytes(response.content)
    check = ["sha256sum", "--check", "--strict", "digest"]
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / done.name).write_bytes(b"other")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1
    queued = exports.start(format="csv", by=bob, case=case)
    assert client.get(f"/exports/{queued.public_id}/digest/").status_code == 404
