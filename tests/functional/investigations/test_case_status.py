"""Closing and reopening a case."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.models import Case
from tests.functional.reading import at_sign_in, journal
from trail.connection import Trail

CLOSE, REOPEN = {"status": "closed"}, {"status": "open"}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/status/"


def test_who_leads_it_closes_and_reopens_it_on_record(
    client: Client, case: Case, alice: User, page: str, trail: Trail
) -> None:
    client.force_login(alice)
    for words, open_ in ((CLOSE, False), (CLOSE, False), (REOPEN, True), (REOPEN, True)):
        assertRedirects(client.post(page, words), f"/cases/{case.public_id}/")
        case.refresh_from_db()
        assert case.is_open is open_
    assert [d["event"]["action"] for d in journal(trail, "case.*")][-2:] == ["case.close", "case.reopen"]
    assert [one.action for one in case.activities.all()[:2]] == ["case.reopen", "case.close"]


def test_a_lead_closes_any_case(client: Client, case: Case, lea: User, page: str) -> None:
    client.force_login(lea)
    client.post(page, CLOSE)
    assert not Case.objects.get().is_open


@pytest.mark.parametrize("person", ["bob", "rae"])
def test_members_and_readers_get_403(
    client: Client, case: Case, page: str, person: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assertContains(client.post(page, CLOSE), "Only who leads this case may do that.", status_code=403)
    assert Case.objects.get().is_open


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert client.post(page, CLOSE).status_code == 404
    assert Case.objects.get().is_open


def test_a_trail_that_is_down_changes_nothing(client: Client, alice: User, page: str, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(page, CLOSE), "Nothing was changed.", status_code=503)
    assert Case.objects.get().is_open


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.post("/cases/nosuchcase/status/", CLOSE).status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.post(page, CLOSE))
    assert Case.objects.get().is_open


def test_a_link_does_not_do_it(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.get(page, CLOSE).status_code == 405
