"""What is fetched when a menu of the search page is opened, and is a page by itself without a script."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.pages import at_sign_in, audit_log, link
from trail.connection import Trail

HTMX = {"HX-Request": "true"}
MENUS = ("column", "columns", "fields", "value")


def test_a_value_leads_to_its_page_its_questions_and_narrower_searches(
    client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    asked = {"q": "user.id:ann", "field": "token.id", "value": "t"}
    menu = client.get("/search/value/", asked, headers=HTMX)
    assert link(menu, "Open its page") == "/tokens/t/"
    assert link(menu, "Filter for it") == "/?q=user.id%3Aann&f=token.id%3At"
    assert link(menu, "Filter it out") == "/?q=user.id%3Aann&f=-token.id%3At"
    assertNotContains(menu, "<html")
    alone = client.get("/search/value/", asked)
    assertContains(alone, "<html")
    assert link(alone, "Back to the search") == "/?q=user.id%3Aann"


def test_a_value_of_a_field_without_a_page_narrows_the_search(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    menu = client.get("/search/value/", {"field": "event.outcome", "value": "failure"}, headers=HTMX)
    assert link(menu, "Filter for it") == "/?f=event.outcome%3Afailure"
    nothing = client.get("/search/value/", {"field": "no.field", "value": "<b>x</b>"}, headers=HTMX)
    assertNotContains(nothing, "<b>x")
    assert link(nothing, "Filter for it") is None


def test_the_columns_are_chosen_on_a_page_of_their_own_too(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    for headers in (HTMX, {}):
        page = client.get("/search/columns/", {"q": "token.id:t", "columns": "user.id"}, headers=headers)
        assertContains(page, '<input type="hidden" name="q" value="token.id:t">')
        assertContains(page, '<input type="checkbox" name="columns" value="user.id" checked>')
    assertContains(client.get("/search/fields/"), "token.fingerprint")


@pytest.mark.parametrize("menu", MENUS)
def test_who_is_not_signed_in_gets_none_and_none_is_on_record(
    client: Client, alice: User, trail: Trail, menu: str
) -> None:
    assert at_sign_in(client.get(f"/search/{menu}/"), f"/search/{menu}/")
    client.force_login(alice)
    client.get(f"/search/{menu}/?column=token.id")
    assert client.post(f"/search/{menu}/").status_code == 405
    assert audit_log(trail, "page.view") == []
