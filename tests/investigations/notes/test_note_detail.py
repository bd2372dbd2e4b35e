"""A note with its versions."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.models import Case, Note
from investigations.notes import services as notes
from tests.support.factories.cases import close_case
from tests.support.pages import at_sign_in, audit_log, hidden_fields
from trail.connection import Trail


@pytest.fixture
def note(case: Case, bob: User) -> Note:
    return notes.write_note(case=case, text="It was the runner", by=bob)


@pytest.fixture
def page(case: Case, note: Note) -> str:
    return f"/cases/{case.public_id}/notes/{note.pk}/"


def test_its_author_edits_it_and_every_version_stays(
    client: Client, case: Case, bob: User, rae: User, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    for text in ("It was *not* the runner", "It was somebody else"):
        assertRedirects(
            client.post(page, hidden_fields(client.get(page)) | {"text": text}), f"/cases/{case.public_id}/notes/"
        )
    client.force_login(rae)
    shown = client.get(f"/cases/{case.public_id}/notes/")
    assertContains(shown, "It was somebody else")
    assertContains(shown, "edited, 3 versions")
    assertNotContains(shown, "the runner")
    history = client.get(page)
    for text in ("It was the runner", "It was <em>not</em> the runner", "It was somebody else", "Version 3"):
        assertContains(history, text)
    assertNotContains(history, 'name="text"')
    edits = audit_log(trail, "case.note.edit")
    assert [document["labels"]["version"] for document in edits] == ["2", "3"]
    assert "somebody" not in str(edits)


def test_of_two_edits_of_one_version_the_second_sees_both_texts_and_neither_is_lost(
    bob: User, page: str, note: Note
) -> None:
    first, second = Client(), Client()
    first.force_login(bob)
    second.force_login(bob)
    shown = hidden_fields(second.get(page))
    first.post(page, hidden_fields(first.get(page)) | {"text": "From the one window"})
    response = second.post(page, shown | {"text": "From the other window"})
    assertContains(response, "From the one window", status_code=409)
    assertContains(response, "From the other window", status_code=409)
    assert notes.get_latest_version(note).text == "From the one window"
    second.post(page, hidden_fields(response) | {"text": "Both"})
    assert [version.text for version in notes.list_versions(note)] == [
        "Both",
        "From the one window",
        "It was the runner",
    ]
    with pytest.raises(Conflict):
        notes.edit_note(note=note, text="Late", version=1, by=bob)


def test_nobody_edits_the_note_of_another(client: Client, alice: User, rae: User, page: str, note: Note) -> None:
    client.force_login(alice)
    assertNotContains(client.get(page), 'name="text"')
    assertContains(client.post(page, {"text": "Not so", "revision": "1"}), "Only who wrote a note", status_code=400)
    client.force_login(rae)
    assert client.post(page, {"text": "Not so", "revision": "1"}).status_code == 403
    with pytest.raises(Refused):
        notes.edit_note(note=note, text="Not so", version=1, by=alice)
    assert notes.get_latest_version(note).text == "It was the runner"


def test_a_text_that_is_the_same_is_no_new_version(bob: User, note: Note, trail: Trail) -> None:
    assert notes.edit_note(note=note, text=note.text, version=1, by=bob) == note
    assert audit_log(trail, "case.note.edit") == []


def test_a_closed_case_keeps_its_notes_and_what_was_typed(
    client: Client, case: Case, alice: User, bob: User, page: str
) -> None:
    close_case(case, alice)
    client.force_login(bob)
    response = client.post(page, {"text": "Too late", "revision": "1"})
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assertContains(response, "Too late", status_code=400)


def test_strangers_and_notes_of_other_cases_get_404(
    client: Client, case: Case, charlie: User, alice: User, page: str, note: Note
) -> None:
    client.force_login(charlie)
    assert client.get(page).status_code == 404
    client.force_login(alice)
    assert client.get(f"/cases/{case.public_id}/notes/{note.pk + 1}/").status_code == 404
    client.logout()
    assert at_sign_in(client.get(page), page)


def test_a_trail_that_is_down_changes_nothing(client: Client, bob: User, page: str, no_trail: None) -> None:
    client.force_login(bob)
    assertContains(client.post(page, {"text": "lost", "revision": "1"}), "Nothing was changed.", status_code=503)
    assert Note.objects.count() == 1
