"""What did this token do before it was revoked, its descendants included?"""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.factories.events import event, issue, revoke, use, write
from tests.functional.reading import at_sign_in, events_on, journal, link
from trail.connection import Trail

PAGE = "/questions/before-revocation/"
ROOT, CHILD = "a" * 64, "b" * 64


def _family(trail: Trail) -> None:
    write(
        trail,
        issue("svc", "deploy", id="e1", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        use("svc", id="e2", token__fingerprint=CHILD, token__parent_fingerprint=ROOT, at="2026-11-02T00:00:00Z"),
        revoke("svc", id="end", user__id="sec", token__revocation__reason="leaked", at="2026-11-03T00:00:00Z"),
        use("svc", id="late", event__outcome="failure", at="2026-11-04T00:00:00Z"),
        use("elsewhere", id="no", at="2026-11-02T00:00:00Z"),
    )


def test_it_counts_what_the_family_did_and_leads_to_the_very_events(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(PAGE, {"token": "svc"})
    for text in (
        "2 events before it was revoked",
        "leaked",
        "/events/end/",
        "1 use came after that",
        "recorded",
        CHILD,
    ):
        assertContains(response, text)
    assert events_on(client.get(link(response, "These events in the search") or "")) == ["e1", "e2"]


def test_of_several_revocations_each_can_be_asked_about(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use("t", at="2026-11-01T00:00:00Z"),
        revoke("t", id="r1", at="2026-11-02T00:00:00Z"),
        event(token__id="t", token__operation="token.restore", at="2026-11-03T00:00:00Z"),
        use("t", at="2026-11-04T00:00:00Z"),
        revoke("t", id="r2", at="2026-11-05T00:00:00Z"),
    )
    client.force_login(alice)
    assertContains(client.get(PAGE, {"token": "t"}), "3 events before it was revoked")
    assertContains(client.get(PAGE, {"token": "t", "revocation": "r1"}), "1 event before it was revoked")


def test_a_token_that_stands_is_said_not_to_be_revoked(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    response = client.get(PAGE, {"token": "t"})
    assertContains(response, "1 event up to now")
    assertContains(response, "This token has not been revoked.")


def test_the_question_is_on_record(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    client.get(PAGE, {"token": "svc"})
    (recorded,) = journal(trail, "question.ask")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("before_revocation", {"token": "svc"})


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE, {"token": "svc"})
    assertContains(response, "does not answer", status_code=503)
    assertNotContains(response, "not been revoked", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
