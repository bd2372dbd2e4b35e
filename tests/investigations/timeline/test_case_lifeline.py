"""The lifeline of a case: drawn from the frozen copies, so that it stands though the trail is away."""

from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.evidence import absences
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import issue, revoke, use
from trail.connection import Trail
from trail.search.spec import Search


def _open_leak(trail: Trail, alice: User) -> str:
    case = open_case(alice)
    pin(
        trail,
        case,
        alice,
        issue("t", "ada", at="2026-10-01T08:00:00Z"),
        use("t", at="2026-10-02T08:00:00Z", source__ip="203.0.113.77"),
        use("t", at="2026-10-20T08:00:00Z", source__ip="203.0.113.77", event__outcome="failure"),
        revoke("t", at="2026-10-19T08:00:00Z", source__ip="192.0.2.1"),
    )
    return f"/cases/{case.public_id}/"


def test_what_is_pinned_is_drawn_and_each_mark_leads_to_its_entry(client: Client, alice: User, trail: Trail) -> None:
    address = _open_leak(trail, alice)
    client.force_login(alice)
    page = client.get(address)
    assertContains(page, '<figure class="ll"', 1)
    assertContains(page, "revoked 08:00:00")
    assertContains(page, "after revocation")
    for label in ("E1", "E2", "E3", "E4"):
        assertContains(page, f'id="{label}"', 1)
        assertContains(page, f'href="#{label}"')
    assertContains(client.get(address, {"lanes": "addresses"}), "/addresses/203.0.113.77/")


def test_it_is_drawn_though_the_trail_is_away(client: Client, alice: User, trail: Trail, settings: Settings) -> None:
    address = _open_leak(trail, alice)
    client.force_login(alice)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    assertContains(client.get(address), '<figure class="ll"', 1)


def test_a_case_without_events_has_no_picture(client: Client, alice: User, trail: Trail) -> None:
    case = open_case(alice)
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    client.force_login(alice)
    assertNotContains(client.get(f"/cases/{case.public_id}/"), "<figure")


def test_a_time_that_is_none_is_refused_and_the_evidence_stays(client: Client, alice: User, trail: Trail) -> None:
    address = _open_leak(trail, alice)
    client.force_login(alice)
    page = client.get(address, {"from": "soon"})
    assertContains(page, "is not a time", status_code=400)
    assertContains(page, 'id="E1"', status_code=400)
