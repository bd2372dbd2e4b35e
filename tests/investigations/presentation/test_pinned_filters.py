"""Filters that stay from search to search: pinned, changed, taken off, and never added to what an address says itself."""

from urllib.parse import quote, unquote

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.cases import saved_query
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, events_on, link
from trail.connection import Trail

CHIP, PINNED = "user.id:ann", "^user.id:ann"
USUAL = "f=-event.dataset:console"


def pin(client: Client, old: str, new: str, **search: str) -> str:
    """Where one leads."""
    return unquote(client.post(f"/search/pins/?old={quote(old)}&new={quote(new)}", search)["Location"])


@pytest.fixture
def pinned(client: Client, alice: User, trail: Trail) -> Client:
    write(trail, use("t", id="hers", user__id="ann"), use("t", id="his", user__id="bob"))
    client.force_login(alice)
    assert pin(client, CHIP, PINNED, q="token.id:t", f=CHIP) == f"/?q=token.id:t&f={PINNED}"
    return client


def test_what_is_pinned_is_there_when_a_search_is_begun(pinned: Client) -> None:
    assert unquote(pinned.get("/")["Location"]) == f"/?f={PINNED}&{USUAL}"
    assert unquote(pinned.get("/?case=abc")["Location"]) == f"/?f={PINNED}&{USUAL}&case=abc"
    response = pinned.get("/", follow=True)
    assert events_on(response) == ["hers"]
    assertContains(response, '<span class="chip__mark">pinned</span>')


def test_from_an_identifier_and_from_the_library_too(pinned: Client) -> None:
    saved_query("of-a-token", "token.id:$t", {"name": "t", "label": "T", "kind": "token"})
    alone = link(pinned.get("/search/value/?field=token.id&value=t"), "Search for it alone") or ""
    assert unquote(pinned.get(alone)["Location"]).endswith(f"&f={PINNED}&{USUAL}")
    assert f"f={PINNED}" in unquote(pinned.get("/queries/of-a-token/?run=1&p.t=t")["Location"])


def test_an_address_says_what_it_asks_and_the_page_what_is_pinned_beside(pinned: Client) -> None:
    response = pinned.get("/", {"q": "token.id:t"})
    assert set(events_on(response)) == {"hers", "his"}
    assertContains(response, "pinned, not in this search")


def test_somebody_elses_pin_pins_nothing_here(pinned: Client, bob: User) -> None:
    pinned.force_login(bob)
    response = pinned.get("/", {"f": PINNED})
    assert events_on(response) == ["hers"]
    assertNotContains(response, '<span class="chip__mark">pinned</span>')
    assert pinned.get("/").status_code == 200


def test_a_pinned_filter_is_changed_everywhere_and_ends_when_it_is_unpinned_or_removed(pinned: Client) -> None:
    assert pin(pinned, PINNED, "^-user.id:ann", f=PINNED) == "/?f=^-user.id:ann"
    assert events_on(pinned.get("/", follow=True)) == ["his"]
    pinned.post(
        "/search/filter/",
        {
            "f": "^-user.id:ann",
            "edit": "^-user.id:ann",
            "field": "user.id",
            "how": "is",
            "values": "bob",
            "pinned": "on",
        },
    )
    assert unquote(pinned.get("/")["Location"]) == f"/?f=^user.id:bob&{USUAL}"
    assert pin(pinned, "^user.id:bob", "user.id:bob", f="^user.id:bob") == "/?f=user.id:bob"
    assert pinned.get("/").status_code == 200
    pin(pinned, CHIP, PINNED)
    assert pin(pinned, PINNED, "", f=PINNED) == "/?"
    assert pinned.get("/").status_code == 200


def test_a_search_that_speaks_of_the_same_filter_keeps_its_own_word(pinned: Client) -> None:
    assert unquote(pinned.get("/search/begin/?f=-user.id:ann")["Location"]) == f"/?f=-user.id:ann&{USUAL}"


def test_more_than_an_address_holds_is_refused_with_the_reason(pinned: Client) -> None:
    for number in range(12):
        pin(pinned, "", f"^user.id:u{number}", q="token.id:t")
    response = pinned.post("/search/pins/?old=&new=^user.id:more", {"q": "token.id:t"}, follow=True)
    assertContains(response, "So much cannot be pinned")
    part = pinned.post("/search/pins/?old=&new=^user.id:more", headers={"HX-Request": "true"})
    assertContains(part, "So much cannot be pinned", status_code=409)
    assert part["HX-Retarget"] == "#alerts"


def test_what_cannot_be_understood_comes_back_as_it_was(pinned: Client) -> None:
    assert pin(pinned, "nothing:x", "^nothing:x", q="a", **{"from": "yesterday"}) == "/?q=a&from=yesterday"
    assert unquote(pinned.get("/search/begin/?from=yesterday")["Location"]) == "/?from=yesterday"


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.post("/search/pins/"), "/search/pins/")
    assert at_sign_in(client.get("/search/begin/"), "/search/begin/")


def test_only_changes_are_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/search/pins/").status_code == 405
    assert client.post("/search/begin/").status_code == 405


def test_a_search_that_is_begun_leaves_the_consoles_own_events_out_until_its_chip_is_removed(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", id="platforms"), use("t", id="own", event__dataset="console", user__id="alice"))
    client.force_login(alice)
    begun = client.get("/")
    assert events_on(begun) == ["platforms"]
    assertContains(begun, "without the console’s own events")
    assertContains(begun, 'href="?console=shown"')
    assert set(events_on(client.get("/?console=shown"))) >= {"platforms", "own"}
    assertContains(client.get("/?console=shown"), '<input type="hidden" name="console" value="shown">')


def test_a_search_that_speaks_of_where_its_events_are_from_keeps_its_own_word(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", id="own", event__dataset="console", user__id="alice"))
    client.force_login(alice)
    for address in ("/search/begin/?q=event.dataset:console", "/search/begin/?f=event.dataset:console"):
        assert "-event.dataset" not in client.get(address)["Location"]
    assert "f=-event.dataset:console" in unquote(client.get("/search/begin/?q=token.id:t")["Location"])
    # An address says what it asks for: nothing is taken from one that was passed on.
    assert events_on(client.get("/?q=token.id:t")) == ["own"]
