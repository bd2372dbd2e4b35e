"""Changing a case's title, severity and description."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.models import Case
from investigations.services import cases
from tests.functional.reading import at_sign_in, journal
from trail.connection import Trail

WORDS = {"title": "A better title", "severity": "critical", "description": ""}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/change/"


def test_a_member_changes_it_and_that_is_on_record(
    client: Client, case: Case, bob: User, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    assertContains(client.get(page), case.title)
    assertRedirects(client.post(page, WORDS), f"/cases/{case.public_id}/")
    case.refresh_from_db()
    assert (case.title, case.severity) == ("A better title", "critical")
    (recorded,) = journal(trail, "case.change")
    assert recorded["labels"] == {"changed": "title,severity", "severity": "critical"}
    assert case.activities.first().summary == "changed the title and the severity"


def test_saving_without_a_change_records_none(client: Client, case: Case, alice: User, page: str, trail: Trail) -> None:
    client.force_login(alice)
    client.post(page, {"title": case.title, "severity": case.severity, "description": case.description})
    assert journal(trail, "case.change") == []


def test_a_closed_case_keeps_its_words_and_what_was_typed(client: Client, case: Case, alice: User, page: str) -> None:
    cases.close(case=case, by=alice)
    client.force_login(alice)
    response = client.post(page, WORDS)
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assertContains(response, "A better title", status_code=400)
    assert Case.objects.get().title == case.title


def test_what_is_wrong_is_said(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS | {"title": ""}), "This field is required.", status_code=400)


def test_a_trail_that_is_down_changes_nothing(
    client: Client, case: Case, alice: User, page: str, no_trail: None
) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS), "Nothing was changed.", status_code=503)
    assert Case.objects.get().title == case.title


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(page, WORDS).status_code] == [404, 404]


def test_a_reader_gets_403(client: Client, case: Case, rae: User, page: str) -> None:
    client.force_login(rae)
    assert [client.get(page).status_code, client.post(page, WORDS).status_code] == [403, 403]
    assert Case.objects.get().title == case.title


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/cases/nosuchcase/change/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(page, WORDS))


def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.delete(page).status_code == 405
