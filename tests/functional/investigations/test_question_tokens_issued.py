"""What other tokens has this user ever been issued?"""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from tests.factories.events import event, issue, revoke, use, write
from tests.functional.reading import at_sign_in, journal, link, text_of
from trail.connection import Trail

PAGE = "/questions/tokens-issued/"


def test_it_lists_them_with_what_became_of_each(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        issue("used", "mallory", id="i1", at="2026-11-01T00:00:00Z"),
        issue("unused", "mallory", id="i2"),
        issue("foreign", "bob"),
        use("used", at="2026-11-05T00:00:00Z"),
        revoke("used", at="2026-11-06T00:00:00Z"),
    )
    client.force_login(alice)
    response = client.get(PAGE, {"user": "mallory"})
    assertContains(response, "2 tokens in all of history")
    for text in ("/events/i1/", "/events/i2/", "2026-11-05T00:00:00", "2026-11-06T00:00:00"):
        assertContains(response, text)
    assertNotContains(response, "foreign")
    assertContains(client.get(link(response, "These issues in the search") or ""), "of <b>2</b> events")


def test_ever_means_all_of_them_page_by_page(client: Client, alice: User, trail: Trail) -> None:
    write(trail, *(issue(f"t-{n:03}", "mallory", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(120)))
    client.force_login(alice)
    response = client.get(PAGE, {"user": "mallory"})
    pages = [text_of(response)]
    while address := link(response, "Older ones"):
        response = client.get(PAGE + address)
        pages.append(text_of(response))
    assert len(pages) == 3
    assert all(sum(f">t-{n:03}<" in page for page in pages) for n in range(120))


def test_a_user_without_tokens_is_said_to_have_none(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "bob"))
    client.force_login(alice)
    assertContains(client.get(PAGE, {"user": "<b>nobody"}), "the trail holds no issue to")
    assertContains(client.get(PAGE, {"user": "<b>nobody"}), "&lt;b&gt;nobody")


def test_a_stranger_is_told_nothing_of_a_case(client: Client, case: Case, charlie: User, trail: Trail) -> None:
    """The console's own events carry a user and no token, so they are never an answer; not even through a filter."""
    write(trail, event(user__id="alice", token__operation="token.issue", token__id="t"))
    client.force_login(charlie)
    response = client.get(PAGE, {"user": "alice"})
    assertContains(response, "1 token in all of history")
    assertNotContains(response, case.public_id)


def test_the_question_is_on_record(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    client.get(PAGE, {"user": "mallory"})
    (recorded,) = journal(trail, "question.ask")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("tokens_issued", {"user": "mallory"})


def test_a_page_that_is_not_understood_gets_a_sentence(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "mallory"))
    client.force_login(alice)
    for after in ("%%%", "WzFd"):
        assert client.get(PAGE, {"user": "mallory", "after": after}).status_code == 400


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE, {"user": "mallory"})
    assertContains(response, "does not answer", status_code=503)
    assertNotContains(response, "in all of history", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
