"""Two searches side by side."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import use, write
from tests.support.factories.searches import link as short_link
from tests.support.pages import at_sign_in, audit_log, events_on, link
from trail.connection import Trail

PAGE = "/compare/"


@pytest.fixture
def two(trail: Trail) -> Trail:
    """ann used one address in January and another beside it in February; bob his own."""
    write(
        trail,
        use("t", id="a1", user__id="ann", source__ip="192.0.2.1", at="2026-01-10T00:00:00Z"),
        use("t", id="a2", user__id="ann", source__ip="192.0.2.1", at="2026-02-10T00:00:00Z"),
        use("t", id="a3", user__id="ann", source__ip="198.51.100.9", at="2026-02-11T00:00:00Z"),
        use("t", id="b1", user__id="bob", source__ip="203.0.113.5", at="2026-02-11T00:00:00Z"),
    )
    return trail


def test_a_search_is_compared_with_the_time_before_in_one_step(client: Client, alice: User, two: Trail) -> None:
    client.force_login(alice)
    page = client.get("/", {"q": "user.id:ann", "from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"})
    response = client.get(link(page, "Compare with the time before") or "")
    assertContains(response, "Left: 1 event<")
    assertContains(response, "Right: 2 events<")
    (address,) = [one for one in response.context["fields"] if one.compared.name == "source.ip"]
    new, less = address.rows
    assert (new.pair.value, new.change) == ("198.51.100.9", "new")
    assert (less.pair.value, less.change) == ("192.0.2.1", "×2.00 less")
    assert events_on(client.get(new.right_url)) == ["a3"]
    assert events_on(client.get(less.left_url)) == ["a1"]
    (recorded,) = audit_log(two, "search.compare")
    assert "from=2026-02-01" in recorded["labels"]["right"]
    assertNotContains(client.get("/", {"q": "user.id:ann"}), "Compare with the time before")


@pytest.mark.parametrize("chips", [["user.id:ann|bob"], ["user.id:ann", "user.id:bob"]])
def test_two_users_are_compared_from_their_chips(client: Client, alice: User, two: Trail, chips: list[str]) -> None:
    client.force_login(alice)
    response = client.get(link(client.get("/", {"f": chips}), "Compare ann with bob") or "")
    (address,) = [one for one in response.context["fields"] if one.compared.name == "source.ip"]
    assert {row.pair.value: row.change for row in address.rows} == {
        "203.0.113.5": "new",
        "192.0.2.1": "gone",
        "198.51.100.9": "gone",
    }
    assert (
        client.get(PAGE, {"field": "user.id", "a": "ann", "b": "bob"}).context["fields"] == response.context["fields"]
    )


def test_any_two_short_links_are_compared(client: Client, alice: User, two: Trail) -> None:
    sides = {
        "a.link": f"http://testserver/s/{short_link(alice, 'user.id:ann').public_id}/",
        "b.link": short_link(alice, "user.id:bob").public_id,
    }
    client.force_login(alice)
    assertContains(client.get(PAGE, sides), "Left: 3 events<")
    assertContains(client.get(PAGE, sides | {"b.link": "nosuchlink"}), "There is no short link", status_code=400)


def test_it_makes_one_request_and_waits_for_no_record(client: Client, alice: User, two: Trail, wire: list[str]) -> None:
    client.force_login(alice)
    client.get(PAGE)
    wire.clear()
    client.get(PAGE, {"field": "user.id", "a": "ann", "b": "bob"})
    assert [one for one in wire if "msearch" in one or "bulk" in one] == ["POST /_msearch"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"a.q": "user.id:", "b.q": "x"}, "is followed by nothing"),
        ({"a.from": "yesterday"}, "is not a time"),
        ({"a.q": "source.ip:house", "b.q": "x"}, "holds addresses"),
        ({"a.q": "fm2_" + "lJPECAAAAAAAAbcd" * 4}, "treat the token as leaked"),
        ({"field": "nothing", "a": "x", "b": "y"}, "There is no field"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(
    client: Client, alice: User, trail: Trail, typed: dict[str, str], sentence: str
) -> None:
    client.force_login(alice)
    assertContains(client.get(PAGE, typed), sentence, status_code=400)
    assert audit_log(trail) == []


def test_an_empty_page_asks_which_two(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE, {"field": "user.id", "a": "ann"}), 'name="a" value="ann"')


def test_a_trail_that_is_down_is_no_difference(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE, {"field": "user.id", "a": "ann", "b": "bob"})
    assertContains(response, "does not answer", status_code=503)
    assertNotContains(response, "Nothing differs", status_code=503)


def test_anonymous_goes_to_sign_in_and_only_reading_is_allowed(client: Client, alice: User) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
