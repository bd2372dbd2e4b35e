"""The list of runs."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case
from tests.support.factories.cases import run
from tests.support.pages import at_sign_in
from trail.connection import Trail


def test_it_shows_ones_own_and_those_of_ones_cases(
    client: Client, case: Case, alice: User, bob: User, trail: Trail
) -> None:
    run(bob, title="bob's own")
    run(bob, title="in the case", case=case)
    run(alice, title="alice's own")
    client.force_login(bob)
    response = client.get("/runs/")
    assertContains(response, "bob&#x27;s own", count=1)
    assertContains(response, "in the case", count=1)
    assertNotContains(response, "alice&#x27;s own")


def test_a_stranger_does_not_see_them(client: Client, case: Case, alice: User, charlie: User) -> None:
    run(alice, title="secret", case=case)
    client.force_login(charlie)
    assertContains(client.get("/runs/"), "No run yet")


def test_who_was_let_out_of_a_case_no_longer_sees_their_runs_in_it(
    client: Client, case: Case, alice: User, bob: User
) -> None:
    run(bob, title="in the case", case=case)
    cases.remove_member(case=case, user=bob, by=alice)
    client.force_login(bob)
    assertNotContains(client.get("/runs/"), "in the case")


def test_a_viewer_has_none(client: Client, rae: User) -> None:
    client.force_login(rae)
    assert client.get("/runs/").status_code == 403


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/runs/"), "/runs/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/runs/").status_code == 405
