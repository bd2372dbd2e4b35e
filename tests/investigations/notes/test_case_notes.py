"""A case's notes."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.models import Case, Note
from investigations.notes import services as notes
from tests.support.factories.cases import close_case
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/notes/"


def test_a_member_writes_one_and_everybody_of_the_case_reads_it(
    client: Client, bob: User, rae: User, page: str
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(page, {"text": "Ask <deploy> who\nholds the key"}), page)
    client.force_login(rae)
    response = client.get(page)
    assertContains(response, "Ask &lt;deploy&gt; who<br>\nholds the key")
    assertContains(response, "Bob")
    assertNotContains(response, "Write the note")


def test_it_is_on_record_without_its_text(client: Client, case: Case, bob: User, page: str, trail: Trail) -> None:
    client.force_login(bob)
    client.post(page, {"text": "a private thought"})
    (recorded,) = audit_log(trail, "case.note.write")
    assert (recorded["user"]["id"], recorded["resource"]["id"]) == ("bob", case.public_id)
    assert "private thought" not in str(recorded)


def test_a_version_of_a_note_is_never_changed(case: Case, bob: User) -> None:
    note = notes.write_note(case=case, text="as it was", by=bob)
    note.text = "as I wish it had been"
    with pytest.raises(TypeError, match="written once"):
        note.save()
    with pytest.raises(TypeError, match="kept for ever"):
        note.delete()


def test_an_empty_note_is_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assertContains(client.post(page, {"text": "  "}), "This field is required.", status_code=400)


def test_a_closed_case_takes_none_and_keeps_what_was_typed(client: Client, case: Case, alice: User, page: str) -> None:
    close_case(case, alice)
    client.force_login(alice)
    response = client.post(page, {"text": "too late"})
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assert not Note.objects.exists()


def test_a_trail_that_is_down_changes_nothing(client: Client, alice: User, page: str, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(page, {"text": "lost"}), "Nothing was changed.", status_code=503)
    assert not Note.objects.exists()


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(page, {"text": "hello"}).status_code] == [404, 404]


def test_a_reader_who_writes_gets_403(client: Client, rae: User, page: str) -> None:
    client.force_login(rae)
    assert client.post(page, {"text": "hello"}).status_code == 403
    assert not Note.objects.exists()


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/cases/nosuchcase/notes/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(page, {"text": "hello"}))


def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.put(page).status_code == 405
