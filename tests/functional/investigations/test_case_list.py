"""The list of cases."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from investigations.services import cases
from tests.factories.cases import open_case
from tests.functional.reading import at_sign_in
from trail.connection import Trail


def test_it_shows_the_persons_cases_with_their_people(client: Client, case: Case, bob: User) -> None:
    client.force_login(bob)
    response = client.get("/cases/")
    assertContains(response, f'href="/cases/{case.public_id}/"')
    assertContains(response, "Alice, Bob, Rae")


def test_open_and_closed_ones_stand_apart(client: Client, case: Case, alice: User) -> None:
    closed = open_case(alice, title="An old matter")
    cases.close(case=closed, by=alice)
    client.force_login(alice)
    assertNotContains(client.get("/cases/"), closed.title)
    assertContains(client.get("/cases/", {"status": "closed"}), closed.title)
    assertNotContains(client.get("/cases/", {"status": "closed"}), case.title)
    for title in (case.title, closed.title):
        assertContains(client.get("/cases/", {"status": "all"}), title, count=1)


def test_a_stranger_does_not_see_it(client: Client, case: Case, charlie: User, ada: User) -> None:
    for stranger in (charlie, ada):
        client.force_login(stranger)
        assertContains(client.get("/cases/"), "No case here")


def test_a_lead_sees_every_case_once(client: Client, case: Case, lea: User) -> None:
    client.force_login(lea)
    assertContains(client.get("/cases/"), case.title, count=1)


def test_a_reader_is_not_offered_to_open_one(client: Client, case: Case, rae: User) -> None:
    client.force_login(rae)
    response = client.get("/cases/")
    assertContains(response, case.title)
    assertNotContains(response, "/cases/new/")


def test_who_was_let_out_no_longer_sees_it(client: Client, case: Case, alice: User, bob: User, trail: Trail) -> None:
    cases.remove_member(case=case, user=bob, by=alice)
    client.force_login(bob)
    assertNotContains(client.get("/cases/"), case.title)


def test_it_is_there_when_the_trail_is_down(client: Client, case: Case, alice: User, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.get("/cases/"), case.title)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/cases/"), "/cases/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/cases/").status_code == 405
