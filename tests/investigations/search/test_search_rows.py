"""The rows after the first page, in place."""

import itertools
import re
from html import unescape

from django.core.cache import cache
from django.http import HttpResponseBase
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, events_on, text_of
from tests.support.points_in_time import points_in_time
from trail.connection import Trail

HTMX = {"HX-Request": "true"}
SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4


def _more(response: HttpResponseBase) -> str | None:
    """Where the button for more leads."""
    found = re.search(r'data-load hx-get="([^"]*)"', text_of(response))
    return unescape(found.group(1)) if found else None


def _events(trail: Trail, number: int) -> None:
    write(trail, *(use("t", id=f"e{n:03}", at=f"2026-01-01T00:00:00.{n % 7:09}Z") for n in range(number)))


def test_they_go_on_to_the_last_event_each_once_while_others_arrive(client: Client, alice: User, trail: Trail) -> None:
    _events(trail, 170)
    client.force_login(alice)
    response = client.get("/", {"q": "token.id:t", "from": "now-5y"})
    seen = events_on(response)
    late = itertools.count()
    while address := _more(response):
        n = next(late)
        write(trail, use("t", id=f"late{n}", at=f"2026-01-01T00:00:00.{n:09}Z"))
        response = client.get(address, headers=HTMX)
        seen += events_on(response)
    assert sorted(seen) == [f"e{n:03}" for n in range(170)]
    assertContains(response, "That was the last of them.")
    assertContains(response, 'data-shown="170"')
    assertContains(response, 'aria-rowindex="171"')


def test_a_further_page_is_one_search_and_asks_for_no_facets(
    client: Client, alice: User, trail: Trail, wire: list[str]
) -> None:
    _events(trail, 170)
    client.force_login(alice)
    client.get("/")
    response = client.get("/", {"q": "token.id:t"})
    asked = []
    for _ in range(3):
        wire.clear()
        response = client.get(_more(response) or "", headers=HTMX)
        asked.append([one.split("?")[0] for one in wire])
    opens = f"POST /{trail.prefix}-events-*/_search/point_in_time"
    ends = "POST /_msearch"  # of the tokens on the page
    assert asked[0] == [opens, "POST /_msearch", ends]
    assert asked[1] == ["POST /_msearch", ends]
    assert asked[2] == ["POST /_msearch", "DELETE /_search/point_in_time", ends]


def test_a_point_in_time_that_has_ended_says_so_and_offers_to_go_on_or_begin_anew(
    client: Client, alice: User, trail: Trail
) -> None:
    _events(trail, 170)
    client.force_login(alice)
    response = client.get("/", {"q": "token.id:t"})
    seen = events_on(response)
    response = client.get(_more(response) or "", headers=HTMX)
    seen += events_on(response)
    for ended in ("kept by nobody", "closed by the engine"):
        address = _more(response) or ""
        if ended == "kept by nobody":
            cache.clear()
        else:
            trail.client.delete_pit(body={"pit_id": points_in_time(trail)})
        refused = client.get(address, headers=HTMX)
        assertContains(refused, "has ended", status_code=409)
        assertContains(refused, 'href="?q=token.id%3At"', status_code=409)
        response = client.get(_more(refused) or "", headers=HTMX)
        seen += events_on(response)
    assert sorted(seen) == [f"e{n:03}" for n in range(170)]


def test_a_point_is_of_one_person_and_one_search_and_its_own_id_is_told_to_nobody(
    client: Client, alice: User, bob: User, trail: Trail
) -> None:
    _events(trail, 170)
    client.force_login(alice)
    response = client.get(_more(client.get("/", {"q": "token.id:t"})) or "", headers=HTMX)
    address = _more(response) or ""
    (point,) = points_in_time(trail)
    assert point not in text_of(response)
    assertContains(
        client.get(address.replace("token.id%3At", "token.id%3Au"), headers=HTMX), "has ended", status_code=409
    )
    client.force_login(bob)
    assertContains(client.get(address, headers=HTMX), "has ended", status_code=409)


def test_what_is_hidden_stays_hidden_in_further_pages(
    client: Client, case: Case, alice: User, charlie: User, trail: Trail
) -> None:
    assert len(audit_log(trail, "case.*")) == 3
    client.force_login(charlie)
    address = "/search/rows/?q=resource.type%3Acase&until=2090-01-01&after=WzQxMDI0NDQ4MDAwMDAwMDAwMDAsIiJd&start=50"
    assertContains(client.get(address, headers=HTMX), "That was the last of them.")
    client.force_login(alice)
    assert events_on(client.get(address, headers=HTMX))


def test_each_page_is_on_record(client: Client, alice: User, trail: Trail) -> None:
    _events(trail, 60)
    client.force_login(alice)
    client.get(_more(client.get("/", {"q": "token.id:t"})) or "", headers=HTMX)
    first, second = audit_log(trail, "search.run")
    assert second["labels"]["search"].startswith(f"{first['labels']['search']}&until=")


def test_what_cannot_be_understood_gets_a_sentence(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    for query, sentence in (
        ({}, "which page it means"),
        ({"until": "2026-01-01", "after": "WzFd"}, "refused this search"),
        ({"q": "(a", "until": "2026-01-01", "after": "WzFd"}, "This opening parenthesis is never closed."),
        ({"q": SECRET}, "treat the token as leaked"),
    ):
        response = client.get("/search/rows/", query, headers=HTMX)
        assertContains(response, sentence, status_code=400)
        assertContains(response, "Begin anew", status_code=400)
        assertNotContains(response, SECRET, status_code=400)


def test_by_itself_the_address_leads_to_the_page(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/search/rows/?q=a&after=WzFd").headers["Location"] == "/?q=a&after=WzFd"


def test_anonymous_signs_in_and_nobody_posts(client: Client, alice: User) -> None:
    assert at_sign_in(client.get("/search/rows/"), "/search/rows/")
    client.force_login(alice)
    assert client.post("/search/rows/").status_code == 405
