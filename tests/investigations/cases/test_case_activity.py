"""What happened to a case."""

import re

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from accounts.models import User
from investigations.models import Case
from investigations.notes import services as notes
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/activity/"


def test_every_line_of_it_is_an_event_of_the_trail(
    client: Client, case: Case, alice: User, rae: User, page: str, trail: Trail
) -> None:
    pin(trail, case, alice, use("t"))
    notes.write_note(case=case, text="hm", by=alice)
    client.force_login(rae)
    response = client.get(page)
    for text in ("opened the case", "added bob (member)", "pinned E1", "wrote a note"):
        assertContains(response, text)
    events = re.findall(r'href="/events/([^"/]+)/"', text_of(response))
    assert events == [document["event"]["id"] for document in reversed(audit_log(trail, "(case.* AND NOT case.*read)"))]


def test_it_is_never_changed(case: Case) -> None:
    line = case.activities.first()
    line.summary = "nothing happened"
    with pytest.raises(TypeError, match="written once"):
        line.save()
    with pytest.raises(TypeError, match="kept for ever"):
        line.delete()


def test_it_keeps_names_when_people_are_renamed(client: Client, case: Case, alice: User, page: str) -> None:
    alice.name = "Somebody Else"
    alice.save()
    client.force_login(alice)
    assertContains(client.get(page), "<td>Alice</td>")


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert client.get(page).status_code == 404


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/cases/nosuchcase/activity/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)


def test_only_reading_is_allowed(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.post(page).status_code == 405
