"""An event opened in its row, and its standing there."""

from collections.abc import Callable

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail


def test_it_shows_every_field_with_what_can_be_done_in_this_search(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use(
            "t-1",
            id="e",
            at="2026-11-01T10:00:00.5Z",
            user__id="mallory",
            user__roles=["a", "b"],
            labels={"team": "x"},
            event__original='{"b": 1, "a": [1]}',
        ),
    )
    client.force_login(alice)
    response = client.get("/events/e/row/", {"q": "token.id:t-1", "columns": "user.id,token.id", "case": "c1"})
    for link in (
        'href="/?q=token.id%3At-1&amp;f=user.roles%3Ab&amp;columns=user.id%2Ctoken.id&amp;case=c1"',
        'href="/?q=token.id%3At-1&amp;f=-labels.team%3Ax&amp;columns=user.id%2Ctoken.id&amp;case=c1"',
        'href="/?q=token.id%3At-1&amp;columns=user.id%2Ctoken.id%2Csource.ip&amp;case=c1"',  # one more column
        'href="/?q=token.id%3At-1&amp;columns=token.id&amp;case=c1"',  # one less
        'href="/?f=user.id%3Amallory&amp;from=2026-11-01T09%3A55%3A00',
        'hx-get="/events/e/standing/"',
        'href="/events/e/"',
    ):
        assertContains(response, link)
    assertContains(response, "{&quot;b&quot;: 1, &quot;a&quot;: [1]}")  # as it arrived
    assertContains(response, "{\n  &quot;b&quot;: 1,")  # and set out
    assertNotContains(response, "<html")


def test_a_megabyte_is_shown_in_part_and_is_a_link_away(client: Client, alice: User, trail: Trail) -> None:
    long = "x" * 1_000_000
    write(trail, use("t", id="e", message="m" * 30_000, event__original=long))
    client.force_login(alice)
    response = client.get("/events/e/row/")
    assert len(response.content) < 100_000
    assertContains(response, "Show all 1,000,000 characters")
    assertContains(response, "30,000 characters in all")
    assert client.get("/events/e/row/?format=json").json()["event"]["original"] == long
    row = client.get("/", {"q": "token.id:t", "columns": "message,event.original"})
    assert len(row.content) < 200_000


def test_a_field_is_copied_exactly_and_the_event_as_json(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e", message="a\u202eb"))
    client.force_login(alice)
    assert client.get("/events/e/row/?format=json&field=message").json() == {"value": "a\u202eb"}
    assert client.get("/events/e/row/?format=json&field=nothing").json() == {"value": ""}
    assert client.get("/events/e/row/?format=json").json()["token"] == {"id": "t", "operation": "token.authorize"}


def test_looking_and_judging_are_on_record(
    client: Client, alice: User, trail: Trail, seal: Callable[[], object]
) -> None:
    write(trail, use("t", id="e"))
    seal()
    client.force_login(alice)
    client.get("/events/e/row/")
    assertContains(client.get("/events/e/standing/"), "Sealed, leaf 0")
    for action in ("event.view", "event.prove"):
        (recorded,) = audit_log(trail, action)
        assert (recorded["user"]["id"], recorded["resource"]) == ("alice", {"type": "event", "id": "e"})


def test_what_a_person_may_not_find_is_not_there(client: Client, case: Case, charlie: User, trail: Trail) -> None:
    hidden = audit_log(trail)[0]["event"]["id"]
    client.force_login(charlie)
    for part in ("row", "standing"):
        assert client.get(f"/events/{hidden}/{part}/").status_code == 404
        assert client.get(f"/events/nothing/{part}/").status_code == 404


def test_anonymous_signs_in_and_nobody_posts(client: Client, alice: User) -> None:
    for part in ("row", "standing"):
        assert at_sign_in(client.get(f"/events/e/{part}/"), f"/events/e/{part}/")
    client.force_login(alice)
    assert {client.post(f"/events/e/{part}/").status_code for part in ("row", "standing")} == {405}
