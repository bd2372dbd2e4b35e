"""A search within the lifetime of a token."""

from urllib.parse import parse_qs, urlsplit

from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import issue, revoke, use, write
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail


def test_the_same_search_is_kept_to_the_tokens_time_both_ends_included(
    client: Client, alice: User, trail: Trail
) -> None:
    write(
        trail,
        issue("t-1", "ada", at="2026-01-02T00:00:00.000000005Z"),
        use("t-1", at="2026-01-03T00:00:00Z"),
        revoke("t-1", at="2026-01-04T00:00:00.000000009Z"),
    )
    client.force_login(alice)
    answer = client.get(
        "/search/lifetime/", {"token": "t-1", "q": "event.outcome:failure", "f": "-user.id:bob", "from": "now-1d"}
    )
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert (asked["q"], asked["f"]) == (["event.outcome:failure"], ["-user.id:bob"])
    assert asked["from"] == ["2026-01-02T00:00:00.000000005Z"]
    assert asked["to"] == ["2026-01-04T00:00:00.000000010Z"]
    (recorded,) = audit_log(trail, "question.ask")
    assert recorded["labels"] == {"token": "t-1"}


def test_a_token_that_lives_has_no_end(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t-1", at="2026-01-03T00:00:00Z"))
    client.force_login(alice)
    asked = parse_qs(urlsplit(client.get("/search/lifetime/?token=t-1&to=2026-02-01")["Location"]).query)
    assert asked["from"] == ["2026-01-03T00:00:00Z"]
    assert "to" not in asked


def test_what_cannot_be_answered_is_said_and_what_was_typed_is_kept(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get("/search/lifetime/?token=t-9&q=a"), "holds no event of a token t-9", status_code=400)
    assertContains(client.get("/search/lifetime/?q=a"), "Give the id", status_code=400)
    secret = "fm2_" + "lJPECAAAAAAAAbcd" * 4
    page = client.get("/search/lifetime/", {"token": secret})
    assertContains(page, "treat the token as leaked", status_code=400)
    assertNotContains(page, secret, status_code=400)


def test_a_trail_that_is_down_is_said(client: Client, alice: User, settings: Settings) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    assertContains(client.get("/search/lifetime/?token=t-1"), "does not answer", status_code=503)


def test_anonymous_and_other_methods(client: Client, alice: User) -> None:
    assert at_sign_in(client.get("/search/lifetime/?token=t"))
    client.force_login(alice)
    assert client.post("/search/lifetime/").status_code == 405
