"""The library."""

from django.core.management import call_command
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.library.starter_queries import STARTERS
from investigations.models import SavedQuery
from tests.support.factories.cases import saved_query
from tests.support.pages import at_sign_in


def test_it_shows_each_query_under_its_heading(client: Client, rae: User) -> None:
    saved_query("by-user", "user.id:$user", {"name": "user", "label": "User", "kind": "user"}, group="People")
    saved_query("failures", "event.outcome:failure", group="Tokens")
    client.force_login(rae)
    response = client.get("/queries/")
    for text in (
        "<h2>People</h2>",
        "user.id:$user",
        'href="/queries/by-user/"',
        "<h2>Tokens</h2>",
        "event.outcome:failure",
    ):
        assertContains(response, text)


def test_retired_ones_are_not_offered(client: Client, alice: User) -> None:
    query = saved_query("old", "user.id:x")
    SavedQuery.objects.filter(pk=query.pk).update(retired=True)
    client.force_login(alice)
    assertContains(client.get("/queries/"), "The library is empty")


def test_a_case_goes_along(client: Client, alice: User) -> None:
    saved_query("failures", "event.outcome:failure")
    client.force_login(alice)
    assertContains(client.get("/queries/", {"case": "abc"}), 'href="/queries/failures/?case=abc"')


def test_only_admins_are_offered_to_add_one(client: Client, alice: User, ada: User) -> None:
    client.force_login(alice)
    assertNotContains(client.get("/queries/"), "Add a saved query")
    client.force_login(ada)
    assertContains(client.get("/queries/"), "Add a saved query")


def test_it_begins_with_the_starters_and_twice_is_once(client: Client, alice: User) -> None:
    call_command("starter_library", verbosity=0)
    call_command("starter_library", verbosity=0)
    client.force_login(alice)
    response = client.get("/queries/")
    for starter in STARTERS:
        assertContains(response, f'href="/queries/{starter.slug}/"', count=1)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/queries/"), "/queries/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/queries/").status_code == 405
