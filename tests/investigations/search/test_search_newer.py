"""How much has arrived since a search was shown."""

import re
from html import unescape

from django.test import Client

from accounts.models import User
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail


def _watch(client: Client, **query: str) -> str:
    found = re.search(r'data-newer="([^"]*)"', text_of(client.get("/", query)))
    assert found
    return unescape(found.group(1))


def test_it_counts_what_arrived_and_nothing_that_the_person_did(
    client: Client, alice: User, trail: Trail, wire: list[str]
) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    address = _watch(client)
    assert client.get(address).json() == {"newer": 0}
    write(trail, use("t"), use("u"))
    wire.clear()
    assert client.get(address).json() == {"newer": 2}
    assert len(wire) == 1
    client.get("/")
    assert client.get(address).json() == {"newer": 2}


def test_it_answers_for_a_search_that_is_on_record_and_for_no_other(
    client: Client, alice: User, bob: User, trail: Trail
) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    address = _watch(client, q="token.id:t")
    for other in (
        address.replace("token.id%3At", "user.id%3Amallory"),
        re.sub("until=20", "until=19", address),
        address.split("&made=")[0],
        "/search/newer/",
    ):
        assert client.get(other).status_code == 400
    assert client.get(address).status_code == 200
    assert len(audit_log(trail, "search.run")) == 1
    client.force_login(bob)
    assert client.get(address).status_code == 400


def test_anonymous_signs_in_and_nobody_posts(client: Client, alice: User) -> None:
    assert at_sign_in(client.get("/search/newer/"), "/search/newer/")
    client.force_login(alice)
    assert client.post("/search/newer/").status_code == 405


def test_it_answers_for_a_search_with_columns_of_ones_own(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    client.post("/search/table/", {"columns": "token.id,user.id"}, headers={"HX-Request": "true"})
    address = _watch(client)
    write(trail, use("u"))
    assert client.get(address).json() == {"newer": 1}
