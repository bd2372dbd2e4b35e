"""The page of a case's report: how it is put together, the preview, and the file that is taken."""

import hashlib

import pytest
from django.test import Client
from django.utils.http import content_disposition_header
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict
from investigations import admission
from investigations.evidence.custody import Action
from investigations.models import Activity, Case, CaseReport
from investigations.reports import pdf
from investigations.reports import services as reports
from investigations.reports.content import SECTIONS
from tests.support.factories.cases import close_case
from tests.support.pages import at_sign_in, audit_log, bytes_of, hidden_fields, text_of
from trail.connection import Trail

# Everything as it usually is.
USUAL = {f"place_{key}": str(place) for place, key in enumerate(SECTIONS, 1)} | {
    f"show_{key}": "on" for key in SECTIONS if key != "notes"
}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/report/"


def _take(client: Client, page: str, format: str) -> bytes:
    return bytes_of(client.post(f"{page}file/", {"format": format}))


def test_everybody_of_the_case_reads_it_and_who_writes_puts_it_together(
    client: Client, told: Case, bob: User, rae: User, page: str, trail: Trail
) -> None:
    client.force_login(rae)
    shown = client.get(page)
    assertContains(shown, "Who and what</h2>")
    assertContains(shown, "report__draft")
    assertNotContains(shown, "How it is put together</h2>")
    assert client.post(page, USUAL).status_code == 403
    assertNotContains(shown, f"{page}file/")
    assert client.post(f"{page}file/", {"format": "markdown"}).status_code == 403
    client.force_login(bob)
    assertContains(client.get(page), "How it is put together</h2>")
    assertContains(client.get(f"/cases/{told.public_id}/"), f'href="{page}"')
    assert [record["user"]["id"] for record in audit_log(trail, "case.report.read")] == ["rae", "bob"]


