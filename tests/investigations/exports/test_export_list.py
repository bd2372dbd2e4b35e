"""The list of exports."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case
from tests.support.factories.cases import export, run
from tests.support.pages import at_sign_in


def test_it_shows_ones_own_and_those_of_ones_cases(client: Client, case: Case, alice: User, bob: User) -> None:
    of_the_case = export(alice, case=case)
    own, foreign = export(bob, run=run(bob)), export(alice, run=run(alice))
    client.force_login(bob)
    response = client.get("/exports/")
    assertContains(response, of_the_case.name, count=1)
    assertContains(response, own.name, count=1)
    assertNotContains(response, foreign.name)


def test_a_stranger_does_not_see_them(client: Client, case: Case, alice: User, charlie: User) -> None:
    export(alice, case=case)
    client.force_login(charlie)
    assertContains(client.get("/exports/"), "No export yet")


def test_who_was_let_out_of_a_case_no_longer_sees_theirs(client: Client, case: Case, alice: User, bob: User) -> None:
    made = export(bob, case=case)
    cases.remove_member(case=case, user=bob, by=alice)
    client.force_login(bob)
    assertNotContains(client.get("/exports/"), made.name)


def test_a_viewer_has_none(client: Client, rae: User) -> None:
    client.force_login(rae)
    assert client.get("/exports/").status_code == 403


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/exports/"), "/exports/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/exports/").status_code == 405
