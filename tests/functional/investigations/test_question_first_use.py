"""When was this token first used, and from where?"""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.factories.events import issue, revoke, use, write
from tests.functional.reading import at_sign_in, journal, link
from trail.connection import Trail

PAGE = "/questions/first-use/"


def test_it_says_when_and_from_where_and_with_what(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        issue("t", "mallory", id="issued", at="2026-11-01T00:00:00Z"),
        use("t", id="refused", at="2026-11-02T00:00:00Z", source__ip="203.0.113.5", event__outcome="failure"),
        use("t", id="allowed", at="2026-11-03T00:00:00Z", user_agent__original="curl/8"),
        revoke("t", id="end", at="2026-11-04T00:00:00Z"),
    )
    client.force_login(alice)
    response = client.get(PAGE, {"token": "t"})
    assertContains(response, 'First used <time datetime="2026-11-02T00:00:00')
    for text in (
        "203.0.113.5",
        "That use was refused",
        "curl/8",
        "/events/issued/",
        "/events/allowed/",
        "/events/end/",
    ):
        assertContains(response, text)
    assertContains(client.get(link(response, "All its uses in the search") or ""), "of <b>2</b> events")


def test_a_token_that_was_never_used_is_said_to_be_unused(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "mallory"))
    client.force_login(alice)
    assertContains(client.get(PAGE, {"token": "t"}), "This token was never used")


def test_without_a_token_it_asks_for_one_and_records_nothing(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "Token id or fingerprint")
    assert journal(trail) == []


def test_the_question_is_on_record(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    client.get(PAGE, {"token": "t"})
    (recorded,) = journal(trail, "question.ask")
    assert (recorded["user"]["id"], recorded["resource"]["id"]) == ("rae", "first_use")
    assert recorded["labels"] == {"token": "t"}


def test_a_token_itself_is_refused_and_stands_nowhere(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    response = client.get(PAGE, {"token": "fm2_" + "lJPECAAAAAAAAbcd" * 4})
    assertContains(response, "treat the token as leaked", status_code=400)
    assertNotContains(response, "lJPECAAAAAAAAbcd", status_code=400)
    assert journal(trail) == []


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE, {"token": "t"})
    assertContains(response, "does not answer", status_code=503)
    assertNotContains(response, "never used", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(f"{PAGE}?token=t"), f"{PAGE}?token=t")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