def test_a_stranger_is_told_nothing(client: Client, charlie: User, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    client.force_login(charlie)
    for answer in (client.get(page), client.post(page, USUAL), client.post(f"{page}file/", {"format": "pdf"})):
        assert answer.status_code == 404


def test_what_is_chosen_is_remembered_for_the_case(
    client: Client, told: Case, bob: User, rae: User, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    words = USUAL | {"title": "For <northwind>", "place_evidence": "1", "place_summary": "2", "place_timeline": "99"}
    del words["show_custody"]
    assertRedirects(client.post(page, hidden_fields(client.get(page)) | words), page)
    client.force_login(rae)
    shown = text_of(client.get(page))
    assert "For &lt;northwind&gt;" in shown
    assert shown.index(">Evidence</h2>") < shown.index(">Summary</h2>") < shown.index("on one line of time</h2>")
    assert ">Custody</h2>" not in shown
    assert "report__draft" not in shown
    (recorded,) = audit_log(trail, "case.report.change")
    assert recorded["labels"]["state"] == "final"
    assert recorded["labels"]["sections"].startswith("evidence,summary,entities")
    assert "northwind" not in str(recorded)
    assert Activity.objects.get(action="case.report.change").summary == "put the report together (final)"


def test_of_two_who_change_it_at_once_the_second_sees_both(case: Case, alice: User, bob: User, page: str) -> None:
    first, second = Client(), Client()
    first.force_login(alice)
    second.force_login(bob)
    shown = hidden_fields(second.get(page))
    first.post(page, hidden_fields(first.get(page)) | USUAL | {"title": "Hers"})
    response = second.post(page, shown | USUAL | {"title": "His"})
    for text in ("Hers", "His"):
        assertContains(response, text, status_code=409)
    assert CaseReport.objects.get().title == "Hers"
    with pytest.raises(Conflict):
        reports.change_report(case=case, by=bob, revision=1, title="Late", is_draft=True, sections=[], left_out=[])
    assertRedirects(second.post(page, hidden_fields(response) | USUAL | {"title": "His"}), page)
    assert CaseReport.objects.get().title == "His"


def test_what_is_so_already_is_no_change(client: Client, case: Case, bob: User, page: str) -> None:
    client.force_login(bob)
    for _ in range(2):
        client.post(page, hidden_fields(client.get(page)) | USUAL)
    assert CaseReport.objects.get().revision == 2
    assert Activity.objects.filter(action="case.report.change").count() == 1


def test_a_place_that_is_none_is_refused_beside_it(client: Client, case: Case, bob: User, page: str) -> None:
    client.force_login(bob)
    for wrong in ("0", "100", "first", ""):
        response = client.post(page, hidden_fields(client.get(page)) | USUAL | {"place_summary": wrong})
        assertContains(response, "field__error", status_code=400)
    assert not CaseReport.objects.exists()


@pytest.mark.parametrize(
    ("format", "begins", "kind"),
    [
        ("pdf", b"%PDF-1.7", "application/pdf"),
        ("html", b"<!doctype html>", "text/html; charset=utf-8"),
        ("markdown", b"# DRAFT: Leaked deploy token", "text/markdown; charset=utf-8"),
    ],
)
def test_a_file_is_taken_whole_and_that_is_on_record_with_its_digest(
    client: Client, told: Case, bob: User, page: str, trail: Trail, format: str, begins: bytes, kind: str
) -> None:
    client.force_login(bob)
    response = client.post(f"{page}file/", {"format": format})
    content = bytes_of(response)
    assert content.startswith(begins)
    assert response["Content-Type"] == kind
    name = f"{told.number}-report-draft.{ {'markdown': 'md'}.get(format, format) }"
    assert response["Content-Disposition"] == content_disposition_header(as_attachment=True, filename=name)
    (recorded,) = audit_log(trail, "case.report.download")
    labels = recorded["labels"]
    assert (labels["format"], labels["state"], labels["size"]) == (format, "draft", str(len(content)))
    assert labels["sha256"] == hashlib.sha256(content).hexdigest()
    assert recorded["resource"] == {"type": "case", "id": told.public_id}
    line = Activity.objects.get(action="case.report.download")
    assert line.actor_name == "Bob"
    assert line.summary.endswith("(draft)")


def test_a_report_that_was_taken_stands_in_the_custody_of_the_next(
    client: Client, told: Case, bob: User, page: str
) -> None:
    client.force_login(bob)
    assert b"took the report as Markdown" not in _take(client, page, "markdown")
    assert b"took the report as Markdown (draft)" in _take(client, page, "markdown")


def test_the_custody_of_what_it_shows_says_that_it_was_taken(client: Client, told: Case, bob: User, page: str) -> None:
    exported = told.custody.filter(action=Action.EXPORT).order_by("evidence__number")
    CaseReport.objects.create(case=told, sections=["evidence", "absences"], left_out=["timeline", "absences"])
    client.force_login(bob)
    client.get(page)
    assert not exported.exists()
    _take(client, page, "markdown")
    assert [entry.evidence.label for entry in exported] == ["E1", "E2", "E3", "E4", "E5"]
    assert {(entry.by_name, entry.detail) for entry in exported} == {("Bob", f"{told.number}-report-draft.md")}


def test_a_closed_case_has_a_report_that_can_be_made_final(client: Client, told: Case, alice: User, page: str) -> None:
    close_case(told, alice)
    client.force_login(alice)
    assertRedirects(client.post(page, hidden_fields(client.get(page)) | USUAL), page)
    assert _take(client, page, "markdown").startswith(b"# Leaked deploy token")


def test_a_format_that_is_none_is_the_pdf_and_opening_the_address_takes_nothing(
    client: Client, case: Case, alice: User, page: str
) -> None:
    client.force_login(alice)
    assert _take(client, page, "exe").startswith(b"%PDF")
    assert client.get(f"{page}file/").status_code == 405


def test_nothing_is_handed_out_where_that_cannot_be_put_on_record(
    client: Client, told: Case, alice: User, page: str, no_trail: None
) -> None:
    client.force_login(alice)
    assert client.post(f"{page}file/", {"format": "markdown"}).status_code == 503
    assert not Activity.objects.filter(action="case.report.download").exists()


def test_a_pdf_that_cannot_be_made_says_so_and_leaves_no_record(
    client: Client, told: Case, alice: User, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.01)
    client.force_login(alice)
    assertContains(client.post(f"{page}file/", {"format": "pdf"}, follow=True), "took longer than")
    assert not Activity.objects.filter(action="case.report.download").exists()


def test_a_second_report_of_one_person_at_once_waits_and_is_refused(
    client: Client, case: Case, alice: User, bob: User, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "LONG_WAIT", 0.0)
    client.force_login(alice)
    with admission.admit_report(alice):
        assert client.get(page).status_code == 429
        assert client.post(f"{page}file/", {"format": "markdown"}).status_code == 429
        client.force_login(bob)
        assert client.post(f"{page}file/", {"format": "markdown"}).status_code == 200


@pytest.mark.parametrize(
    ("key", "place", "order"),
    [
        ("evidence", 1, ["evidence", "summary", "timeline"]),
        ("summary", 3, ["timeline", "entities", "summary"]),
        ("entities", 2, ["summary", "entities", "timeline"]),
    ],
)
def test_a_section_that_is_moved_stands_where_it_was_moved_to(
    client: Client, case: Case, bob: User, page: str, key: str, place: int, order: list[str]
) -> None:
    client.force_login(bob)
    client.post(page, hidden_fields(client.get(page)) | USUAL | {f"place_{key}": str(place)})
    assert CaseReport.objects.get().sections[:3] == order
