"""Files that are attached to a case."""

import hashlib
import tempfile
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core import stored_files
from core.errors import Refused
from investigations.attachments import services as attachments
from investigations.attachments.files import StoredFile, build_path, recognise_type, remove_orphans
from investigations.models import Attachment, Case
from tests.support.factories.cases import close_case
from tests.support.pages import audit_log, bytes_of, hidden_fields
from trail.connection import Trail

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/attachments/"


@pytest.fixture
def letter(case: Case, alice: User, trail: Trail) -> Attachment:
    return attachments.attach_file(case=case, name="letter.pdf", chunks=[PDF[:7], PDF[7:]], by=alice)


def _kept_files(settings: Settings) -> list[Path]:
    return sorted((Path(settings.STATE_DIR) / "attachments").glob("*"))


def test_a_file_is_kept_with_its_size_type_and_digest_on_record(
    client: Client, case: Case, alice: User, rae: User, page: str, trail: Trail
) -> None:
    client.force_login(alice)
    sent = {"file": SimpleUploadedFile("Letter <b>.html", PDF), "description": "From the provider"}
    assertRedirects(client.post(page, sent), page)
    kept = case.attachments.get()
    assert (kept.name, kept.size, kept.sha256) == ("Letter <b>.html", len(PDF), hashlib.sha256(PDF).hexdigest())
    assert kept.content_type == "application/pdf"
    client.force_login(rae)
    shown = client.get(page)
    for text in ("Letter &lt;b&gt;.html", "application/pdf", "From the provider", "by <bdi>Alice</bdi>"):
        assertContains(shown, text)
    assertNotContains(shown, "Attach the file")
    (record,) = audit_log(trail, "case.attachment.add")
    assert (record["user"]["id"], record["labels"]["sha256"]) == ("alice", kept.sha256)


def test_it_is_downloaded_and_never_shown_or_run_in_place(
    client: Client, rae: User, letter: Attachment, page: str, trail: Trail
) -> None:
    client.force_login(rae)
    answer = client.get(f"{page}1/file/")
    assert bytes_of(answer) == PDF
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    (record,) = audit_log(trail, "case.attachment.download")
    assert (record["user"]["id"], record["labels"]["sha256"]) == ("rae", letter.sha256)


def test_the_file_is_for_its_owner_alone_and_lies_where_nothing_is_served(letter: Attachment) -> None:
    path = build_path(letter.public_id)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nSet-Cookie: x", "漢字\u202egnp.exe", "x" * 300])
def test_no_name_leads_anywhere_or_adds_a_header(
    client: Client, case: Case, alice: User, page: str, trail: Trail, name: str
) -> None:
    attachments.attach_file(case=case, name=name, chunks=[b"text"], by=alice)
    client.force_login(alice)
    answer = client.get(f"{page}1/file/")
    assert bytes_of(answer) == b"text"
    assert "Set-Cookie" not in answer.headers
    assert "\n" not in answer["Content-Disposition"]
    assert client.get(page).status_code == 200


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"GIF89a\1\0\1\0", "image/gif"),
        (b"plain words", "text/plain"),
        ((b"a" * 4_095 + "é".encode())[:4_096], "text/plain"),
        (b"\0\1\2\3nothing known", "application/octet-stream"),
        (b"", "text/plain"),
    ],
)
def test_the_type_is_told_from_the_content(head: bytes, content_type: str) -> None:
    assert recognise_type(head) == content_type


def test_what_was_changed_on_the_disk_is_not_handed_out(
    client: Client, rae: User, letter: Attachment, page: str
) -> None:
    build_path(letter.public_id).write_bytes(PDF.replace(b"1.7", b"1.6"))
    client.force_login(rae)
    assertContains(client.get(f"{page}1/file/", follow=True), "is not what was attached")
    build_path(letter.public_id).unlink()
    assertContains(client.get(f"{page}1/file/", follow=True), "is not what was attached")


