"""One piece of evidence, and its withdrawal."""

import orjson
import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.models import Case, Evidence
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

WHY = {"reason": "It was a drill"}


@pytest.fixture
def one(case: Case, alice: User, trail: Trail) -> Evidence:
    made = use("t", id="e1", user__id="mallory", raw={"a": 1}, event__original='{"a": 1}')
    return pin(trail, case, alice, made, reason="First use from abroad")[0]


@pytest.fixture
def page(one: Evidence) -> str:
    return f"/cases/{one.case.public_id}/evidence/{one.number}/"


def test_it_shows_the_copy_and_that_it_agrees_with_the_trail(
    client: Client, rae: User, one: Evidence, page: str
) -> None:
    client.force_login(rae)
    response = client.get(page)
    for text in (
        "First use from abroad",
        "mallory",
        one.digest,
        "{&quot;a&quot;: 1}",
        "by Alice",
        "the very same event",
    ):
        assertContains(response, text)
    assertNotContains(response, "Withdraw this evidence")


def test_a_copy_that_was_tampered_with_is_an_incident(client: Client, alice: User, one: Evidence, page: str) -> None:
    Evidence.objects.filter(pk=one.pk).update(frozen=orjson.dumps(one.document | {"user": {"id": "somebody"}}))
    client.force_login(alice)
    assertContains(client.get(page), "The copy no longer has the digest it was pinned with.")


def test_an_event_that_the_trail_no_longer_holds_is_an_incident(
    client: Client, alice: User, one: Evidence, page: str, trail: Trail
) -> None:
    trail.client.indices.delete(index=one.event_index)
    client.force_login(alice)
    assertContains(client.get(page), "The trail no longer shows this event.")


def test_an_event_that_is_another_now_is_an_incident(
    client: Client, alice: User, one: Evidence, page: str, trail: Trail
) -> None:
    trail.client.indices.delete(index=one.event_index)
    write(trail, use("t", id="e1", user__id="somebody"))
    client.force_login(alice)
    assertContains(client.get(page), "The trail holds another event under this id")


def test_a_record_that_only_its_pinner_finds_is_compared_for_everybody(
    client: Client, case: Case, alice: User, bob: User, trail: Trail
) -> None:
    client.force_login(alice)
    client.get("/", {"q": "mallory"})
    (search,) = audit_log(trail, "search.run")
    client.post("/evidence/pin/", {"case": case.public_id, "event": [search["event"]["id"]], "reason": "What I asked"})
    client.force_login(bob)
    assertContains(client.get(f"/cases/{case.public_id}/evidence/1/"), "the very same event")


def test_a_trail_that_is_down_leaves_the_copy_to_be_read_and_says_it_was_not_compared(
    client: Client, alice: User, one: Evidence, page: str, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    response = client.get(page)
    assertContains(response, "mallory")
    assertContains(response, "was not compared")
    assertContains(client.post(page, WHY), "Nothing was changed.", status_code=503)
    one.refresh_from_db()
    assert one.withdrawn_at is None


def test_withdrawing_keeps_it_with_who_and_why_on_record(
    client: Client, case: Case, bob: User, one: Evidence, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(page, WHY), f"/cases/{case.public_id}/")
    response = client.get(page)
    assertContains(response, "Withdrawn by Bob")
    assertContains(response, "It was a drill")
    assertContains(response, one.digest)
    (recorded,) = audit_log(trail, "case.evidence.withdraw")
    assert recorded["labels"] == {"event": "e1", "digest": one.digest}


def test_it_is_withdrawn_once(client: Client, bob: User, one: Evidence, page: str) -> None:
    client.force_login(bob)
    client.post(page, WHY)
    assert client.post(page, {"reason": "Another story"}).status_code == 400
    one.refresh_from_db()
    assert one.withdrawn_reason == "It was a drill"


def test_a_withdrawal_needs_a_reason(client: Client, bob: User, one: Evidence, page: str) -> None:
    client.force_login(bob)
    assertContains(client.post(page, {"reason": "  "}), "This field is required.", status_code=400)
    one.refresh_from_db()
    assert one.withdrawn_at is None


def test_what_is_withdrawn_may_be_pinned_again_under_a_number_of_its_own(
    client: Client, case: Case, bob: User, one: Evidence, page: str
) -> None:
    client.force_login(bob)
    client.post(page, WHY)
    client.post("/evidence/pin/", {"case": case.public_id, "event": ["e1"], "reason": "No drill after all"})
    assert [(e.label, e.withdrawn_at is None) for e in case.evidence.order_by("number")] == [
        ("E1", False),
        ("E2", True),
    ]


def test_evidence_of_a_closed_case_is_not_withdrawn(
    client: Client, case: Case, alice: User, one: Evidence, page: str
) -> None:
    close_case(case, alice)
    client.force_login(alice)
    assert client.post(page, WHY).status_code == 400
    one.refresh_from_db()
    assert one.withdrawn_at is None


def test_what_an_intruder_wrote_is_shown_and_never_run(client: Client, case: Case, alice: User, trail: Trail) -> None:
    evil = "<script>alert(1)</script>"
    pin(
        trail,
        case,
        alice,
        use(evil, event__action=evil, message=evil + "x" * 1_000_000, user__id="\u202ex"),
        reason=evil,
    )
    client.force_login(alice)
    response = client.get(f"/cases/{case.public_id}/evidence/1/")
    assertNotContains(response, "<script>alert")
    assertContains(response, "&lt;script&gt;alert")
    assertContains(response, "⟨U+202E⟩x")


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(page, WHY).status_code] == [404, 404]


def test_a_reader_who_withdraws_gets_403(client: Client, rae: User, one: Evidence, page: str) -> None:
    client.force_login(rae)
    assert client.post(page, WHY).status_code == 403
    one.refresh_from_db()
    assert one.withdrawn_at is None


def test_evidence_of_another_case_is_not_there(client: Client, charlie: User, one: Evidence) -> None:
    own = open_case(charlie)
    client.force_login(charlie)
    for number in (one.number, 0, 99, 10**30):
        assert client.get(f"/cases/{own.public_id}/evidence/{number}/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(page, WHY))


def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.delete(page).status_code == 405
