"""Containing, closing and reopening a case."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.cases import services as cases
from investigations.models import Case
from investigations.notes import services as notes
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

CONTAIN, REOPEN = {"status": "contained"}, {"status": "open"}
CLOSE = {"disposition": "true_positive", "reason": "The token is revoked"}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/status/"


@pytest.fixture
def closing(case: Case) -> str:
    return f"/cases/{case.public_id}/close/"


def test_who_leads_it_contains_closes_and_reopens_it_on_record(
    client: Client, case: Case, alice: User, page: str, closing: str, trail: Trail
) -> None:
    client.force_login(alice)
    for address, words, status in (
        (page, CONTAIN, "contained"),
        (page, CONTAIN, "contained"),
        (closing, CLOSE, "closed"),
        (closing, CLOSE, "closed"),
        (page, CONTAIN, "closed"),
        (page, REOPEN, "open"),
        (page, REOPEN, "open"),
    ):
        assertRedirects(client.post(address, words), f"/cases/{case.public_id}/")
        case.refresh_from_db()
        assert case.status == status
    recorded = audit_log(trail, "(case.contain OR case.close OR case.reopen)")
    assert [document["event"]["action"] for document in recorded] == ["case.contain", "case.close", "case.reopen"]
    assert recorded[1]["labels"] == {"disposition": "true_positive"}
    assert [one.action for one in case.activities.all()[:3]] == ["case.reopen", "case.close", "case.contain"]


def test_a_closed_case_says_what_it_was_and_why_it_is_closed(
    client: Client, case: Case, alice: User, page: str, closing: str
) -> None:
    client.force_login(alice)
    client.post(closing, CLOSE)
    shown = client.get(f"/cases/{case.public_id}/")
    assertContains(shown, "true positive")
    assertContains(shown, "The token is revoked")
    client.post(page, REOPEN)
    assertNotContains(client.get(f"/cases/{case.public_id}/"), "true positive")


@pytest.mark.parametrize("missing", ["disposition", "reason"])
def test_a_case_is_not_closed_without_saying_what_it_was_and_why(
    client: Client, case: Case, alice: User, closing: str, missing: str
) -> None:
    client.force_login(alice)
    response = client.post(closing, CLOSE | {missing: " "})
    assert response.status_code == 400
    assertContains(response, "The token is revoked" if missing == "disposition" else "True positive", status_code=400)
    with pytest.raises(Refused, match="Say "):
        cases.close(case=case, by=alice, **(CLOSE | {missing: " "}))
    assert Case.objects.get().is_open


def test_a_contained_case_is_worked_on(case: Case, alice: User, bob: User) -> None:
    cases.contain(case=case, by=alice)
    notes.write_note(case=case, text="Machines are still to be looked at", by=bob)
    assert case in Case.objects.writable_by(bob)


def test_a_lead_closes_any_case(client: Client, case: Case, lea: User, closing: str) -> None:
    client.force_login(lea)
    client.post(closing, CLOSE)
    assert not Case.objects.get().is_open


@pytest.mark.parametrize("person", ["bob", "rae"])
def test_members_and_readers_get_403(
    client: Client, case: Case, closing: str, person: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assertContains(client.post(closing, CLOSE), "Only who leads this case may do that.", status_code=403)
    assert Case.objects.get().is_open


def test_a_stranger_gets_404(client: Client, charlie: User, closing: str) -> None:
    client.force_login(charlie)
    assert client.post(closing, CLOSE).status_code == 404
    assert Case.objects.get().is_open


def test_a_trail_that_is_down_changes_nothing(client: Client, alice: User, closing: str, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(closing, CLOSE), "Nothing was changed.", status_code=503)
    assert Case.objects.get().is_open


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.post("/cases/nosuchcase/close/", CLOSE).status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, closing: str) -> None:
    assert at_sign_in(client.post(closing, CLOSE))
    assert Case.objects.get().is_open


def test_a_link_does_not_do_it(client: Client, alice: User, page: str, closing: str) -> None:
    client.force_login(alice)
    assert client.get(page, CONTAIN).status_code == 405
    assertContains(client.get(closing, CLOSE), "Close the case")
    assert Case.objects.get().status == "open"
