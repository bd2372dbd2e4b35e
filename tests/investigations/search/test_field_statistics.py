"""The statistics of a field over a search."""

from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import event, use, write
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail


def test_it_counts_the_values_of_what_the_search_finds(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use("t-1", user__id="ada"),
        use("t-1", user__id="ada"),
        use("t-1", user__id="bob"),
        use("t-2", user__id="mallory"),
    )
    client.force_login(alice)
    page = client.get("/search/field/", {"q": "token.id:t-1", "field": "user.id"})
    assertContains(page, "3 of 3 (100 %)")
    assertContains(page, "67 %")
    assertNotContains(page, "mallory")
    assertContains(page, 'href="/?q=token.id%3At-1&amp;f=user.id%3Aada"')
    assertContains(page, 'href="/?q=token.id%3At-1&amp;f=-user.id%3Aada"')
    (recorded,) = audit_log(trail, "search.run")
    assert recorded["labels"] == {"search": "q=token.id%3At-1", "field": "user.id"}


def test_htmx_gets_the_part_that_it_fills(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    part = client.get("/search/field/?field=user.id", headers={"HX-Request": "true", "HX-Target": "field-statistics"})
    assert "<html" not in text_of(part)
    assertContains(part, "No event that the search finds has this field.")


def test_what_cannot_be_counted_is_said(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get("/search/field/?field=message"), "values cannot be counted", status_code=400)
    assertContains(client.get("/search/field/?field=usr.id"), "did you mean user.id", status_code=400)
    assertContains(client.get("/search/field/?field=user.id&q=("), "ends where a word", status_code=400)


def test_what_is_hidden_is_not_counted(client: Client, charlie: User, trail: Trail) -> None:
    write(trail, event(event__dataset="console", user__id="alice"))
    client.force_login(charlie)
    assertNotContains(client.get("/search/field/?field=user.id"), "alice")


def test_a_trail_that_is_down_is_no_empty_answer(client: Client, alice: User, settings: Settings) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    assertContains(client.get("/search/field/?field=user.id"), "does not answer", status_code=503)


def test_anonymous_and_other_methods(client: Client, alice: User) -> None:
    assert at_sign_in(client.get("/search/field/?field=user.id"))
    client.force_login(alice)
    assert client.post("/search/field/").status_code == 405
