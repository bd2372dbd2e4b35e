"""What the query bar offers while somebody types."""

import re
from contextlib import ExitStack
from html import unescape

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from core.concurrency import hold_place
from core.errors import Busy
from investigations import admission
from investigations.models import Case
from tests.support.factories.cases import saved_query
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail
from trail.search.language.parser import Term, parse

SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4
EVIL = '"><script>alert(1)</script>\n\u202e'


def offered(client: Client, text: str, **more: str) -> list[str]:
    """What would be put at the `|` of a text."""
    at = text.index("|")
    return inserts(client.get("/search/complete/", {"q": text.replace("|", ""), "at": at} | more))


def inserts(response: HttpResponseBase) -> list[str]:
    return [unescape(found) for found in re.findall(r'data-insert="([^"]*)"', text_of(response))]


def test_it_offers_fields_with_their_meaning_and_to_search_everywhere(client: Client, rae: User) -> None:
    client.force_login(rae)
    response = client.get("/search/complete/", {"q": "user.i", "at": "6"})
    assert inserts(response) == ["user.i", "user.id:"]
    assertContains(response, "Who acted, or to whom a token was issued")
    assertContains(response, "Search everywhere for user.i")


def test_it_offers_values_of_the_trail_within_the_time_commonest_first(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", user__id="mallory", at="2026-01-01T00:00:00Z"), *(use("t", user__id="max") for _ in range(3)))
    client.force_login(alice)
    assert offered(client, "a OR user.id:m| b") == ["max", "mallory"]
    assert offered(client, "user.id:(x OR m|)", **{"from": "2026-06-01"}) == ["max"]
    assert offered(client, "source.ip:192.|") == ["192.0.0.0/8", "192.0.2.7"]


def test_what_needs_no_asking_is_not_asked(client: Client, alice: User, no_trail: None) -> None:
    client.force_login(alice)
    assert offered(client, "event.outcome:f|") == ["failure"]
    assert offered(client, "token.cache_hit:|") == ["true", "false"]
    assert offered(client, "a |")[:3] == ["AND", "OR", "AND NOT"]
    assert offered(client, "token.id:$who OR user.id:$|") == ["$who"]


def test_a_hostile_value_is_text_on_the_page_and_a_value_in_the_query(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", user__id=EVIL))
    client.force_login(alice)
    response = client.get("/search/complete/", {"q": "user.id:", "at": "8"})
    assertNotContains(response, "<script>")
    (insert,) = [one for one in inserts(response) if "script" in one]
    assert parse(f"user.id:{insert}") == Term("user.id", EVIL, 8, phrase=True)


def test_a_stranger_is_offered_nothing_of_a_case(
    client: Client, case: Case, alice: User, charlie: User, trail: Trail
) -> None:
    assert audit_log(trail, "case.open")
    for person, found in ((charlie, []), (alice, [case.public_id])):
        client.force_login(person)
        assert offered(client, f"resource.id:{case.public_id[:4]}|") == found


def test_ones_own_snippets_and_the_library_are_offered_by_name(client: Client, alice: User, bob: User) -> None:
    saved_query("refused", "event.outcome:failure OR token.revocation.scope:*", name="Refused or revoked")
    client.force_login(bob)
    client.post("/snippets/", {"name": "Rex of others", "text": "user.id:rex"})
    client.force_login(alice)
    client.post("/snippets/", {"name": "Rex himself", "text": "user.id:rex"})
    assert "user.id:rex" in offered(client, "rex|")
    assert "(event.outcome:failure OR token.revocation.scope:*)" in offered(client, "a AND ref|")
    assert offered(client, "rex|").count("user.id:rex") == 1


def test_reading_values_is_on_record_once_for_a_field(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    for typed in ("user.id:|", "user.id:m|", "token.id:t|", "us|", "event.outcome:|"):
        offered(client, typed)
    recorded = [(one["resource"]["id"], one.get("labels")) for one in audit_log(trail, "values.read")]
    assert recorded == [("user.id", None), ("token.id", {"begins": "t"})]


def test_who_has_as_many_searches_under_way_as_one_may_is_told_why_no_values_are_offered(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "SHORT_WAIT", 0.0)
    client.force_login(alice)
    with ExitStack() as places:
        for _ in range(settings.ASK_UNDER_WAY):
            places.enter_context(hold_place("person:alice", 100, refusal=Busy("")))
        response = client.get("/search/complete/", {"q": "user.id:al", "at": "10"})
    assertContains(response, "You have 4 searches under way")


def test_a_trail_that_is_down_disturbs_nobody(client: Client, alice: User, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get("/search/complete/", {"q": "user.id:al", "at": "10"})
    assertContains(response, "does not answer now")
    assert inserts(response) == []


def test_a_secret_is_not_looked_for(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(
        client.get("/search/complete/", {"q": f"token.id:{SECRET}"}), "treat the token as leaked", status_code=400
    )
    assert audit_log(trail) == []


def test_an_odd_place_is_the_end(client: Client, alice: User) -> None:
    client.force_login(alice)
    for at in ("", "x", "-1", "9" * 30):
        assert inserts(client.get("/search/complete/", {"q": "event.outcome:s", "at": at})) == ["success"]


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/search/complete/"), "/search/complete/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/search/complete/").status_code == 405
