"""The lifeline of a search: what it finds is drawn in lanes and counted exactly, and its times are those of the search."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import event, issue, use, write
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.search.bodies.lifeline import LISTED

ADDRESS = "/search/lifeline/"


def _write_uses(trail: Trail) -> None:
    write(
        trail,
        use("t1", at="2026-10-01T08:00:00Z", source__ip="192.0.2.1"),
        use("t1", at="2026-10-02T08:00:00Z", source__ip="192.0.2.1"),
        use("t2", at="2026-10-03T08:00:00Z", source__ip="192.0.2.2"),
        use("t2", at="2026-10-04T08:00:00Z", source__ip="192.0.2.2", event__outcome="failure"),
    )


def test_it_draws_what_the_search_finds_with_the_same_figures_below(client: Client, alice: User, trail: Trail) -> None:
    _write_uses(trail)
    client.force_login(alice)
    page = client.get(ADDRESS, {"q": "token.id:t2"})
    assertContains(page, "2 events")
    assertContains(page, "1 denied")
    assertContains(page, "Whole trail")
    assertContains(page, '<figure class="ll"', 1)
    assertContains(page, "192.0.2.2")
    assertNotContains(page, "192.0.2.1")
    assertContains(page, 'href="/?q=token.id%3At2"')
    (recorded,) = audit_log(trail, "search.run")
    assert recorded["labels"] == {"search": "q=token.id%3At2", "lanes": "addresses"}


def test_its_lanes_are_chosen_and_its_time_is_that_of_the_search(client: Client, alice: User, trail: Trail) -> None:
    _write_uses(trail)
    client.force_login(alice)
    words = {"q": "token.id:*", "f": ["source.ip:192.0.2.1", "-user.id:nobody"], "to": "2026-10-02T00:00:00Z"}
    page = client.get(ADDRESS, words | {"lanes": "tokens"})
    assertContains(page, "<b>1 event</b>")
    for word in (
        "q=token.id",
        "f=source.ip%3A192.0.2.1",
        "f=-user.id%3Anobody",
        "to=2026-10-02T00%3A00%3A00Z",
        "lanes=users",
    ):
        assertContains(page, word)
    assertContains(page, '<input type="hidden" name="f" value="-user.id:nobody">')


def test_more_that_was_issued_than_can_be_listed_is_said_and_not_drawn_in_part(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, *(issue(f"t{number}", "ada") for number in range(LISTED + 1)))
    client.force_login(alice)
    page = client.get(ADDRESS, {"q": "user.id:ada"})
    assertContains(page, f"restored: {LISTED + 1} events, too many to be drawn.")
    assertNotContains(page, "issue, attenuate, revoke")
    few = client.get(ADDRESS, {"q": "token.id:t1"})
    assertContains(few, "issue, attenuate, revoke")
    assertNotContains(few, "too many to be drawn")


def test_nothing_found_is_said_and_can_be_pinned(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    page = client.get(ADDRESS, {"q": "token.id:never"})
    assertContains(page, "Nothing was found.")
    assertNotContains(page, "<figure")
    assertContains(page, "Pin that nothing was found")


def test_a_query_that_is_not_understood_is_explained(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get(ADDRESS, {"q": "("}), "ends where a word", status_code=400)
    assertContains(client.get(ADDRESS, {"from": "soon"}), "is not a time", status_code=400)


def test_what_is_hidden_is_not_drawn(client: Client, charlie: User, trail: Trail) -> None:
    write(trail, event(event__dataset="console", user__id="alice", source__ip="192.0.2.9"))
    client.force_login(charlie)
    assertNotContains(client.get(ADDRESS), "192.0.2.9")
