"""The page of a user: every token ever issued to them, what they did, where they were."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from tests.support.factories.events import event, issue, revoke, use, write
from tests.support.pages import at_sign_in, audit_log, link, text_of
from trail.connection import Trail
from trail.questions import user

PAGE = "/users/mallory/"
BERLIN = {
    "source__geo__location": "52.52,13.40",
    "source__geo__city_name": "Berlin",
    "source__geo__country_iso_code": "DE",
}
OSAKA = {"source__geo__location": "34.69,135.50", "source__geo__country_iso_code": "JP"}


def test_it_lists_their_tokens_with_what_became_of_each(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        issue("used", "mallory", id="i1", at="2026-11-01T00:00:00Z"),
        issue("unused", "mallory", id="i2"),
        issue("foreign", "bob"),
        use("used", at="2026-11-05T00:00:00Z"),
        revoke("used", id="r1", at="2026-11-06T00:00:00Z", token__revocation__reason="lost <b>phone"),
    )
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "2 tokens")
    for text in (
        "/events/i1/",
        "/events/i2/",
        "/events/r1/",
        "2026-11-05T00:00:00",
        "2026-11-06T00:00:00",
        "lost &lt;b&gt;phone",
    ):
        assertContains(response, text)
    assertNotContains(response, "foreign")
    assertContains(client.get(link(response, "These issues in the search") or ""), "of <b>2</b> events")


def test_ever_means_all_of_them_page_by_page(client: Client, alice: User, trail: Trail) -> None:
    write(trail, *(issue(f"t-{n:03}", "mallory", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(120)))
    client.force_login(alice)
    response = client.get(PAGE)
    pages = [text_of(response)]
    while address := link(response, "Older ones"):
        response = client.get(PAGE + address.partition("#")[0])
        pages.append(text_of(response))
    assert len(pages) == 3
    assert all(sum(f">t-{n:03}<" in page for page in pages) for n in range(120))


def test_it_tells_first_and_last_failures_news_and_impossible_travel(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use("t", id="one", user__id="mallory", at="2026-01-05T00:00:00Z", **BERLIN),
        use("t", id="two", user__id="mallory", at="2026-11-05T00:00:00Z", **BERLIN),
        use(
            "t",
            id="three",
            user__id="mallory",
            at="2026-11-05T01:00:00Z",
            source__ip="198.51.100.9",
            **OSAKA,
            event__outcome="failure",
            event__reason="expired",
        ),
    )
    client.force_login(alice)
    page = " ".join(text_of(client.get(PAGE)).split())
    for text in (
        'First seen <a class="when"',
        "1 denied",
        "expired",
        "8,817 km",
        "1 h<",
        "8,817 km/h",
        "Berlin, DE",
        '<span class="pill pill--first">new</span>',
        'href="/addresses/198.51.100.9/"',
        "Whole trail",
    ):
        assert text in page, text
    denied = page[page.index('id="denied"') :]
    assert 'href="/events/three/"' in denied
    assert 'href="/events/two/"' not in denied


def test_the_person_s_name_is_the_title_and_what_the_newest_event_says_of_them_stands_above(
    client: Client, alice: User, trail: Trail
) -> None:
    write(
        trail,
        use("t", user__id="mallory", user__full_name="Old Name", user__email="m@a.example", at="2026-01-01T00:00:00Z"),
        use(
            "t",
            user__id="mallory",
            user__full_name="Mal <b>Lory\u202e",
            user__roles=["owner", "<i>"],
            organization__id="org_a",
            at="2026-02-01T00:00:00Z",
        ),
    )
    client.force_login(alice)
    page = " ".join(text_of(client.get(PAGE)).split())
    assert '<h1 class="subject__name"><bdi>Mal &lt;b&gt;Lory⟨U+202E⟩</bdi></h1>' in page
    for text in ("m@a.example", "owner, &lt;i&gt;", 'href="/organisations/org_a/"', '<bdi class="mono">mallory</bdi>'):
        assert text in page, text
    assert "Old Name" not in page


def test_how_many_can_be_used_now_is_of_the_tokens_on_further_pages_too(
    client: Client, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, *(issue(f"t-{n}", "mallory", at=f"2026-11-01T00:00:{n:02}Z") for n in range(55)))
    write(trail, *(revoke(f"t-{n}", at="2026-11-02T00:00:00Z") for n in (1, 2, 53)))
    client.force_login(alice)
    page = " ".join(text_of(client.get(PAGE)).split())
    assert "55 tokens were ever issued to" in page
    assert "52 could be used now." in page
    assert "usable now<" in page
    monkeypatch.setattr(user, "USABLE_ASKED", 51)
    page = " ".join(text_of(client.get(PAGE)).split())
    assert "At least 50 could be used now." in page
    assert "usable now, at least<" in page


def test_a_token_of_somebody_else_that_they_used_is_named(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("bobs", "bob", id="i"), use("bobs", user__id="mallory"), use("bobs", user__id="bob"))
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "Tokens they used that were not issued to them")
    assertContains(response, "/users/bob/")
    assertNotContains(client.get("/users/bob/"), "not issued to them")


def test_who_was_never_seen_is_said_not_to_have_been_as_far_as_is_recorded(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, issue("t", "bob"))
    client.force_login(alice)
    response = client.get("/users/~PGI-bm9ib2R5/")
    for text in (
        "Never seen, as far as the trail has recorded",
        "the trail holds no issue to",
        "&lt;b&gt;nobody",
        "Whole trail",
    ):
        assertContains(response, text)
    assertNotContains(response, "<b>nobody")


def test_a_stranger_is_told_nothing_of_a_case(client: Client, case: Case, charlie: User, trail: Trail) -> None:
    """The console's own events carry a user, and the cases they are about are not everybody's."""
    write(trail, event(user__id="alice", token__operation="token.issue", token__id="t"))
    client.force_login(charlie)
    response = client.get("/users/alice/")
    assertContains(response, "1 token")
    assertNotContains(response, case.public_id)


def test_the_question_is_on_record(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    client.get(PAGE)
    (recorded,) = audit_log(trail, "question.ask")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("user", {"user": "mallory"})


def test_it_takes_two_round_trips(client: Client, alice: User, trail: Trail, wire: list[str]) -> None:
    write(
        trail, *(issue(f"t{n}", "mallory") for n in range(60)), *(use(f"t{n}", user__id="mallory") for n in range(60))
    )
    client.force_login(alice)
    client.get("/users/warm/")  # the demonstration's badge is seen to once
    wire.clear()
    client.get(PAGE)
    assert wire == ["POST /_msearch"] * 2


def test_what_is_not_understood_gets_a_sentence(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "mallory"))
    client.force_login(alice)
    for given in (
        {"after": "%%%"},
        {"after": "WzFd"},
        {"from": "yesterday"},
        {"new": "<b>"},
        {"from": "now", "to": "now-1d"},
    ):
        response = client.get(PAGE, given)
        assertContains(response, 'role="alert"', status_code=400)
        assertNotContains(response, "First seen", status_code=400)


def test_a_token_itself_is_refused_and_not_shown_again(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    secret = f"ghp_{'a' * 36}"
    response = client.get(f"/users/{secret}/")
    assertContains(response, "looks like a token itself", status_code=400)
    assertNotContains(response, secret, status_code=400)
    assert audit_log(trail, "question.ask") == []


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "does not answer", status_code=503)
    assertNotContains(response, "Never seen", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