def test_a_file_is_removed_with_a_reason_and_that_it_was_there_stays(
    client: Client, alice: User, letter: Attachment, page: str, trail: Trail
) -> None:
    client.force_login(alice)
    assertContains(client.post(f"{page}1/remove/", {"reason": " "}, follow=True), "Say why the file is removed.")
    assert build_path(letter.public_id).exists()
    shown = client.post(f"{page}1/remove/", {"reason": "It holds a <password>"}, follow=True)
    assertContains(shown, "It holds a &lt;password&gt;")
    assertContains(shown, letter.sha256[:12])
    assert not build_path(letter.public_id).exists()
    assertContains(client.get(f"{page}1/file/", follow=True), "The file was removed on")
    (record,) = audit_log(trail, "case.attachment.remove")
    assert record["labels"]["sha256"] == letter.sha256


def test_too_large_a_file_is_refused_in_a_sentence(
    client: Client, case: Case, alice: User, page: str, settings: Settings
) -> None:
    settings.ATTACHMENT_BYTES = 1_000
    client.force_login(alice)
    answer = client.post(page, {"file": SimpleUploadedFile("x", b"x" * 1_001), "description": "Typed for long"})
    assertContains(answer, "longer than 1,000 bytes", status_code=400)
    assertContains(answer, "Typed for long", status_code=400)
    settings.INGEST_BODY_BYTES = 1_000
    answer = client.post(page, {"file": SimpleUploadedFile("x", b"x" * 2_000)}, follow=True)
    assertContains(answer, "it was not taken")
    assert not case.attachments.exists()


def test_a_form_from_elsewhere_attaches_nothing(case: Case, alice: User, page: str, trail: Trail) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post(page, {"file": SimpleUploadedFile("x", b"x")}).status_code == 403
    token = browser.cookies["csrftoken"].value if browser.get(page) and "csrftoken" in browser.cookies else ""
    assert not case.attachments.exists()
    sent = {"file": SimpleUploadedFile("x", b"x"), "csrfmiddlewaretoken": token}
    assert browser.post(page, sent).status_code == 302
    assert case.attachments.count() == 1


def test_nothing_is_left_behind_where_a_file_is_not_taken(
    client: Client, case: Case, alice: User, page: str, settings: Settings, no_trail: None
) -> None:
    client.force_login(alice)
    before = _kept_files(settings)
    answer = client.post(page, {"file": SimpleUploadedFile("x", b"x")})
    assert answer.status_code == 503
    assert _kept_files(settings) == before
    assert not case.attachments.exists()


def test_a_closed_case_takes_none_and_keeps_those_it_has(
    client: Client, case: Case, alice: User, letter: Attachment, page: str
) -> None:
    close_case(case, alice)
    client.force_login(alice)
    client.post(page, {"file": SimpleUploadedFile("x", b"x")})
    assert case.attachments.count() == 1
    assert bytes_of(client.get(f"{page}1/file/")) == PDF
    with pytest.raises(Refused):
        attachments.remove_file(attachment=letter, reason="closed", by=alice)


def test_each_has_a_number_of_its_own(case: Case, alice: User, bob: User, trail: Trail) -> None:
    for by in (alice, bob, alice):
        attachments.attach_file(case=case, name="x", chunks=[b"x"], by=by)
    assert list(case.attachments.values_list("number", flat=True)) == [1, 2, 3]


def test_the_page_asks_as_many_queries_for_fifty_as_for_one(
    client: Client, case: Case, alice: User, page: str, trail: Trail, django_assert_max_num_queries: object
) -> None:
    Attachment.objects.bulk_create(
        Attachment(
            case=case,
            number=n,
            name="x",
            size=1,
            sha256="0" * 64,
            content_type="text/plain",
            added_by=alice,
            public_id=f"a{n}",
        )
        for n in range(1, 51)
    )
    client.force_login(alice)
    hidden_fields(client.get(page))
    with django_assert_max_num_queries(18):  # type: ignore[operator]
        client.get(page)


