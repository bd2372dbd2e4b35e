"""The facets beside a search: the common ones with the page, the others where somebody opens them."""

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import event, use, write
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail
from trail.schema import COMMON_FACETS, FACETS

PART = {"HX-Request": "true", "HX-Target": "further-facets"}


@pytest.fixture
def kinds(trail: Trail) -> None:
    write(
        trail,
        *(use("t-1", token__kind="session") for _ in range(3)),
        use("t-1", token__kind="access_key"),
        use("t-2", token__kind="elsewhere"),
    )


@pytest.mark.usefixtures("kinds")
def test_a_page_asks_for_the_common_facets_and_offers_the_others(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/", {"q": "token.id:t-1"})
    assertContains(page, "All values of event.outcome")
    assertNotContains(page, "All values of token.kind")
    assertContains(page, f"{len(FACETS) - len(COMMON_FACETS)} more fields")


def test_they_stand_in_the_order_in_which_a_search_is_narrowed_by_them(
    client: Client, alice: User, trail: Trail
) -> None:
    denied = {"event__outcome": "failure", "event__reason": "revoked"}
    write(trail, use("t-1", source__ip="192.0.2.1", service__name="api", user__name="Ann", **denied))
    client.force_login(alice)
    page = client.get("/", {"f": "token.id:t-1"})
    assert [facet.name for facet in page.context["facets"]] == list(COMMON_FACETS)


@pytest.mark.usefixtures("kinds")
def test_a_facet_that_the_search_is_narrowed_by_stands_beside_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/", {"f": "token.kind:session"})
    assertContains(page, "All values of token.kind")
    assertContains(page, f"{len(FACETS) - len(COMMON_FACETS) - 1} more fields")
    assertNotContains(client.get("/search/facets/", {"f": "token.kind:session"}, headers=PART), "of token.kind")


@pytest.mark.usefixtures("kinds")
def test_the_others_are_counted_over_what_the_search_finds(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    part = client.get("/search/facets/", {"q": "token.id:t-1"}, headers=PART)
    assert "<html" not in text_of(part)
    assertContains(part, "<bdi>session</bdi> <b>3</b>")
    assertContains(part, 'href="/?q=token.id%3At-1&amp;f=token.kind%3Asession"')
    assertContains(part, 'width="75%"')
    assertNotContains(part, "elsewhere")
    assertNotContains(part, "All values of event.outcome")
    (recorded,) = audit_log(trail, "search.run")
    assert recorded["labels"]["search"] == "q=token.id%3At-1"


@pytest.mark.usefixtures("kinds")
def test_without_script_they_are_a_page_whose_values_narrow_the_search(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/search/facets/", {"q": "token.id:t-1"})
    assertContains(page, 'href="/?q=token.id%3At-1"')  # back
    assertContains(page, '<form id="narrow-form" action="/"')
    assertContains(page, '<input type="hidden" name="q" value="token.id:t-1">')


def test_what_is_hidden_is_not_counted(client: Client, charlie: User, trail: Trail) -> None:
    write(trail, event(event__dataset="console", token__kind="hidden-kind"))
    client.force_login(charlie)
    assertNotContains(client.get("/search/facets/"), "hidden-kind")


@pytest.mark.usefixtures("trail")
def test_a_search_that_is_not_understood_is_said(client: Client, alice: User) -> None:
    client.force_login(alice)
    assertContains(client.get("/search/facets/?q=("), "ends where a word", status_code=400)


def test_a_trail_that_is_down_is_no_empty_answer(client: Client, alice: User, settings: Settings) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    page = client.get("/search/facets/")
    assertContains(page, "does not answer", status_code=503)
    assertNotContains(page, "No event that the search finds", status_code=503)


def test_anonymous_and_other_methods(client: Client, alice: User) -> None:
    assert at_sign_in(client.get("/search/facets/"))
    client.force_login(alice)
    assert client.post("/search/facets/").status_code == 405
