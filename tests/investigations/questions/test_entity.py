"""The pages of addresses, services, clients, organisations, resources and traces, and the lists of every value."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.presentation.identifiers import WORDS
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, link, text_of
from trail.connection import Trail
from trail.questions.entity import KINDS

EVIL = "<script>alert(1)</script>/../\u202e~ü?#%2f"


def _everything_called(name: str, **more: str) -> dict[str, object]:
    fields = {kind.field.replace(".", "__"): name for kind in KINDS.values()} | {"source__ip": "2001:db8::7"}
    return use(name, **(fields | more))


@pytest.mark.parametrize(("word", "kind"), WORDS.items())
def test_every_kind_has_a_page_of_any_identifier(
    client: Client, alice: User, trail: Trail, word: str, kind: str
) -> None:
    write(trail, _everything_called(EVIL, id="e", at="2026-03-01T00:00:00Z"))
    client.force_login(alice)
    value = "2001:db8::7" if kind == "address" else EVIL
    address = reverse("entity_detail", args=[kind, value])
    assert address.startswith(f"/{word}/")
    response = client.get(address)
    assertContains(response, 'First seen <a class="when" href="/events/e/"')
    assertContains(response, "/events/e/")
    assertContains(client.get(link(response, "Its 1 event") or ""), "<title>Search: 1 event ")
    assertNotContains(response, "<script>alert")
    assertNotContains(response, "\u202e~ü?#%2f</bdi>")


def test_every_value_is_listed_page_by_page_and_by_number(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        *(use("t", service__name="api", user__id=f"u{n:03}") for n in range(230)),
        use("t", service__name="api", user__id="u007"),
    )
    client.force_login(alice)
    response = client.get("/services/api/")
    assertContains(response, "about")
    every = client.get(link(response, "every one") or "")
    further = client.get(
        reverse("entity_values", args=["service", "api", "user.id"]) + (link(every, "Further values") or "")
    )
    pages = text_of(every) + text_of(further)
    assert all(f"<bdi>u{n:03}</bdi>" in pages for n in range(230))
    assert link(further, "Further values") is None
    top = text_of(client.get(reverse("entity_values", args=["service", "api", "user.id"]), {"order": "count"}))
    assert top.index("<bdi>u007</bdi>") < top.index("<bdi>u000</bdi>")


def test_what_a_table_shows_as_new_is_counted_and_listed_as_new(client: Client, alice: User, trail: Trail) -> None:
    """Also where nobody watches for it: of an address only new users are watched, and a new service is new all the same."""
    known = {"source__ip": "192.0.2.7", "user__id": "ann", "service__name": "api", "organization__id": "o"}
    write(
        trail,
        use("old", **known, at="2026-01-01T00:00:00Z"),
        use("old", **known | {"service__name": "vault"}, at="2026-11-01T00:00:00Z"),
        use("fresh", **known, at="2026-11-02T00:00:00Z"),
    )
    client.force_login(alice)
    page = text_of(client.get("/addresses/192.0.2.7/"))
    badges = page.count('<span class="pill pill--first">new</span>')
    assert badges == 2
    assert re.search(r'<dt>new</dt>\s*<dd><a href="#new">2</a></dd>', page)
    news = page[page.index('id="new"') : page.index('id="denied"')]
    assert 'href="/services/vault/"' in news
    assert 'href="/tokens/fresh/"' in news
    assert 'href="/services/api/"' not in news


def test_of_a_list_that_is_cut_it_is_said_that_only_the_commonest_were_looked_at(
    client: Client, alice: User, trail: Trail
) -> None:
    many = [use("t", source__ip="192.0.2.7", resource__id=f"r{n}", user__id="ann") for n in range(12)]
    write(trail, *many)
    client.force_login(alice)
    page = " ".join(text_of(client.get("/addresses/192.0.2.7/")).split())
    assert "Only the commonest were looked at of: Resources." in page


def test_an_address_says_its_place_its_network_and_its_owner_as_the_events_have_them(
    client: Client, alice: User, trail: Trail
) -> None:
    located = {
        "source__geo__city_name": "McMurdo<b>",
        "source__geo__country_iso_code": "AQ",
        "source__as__number": 64511,
        "source__as__organization__name": "Example Hosting",
    }
    write(trail, use("t", source__ip="192.0.2.7", **located), use("t", source__ip="192.0.2.8"))
    client.force_login(alice)
    page = " ".join(text_of(client.get("/addresses/192.0.2.7/")).split())
    for text in ("McMurdo&lt;b&gt;, AQ", "AS64511", "Example Hosting", "#i-k-address"):
        assert text in page, text
    page = text_of(client.get("/addresses/192.0.2.8/"))
    assert "place not on record" in page
    assert "network and owner not on record" in page


def test_a_field_without_values_to_list_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    for field in ("message", "raw", "nothing", "source.geo.location", "event.original"):
        assert client.get(f"/services/api/values/{field}/").status_code == 404
    assertContains(client.get("/services/api/values/user.id/"), "None of its events has this field")


def test_a_network_has_a_page_and_what_is_no_address_gets_a_sentence(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail, use("t", source__ip="192.0.2.7"), use("t", source__ip="192.0.2.8"), use("t", source__ip="198.51.100.9")
    )
    client.force_login(alice)
    assertContains(
        client.get(reverse("entity_detail", args=["address", "192.0.2.0/24"])), "None of 2 events was denied"
    )
    assertContains(client.get("/addresses/nonsense/"), "holds addresses", status_code=400)


def test_an_identifier_that_nobody_would_choose_has_a_page_too(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get(reverse("entity_detail", args=["user", "x\0y"])), "NUL", status_code=400)
    for value in ("a" * 5_000, "..", "~", " ", "\r\nSet-Cookie: a=b", "$parameter AND user.id:*"):
        response = client.get(reverse("entity_detail", args=["user", value]))
        assertContains(response, "Never seen, as far as the trail has recorded")
    for address in ("/users/~no base64/", "/users/~_w==/", "/users/~/"):
        assert client.get(address).status_code == 404


def test_a_range_of_time_can_be_given(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use("t", service__name="api", at="2026-01-01T00:00:00Z"),
        use("t", service__name="api", at="2026-03-01T00:00:00Z"),
    )
    client.force_login(alice)
    assertContains(client.get("/services/api/", {"from": "2026-02-01"}), "None of 1 event was denied")
    assertContains(client.get("/services/api/", {"to": "2025-02-01"}), "Never seen in this time")


def test_a_page_is_one_round_trip_and_on_record(client: Client, alice: User, trail: Trail, wire: list[str]) -> None:
    write(trail, _everything_called("x"))
    client.force_login(alice)
    client.get("/services/x/")
    for word in set(WORDS) - {"users"}:
        wire.clear()
        assert client.get(f"/{word}/{'192.0.2.7' if word == 'addresses' else 'x'}/").status_code == 200
        assert (wire[0], len(wire)) == ("POST /_msearch", 1), word
    recorded = audit_log(trail, "question.ask")
    assert {one["resource"]["id"] for one in recorded} == set(KINDS) - {"user"}


def test_what_is_known_of_an_event_is_a_part_of_its_page_and_a_page(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="a/1", user__id="mallory"))
    client.force_login(alice)
    event = client.get(reverse("event_detail", args=["a/1"]))
    page = reverse("event_known", args=["a/1"])
    assertContains(event, f'hx-get="{page}"')
    assertContains(client.get(page), "The first event ever")
    part = text_of(client.get(page, headers={"HX-Request": "true"}))
    assert "The first event ever" in part
    assert "<html" not in part
    assert client.get(reverse("event_known", args=["nobody"])).status_code == 404
    assert len(audit_log(trail, "question.ask")) == 1  # the same within a minute is one event


def test_an_events_page_leads_to_five_minutes_around_it_to_the_nanosecond(
    client: Client, alice: User, trail: Trail
) -> None:
    at = "2026-03-01T00:05:00.000000001Z"
    write(
        trail,
        use("t", id="e", user__id="mallory", at=at),
        use("t", id="in", user__id="mallory", at="2026-03-01T00:00:00.000000001Z", source__ip="198.51.100.9"),
        use("t", id="before", user__id="mallory", at="2026-03-01T00:00:00.000000000Z"),
        use("t", id="just in", user__id="mallory", at="2026-03-01T00:10:00.000000001Z"),
        use("t", id="after", user__id="mallory", at="2026-03-01T00:10:00.000000002Z"),
        use("t", id="else", user__id="bob", at="2026-03-01T00:10:00Z"),
    )
    client.force_login(alice)
    response = client.get("/events/e/")
    for words, found in (("the same user", 3), ("the same address", 3), ("everything", 4)):
        assertContains(client.get(link(response, words) or ""), f"of <b>{found}</b> events")


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    for page in ("/services/api/", "/services/api/values/user.id/", "/events/e/known/"):
        assert at_sign_in(client.get(page), page)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    for page in ("/services/api/", "/services/api/values/user.id/", "/events/e/known/"):
        assert client.post(page).status_code == 405