def test_a_person_keeps_no_more_than_one_may(case: Case, alice: User, letter: Attachment, settings: Settings) -> None:
    settings.ATTACHMENTS_KEPT_BYTES = len(PDF)
    with pytest.raises(Refused, match="as much as one person may keep"):
        attachments.attach_file(case=case, name="x", chunks=[b"x"], by=alice)
    attachments.remove_file(attachment=letter, reason="room", by=alice)
    attachments.attach_file(case=case, name="x", chunks=[b"x"], by=alice)


def test_a_disk_that_is_nearly_full_takes_none(case: Case, alice: User, settings: Settings, trail: Trail) -> None:
    settings.ATTACHMENTS_DISK_RESERVE = 10**18
    with pytest.raises(Refused, match="nearly full"):
        attachments.attach_file(case=case, name="x", chunks=[b"x"], by=alice)


def test_a_small_file_that_the_disk_does_not_take_is_refused_with_a_sentence(
    client: Client, alice: User, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_files, "open_unnamed_file", partial(open, "/dev/full", "r+b", buffering=0))
    client.force_login(alice)
    answer = client.post(page, {"file": SimpleUploadedFile("x", b"x" * 1_024)})
    assertContains(answer, "The file could not be kept: No space left on device. Tell an admin.", status_code=400)
    assert not Attachment.objects.exists()


def test_a_disk_on_which_no_file_can_be_begun_is_said(
    client: Client, alice: User, page: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_files, "open_unnamed_file", partial(open, "/nowhere/file", "r+b", buffering=0))
    client.force_login(alice)
    answer = client.post(page, {"file": SimpleUploadedFile("x", PDF)})
    assertContains(answer, "The file could not be kept: No such file or directory.", status_code=400)


def test_a_name_with_an_ending_of_any_length_is_taken(client: Client, case: Case, alice: User, page: str) -> None:
    client.force_login(alice)
    file = BytesIO(PDF)
    file.name = "x." + "a" * 300
    assertRedirects(client.post(page, {"file": file}), page)
    assert (case.attachments.get().size, build_path(case.attachments.get().public_id).read_bytes()) == (len(PDF), PDF)


def test_while_a_file_is_taken_no_copy_of_it_has_a_name(
    client: Client, case: Case, alice: User, page: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = (Path(settings.STATE_DIR), Path(tempfile.gettempdir()))
    begin, names = attachments.store_file, list[set[Path]]()

    def store(*args: Any) -> StoredFile:
        names.append({path for folder in folders for path in folder.glob("*")})
        return begin(*args)

    monkeypatch.setattr(attachments, "store_file", store)
    before = {path for folder in folders for path in folder.glob("*")}
    client.force_login(alice)
    assertRedirects(client.post(page, {"file": SimpleUploadedFile("x", PDF)}), page)
    (meanwhile,) = names
    assert [path for path in meanwhile - before if "upload" in path.name] == []
    assert case.attachments.get().size == len(PDF)


def test_a_file_that_was_left_when_it_was_removed_goes_when_that_is_done_again(alice: User, letter: Attachment) -> None:
    attachments.remove_file(attachment=letter, reason="a secret", by=alice)
    build_path(letter.public_id).write_bytes(PDF)
    attachments.remove_file(attachment=letter, reason="a secret", by=alice)
    assert not build_path(letter.public_id).exists()


def test_files_that_no_case_has_are_deleted_an_hour_later(letter: Attachment) -> None:
    orphan = build_path("nobodys")
    orphan.write_bytes(b"x")
    written = orphan.stat().st_mtime
    assert remove_orphans(written + 3_000) == 0
    assert remove_orphans(written + 4_000) >= 1
    assert not orphan.exists()
    assert build_path(letter.public_id).exists()
