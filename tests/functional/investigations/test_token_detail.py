"""One token's dossier: when first used, and from where, and all the rest that the trail knows."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.factories.events import issue, revoke, use, write
from tests.functional.reading import at_sign_in, journal, link
from trail.connection import Trail

PAGE = "/tokens/t/"
QUESTION = "/questions/first-use/"
SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4


def _life(trail: Trail) -> None:
    write(
        trail,
        issue("t", "mallory", id="issued", at="2026-11-01T00:00:00Z", service__name="api", source__ip="10.30.4.17"),
        use("t", id="refused", at="2026-11-01T00:03:12Z", source__ip="203.0.113.5", event__outcome="failure",
            event__reason="caveat: org"),
        use("t", id="allowed", at="2026-11-03T00:00:00Z", user_agent__original="curl/8",
            token__fingerprint="a" * 64, token__caveats__json='["organization:northwind"]',
            token__caveats__count=1),
        revoke("t", id="end", at="2026-11-04T00:00:00Z", user__id="sec", token__revocation__reason="found in a log"),
        use("t", id="late", at="2026-11-05T00:00:00Z", event__outcome="failure"),
    )  # fmt: skip


def test_it_answers_in_sentences_before_it_is_asked(client: Client, alice: User, trail: Trail) -> None:
    _life(trail)
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, 'First used <time datetime="2026-11-01T00:03:12')
    for text in (
        "203.0.113.5", "3 min 12 s after it was issued", "That use was refused", "curl/8", "/events/issued/",
        "/events/allowed/", "/events/end/", "found in a log", "First rejected after that", "/events/late/",
        "organization:northwind", "caveat: org", "a" * 64, "Whole trail",
    ):  # fmt: skip
        assertContains(response, text)
    assertContains(client.get(link(response, "All its uses in the search") or ""), "of <b>3</b> events")
    assertContains(client.get(link(response, "This token and everything derived from it") or ""), "of <b>5</b> events")


def test_a_token_that_was_never_used_is_said_to_be_unused(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "mallory"))
    client.force_login(alice)
    assertContains(client.get(PAGE), "This token was never used, as far as the trail has recorded.")
    assertContains(client.get("/tokens/nothing/"), "The trail holds no event of this token")


def test_the_question_leads_here_and_without_a_token_asks_for_one(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(QUESTION), "Token id or fingerprint")
    assert journal(trail) == []
    assert client.get(QUESTION, {"token": " t "}).headers["Location"] == PAGE
    assert client.get(QUESTION, {"token": "a/../b"}).headers["Location"] == "/tokens/~YS8uLi9i/"
    client.get(QUESTION, {"token": "t"}, follow=True)
    (recorded,) = journal(trail, "question.ask")
    assert (recorded["user"]["id"], recorded["resource"]["id"]) == ("rae", "token")
    assert recorded["labels"] == {"token": "t"}


@pytest.mark.parametrize("address", [f"{QUESTION}?token={SECRET}", f"/tokens/{SECRET}/"])
def test_a_token_itself_is_refused_and_stands_nowhere(client: Client, alice: User, trail: Trail, address: str) -> None:
    client.force_login(alice)
    response = client.get(address)
    assertContains(response, "treat the token as leaked", status_code=400)
    assertNotContains(response, "lJPECAAAAAAAAbcd", status_code=400)
    assert journal(trail) == []


def test_nothing_that_an_event_holds_runs_in_the_page(client: Client, alice: User, trail: Trail) -> None:
    evil = "<script>alert(1)</script>"
    write(
        trail,
        issue(
            evil,
            evil,
            service__name=evil,
            token__caveats__json='["<script>alert(2)</script>"]',
            at="2026-11-01T00:00:00Z",
        ),
        use(evil, user_agent__original=evil, event__outcome="failure", event__reason=evil),
        revoke(evil, user__id=evil, token__revocation__reason=evil, at="2026-11-02T00:00:00Z"),
    )
    client.force_login(alice)
    for page in ("", "lineage/", "compromise/"):
        response = client.get(f"/tokens/~PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==/{page}")
        assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt;")
        assertNotContains(response, "<script>alert")


def test_it_asks_the_engine_as_often_whatever_it_holds(
    client: Client, alice: User, trail: Trail, wire: list[str]
) -> None:
    _life(trail)
    client.force_login(alice)
    client.get(PAGE)
    wire.clear()
    assertContains(client.get(PAGE), "First used")
    # Its names, the dossier, what came after its end; then the record of the asking.
    assert [one.rpartition("/")[2] for one in wire] == ["_search", "_msearch", "_msearch", "_bulk"]


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "does not answer", status_code=503)
    assertNotContains(response, "never used", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    for page in (PAGE, f"{QUESTION}?token=t"):
        assert at_sign_in(client.get(page), page)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert {client.post(page).status_code for page in (PAGE, QUESTION)} == {405}
