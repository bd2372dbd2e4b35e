"""Filling a saved query in."""

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.library import services as library
from investigations.library.starter_queries import STARTERS
from investigations.models import SavedQuery
from tests.support.factories.cases import saved_query
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, events_on
from trail.connection import Trail
from trail.search.spec import Search

USER = {"name": "user", "label": "User id", "kind": "user", "default": "root"}
ADDRESS = {"name": "address", "label": "Address", "kind": "ip"}
WHEN = {"name": "when", "label": "Day", "kind": "time"}
PORT = {"name": "port", "label": "Port", "kind": "number"}


def test_filled_in_it_leads_to_the_events_it_asks_for(client: Client, rae: User, trail: Trail) -> None:
    saved_query("by-user", "user.id:$user", USER)
    write(trail, use("t", id="e1", user__id="mallory"), use("t", id="e2", user__id="eve"), use("t", user__id="bob"))
    client.force_login(rae)
    response = client.get("/queries/by-user/", {"run": "1", "p.user": "mallory, eve"}, follow=True)
    assert set(events_on(response)) == {"e1", "e2"}
    assert response.redirect_chain == [("/?q=user.id%3A%24user&p.user=mallory&p.user=eve&query=by-user&v=1", 302)]


def test_a_value_is_a_value_and_never_part_of_the_query(client: Client, alice: User, trail: Trail) -> None:
    saved_query("by-user", "user.id:$user", USER)
    write(trail, use("t", id="e1", user__id="mallory"), use("t", id="e2", user__id="* OR event.id:*"))
    client.force_login(alice)
    response = client.get("/queries/by-user/", {"run": "1", "p.user": "* OR event.id:*"}, follow=True)
    assert events_on(response) == ["e2"]


def test_the_time_and_the_case_go_along(client: Client, alice: User) -> None:
    saved_query("failures", "event.outcome:failure")
    client.force_login(alice)
    response = client.get("/queries/failures/", {"run": "1", "start": "now-7d", "end": "", "case": "abc"})
    assert response["Location"] == "/?q=event.outcome%3Afailure&from=now-7d&query=failures&v=1&case=abc"


def test_it_shows_its_blanks_with_their_defaults(client: Client, alice: User) -> None:
    saved_query("by-user", "user.id:$user", USER)
    client.force_login(alice)
    response = client.get("/queries/by-user/")
    for text in ("User id", 'value="root"', "user.id:$user", "Version 1"):
        assertContains(response, text)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("user", "", "This field is required."),
        ("user", " , ", "Fill this in."),
        ("user", ",".join(map(str, range(501))), "At most 500 values at once."),
        ("user", ",".join("a-rather-long-name" for _ in range(500)), "too long for an address"),
        ("address", "house", "house is no address"),
        ("address", "192.0.2.0/x", "192.0.2.0/x is no address"),
        ("when", "yesterday", "yesterday is no time"),
        ("port", "many", "many is no whole number."),
        ("start", "yesterday", "is not a time"),
    ],
)
def test_what_is_wrong_is_said_and_stays(client: Client, alice: User, name: str, value: str, sentence: str) -> None:
    text = "user.id:$user source.ip:$address @timestamp:$when source.port:$port"
    saved_query("all", text, USER, ADDRESS, WHEN, PORT)
    right = {"run": "1", "p.user": "u", "p.address": "192.0.2.0/24", "p.when": "2026-11-24", "p.port": "443"}
    client.force_login(alice)
    assert client.get("/queries/all/", right).status_code == 302
    response = client.get("/queries/all/", right | {name if name == "start" else f"p.{name}": value})
    assertContains(response, sentence, status_code=400)
    assertContains(response, "192.0.2.0/", status_code=400)


def test_a_bearer_secret_is_refused_and_stands_nowhere(client: Client, alice: User, trail: Trail) -> None:
    saved_query("by-user", "user.id:$user", USER)
    client.force_login(alice)
    response = client.get("/queries/by-user/", {"run": "1", "p.user": "fm2_" + "lJPECAAAAAAAAbcd" * 4})
    assertContains(response, "treat the token as leaked", status_code=400)
    assert audit_log(trail) == []


def test_it_asks_what_its_newest_version_asks(client: Client, alice: User) -> None:
    query = saved_query("changing", "event.outcome:failure")
    library.save(query=query, search=Search(text="event.outcome:unknown"), parameters=[], by=None)
    client.force_login(alice)
    assertContains(client.get("/queries/changing/"), "event.outcome:unknown")
    assert client.get("/queries/changing/", {"run": "1"})["Location"].endswith("&v=2")


def test_a_retired_one_says_so(client: Client, alice: User) -> None:
    query = saved_query("old", "user.id:x")
    SavedQuery.objects.filter(pk=query.pk).update(retired=True)
    client.force_login(alice)
    assertContains(client.get("/queries/old/"), "This query is retired")


def test_only_admins_are_offered_to_change_it(client: Client, alice: User, ada: User) -> None:
    query = saved_query("failures", "event.outcome:failure")
    change = f"/admin/investigations/savedquery/{query.pk}/change/"
    client.force_login(alice)
    assertNotContains(client.get("/queries/failures/"), change)
    client.force_login(ada)
    assertContains(client.get("/queries/failures/"), change)


def test_every_starter_runs(client: Client, alice: User, trail: Trail) -> None:
    call_command("starter_library", verbosity=0)
    client.force_login(alice)
    given = {"token": "t", "user": "mallory", "address": "192.0.2.0/24", "service": "api"}
    for starter in STARTERS:
        filled = {f"p.{one['name']}": given[one["name"]] for one in starter.parameters}
        response = client.get(f"/queries/{starter.slug}/", {"run": "1"} | filled, follow=True)
        assert (response.status_code, response.redirect_chain[0][1]) == (200, 302), starter.slug


def test_a_query_that_is_not_there_is_404(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/queries/nobody/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/queries/failures/"), "/queries/failures/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/queries/failures/").status_code == 405
