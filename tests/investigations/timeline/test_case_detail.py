"""One case with its timeline."""

import re

from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.evidence import services as evidence
from investigations.models import Case
from tests.support.factories.cases import close_case, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, text_of, without_csrf_token
from trail.connection import Trail


def test_its_evidence_stands_in_the_order_of_the_events_to_the_nanosecond(
    client: Client, case: Case, bob: User, trail: Trail
) -> None:
    times = ("00:00:00.000000002Z", "00:00:00.1Z", "00:00:00Z", "00:00:00.000000001Z")
    for number, time in enumerate(times, 1):
        pin(trail, case, bob, use("t", id=f"e{number}", at=f"2026-11-01T{time}"))
    client.force_login(bob)
    response = client.get(f"/cases/{case.public_id}/")
    assert re.findall(r">(E\d)</a>", text_of(response)) == ["E3", "E4", "E1", "E2"]
    assertContains(response, "It matters")
    assertContains(response, "pinned by Bob")


def test_withdrawn_evidence_stands_apart(client: Client, case: Case, alice: User, trail: Trail) -> None:
    one, _ = pin(trail, case, alice, use("t", id="e1"), use("t", id="e2"))
    evidence.withdraw(evidence=one, reason="Somebody else's", by=alice)
    client.force_login(alice)
    page = text_of(client.get(f"/cases/{case.public_id}/"))
    timeline, _, withdrawn = page.partition("Withdrawn (1)")
    assert ">E1<" not in timeline
    assert ">E1<" in withdrawn
    assert "Somebody else&#x27;s" in withdrawn


def test_everybody_is_offered_what_they_may_do(
    client: Client, case: Case, alice: User, bob: User, rae: User, lea: User, trail: Trail
) -> None:
    pin(trail, case, alice, use("t", id="e1"))
    offers = {
        "Close case": (alice, lea),
        "Search in this case": (alice, bob, lea),
        "Byte order mark": (alice, bob, lea),
    }
    for person in (alice, bob, rae, lea):
        client.force_login(person)
        page = text_of(client.get(f"/cases/{case.public_id}/"))
        assert {words for words in offers if words in page} == {w for w, people in offers.items() if person in people}


def test_a_closed_case_is_read_and_offers_no_writing(client: Client, case: Case, alice: User) -> None:
    close_case(case, alice)
    client.force_login(alice)
    response = client.get(f"/cases/{case.public_id}/")
    assertContains(response, "Reopen case")
    assertNotContains(response, "Search in this case")


def test_htmx_gets_the_timeline_alone(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    response = client.get(f"/cases/{case.public_id}/", headers={"HX-Request": "true", "HX-Target": "timeline"})
    assertContains(response, "Nothing is pinned yet")
    assertNotContains(response, "<html")


def test_what_an_intruder_wrote_is_shown_and_never_run(client: Client, case: Case, alice: User, trail: Trail) -> None:
    evil = "<script>alert(1)</script>"
    pin(trail, case, alice, use(evil, user__id=evil, resource__id=evil, event__action=evil), reason=evil)
    client.force_login(alice)
    response = client.get(f"/cases/{case.public_id}/")
    assertNotContains(response, "<script>alert")
    assertContains(response, "&lt;script&gt;alert")


def test_a_stranger_gets_404_as_for_a_case_that_is_not_there(
    client: Client, case: Case, charlie: User, ada: User
) -> None:
    for stranger in (charlie, ada):
        client.force_login(stranger)
        answers = [client.get(f"/cases/{public_id}/") for public_id in (case.public_id, "nosuchcase")]
        assert [answer.status_code for answer in answers] == [404, 404]
        pages = [without_csrf_token(text_of(answer)) for answer in answers]
        assert pages[0] == pages[1]


def test_somebody_shut_out_is_out_at_once(client: Client, case: Case, bob: User) -> None:
    client.force_login(bob)
    bob.is_active = False
    bob.save()
    assert at_sign_in(client.get(f"/cases/{case.public_id}/"))


def test_it_is_there_when_the_trail_is_down(
    client: Client, case: Case, alice: User, trail: Trail, settings: Settings
) -> None:
    pin(trail, case, alice, use("t", id="e1"))
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    assertContains(client.get(f"/cases/{case.public_id}/"), "It matters")


def test_anonymous_goes_to_sign_in(client: Client, case: Case) -> None:
    assert at_sign_in(client.get(f"/cases/{case.public_id}/"), f"/cases/{case.public_id}/")


def test_only_reading_is_allowed(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    assert client.post(f"/cases/{case.public_id}/").status_code == 405
