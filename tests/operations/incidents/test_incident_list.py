"""The list of incidents, and what the header of every page says of them."""

import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from operations.incidents.services import record_recovery
from operations.models import Incident
from tests.support.factories.incidents import Kind, incident
from tests.support.pages import at_sign_in, link, text_of
from trail.connection import Trail

PAGE = "/incidents/"


@pytest.fixture
def three(db: None) -> None:
    """One still fails, one is over, one is resolved."""
    incident(Kind.OUTAGE, "opensearch")
    incident(Kind.GAP, "billing")
    record_recovery(Kind.GAP, "billing")
    incident(Kind.REJECTED, "mail")
    Incident.objects.filter(subject="mail").update(resolved_at=timezone.now())


def test_the_unresolved_are_shown_to_everybody(client: Client, rae: User, trail: Trail, three: None) -> None:
    client.force_login(rae)
    response = client.get(PAGE)
    assertContains(response, "opensearch")
    assertContains(response, "Events never arrived")
    assertNotContains(response, "mail")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("?state=failing", {"opensearch"}), ("?state=resolved", {"mail"}), ("?state=all", {"opensearch", "billing", "mail"}),
        ("?kind=gap", {"billing"}), ("?state=all&kind=rejected", {"mail"}), ("?state=nonsense", {"opensearch", "billing"}),
    ],
)  # fmt: skip
def test_the_filter_is_kept_to(
    client: Client, rae: User, trail: Trail, three: None, asked: str, shown: set[str]
) -> None:
    client.force_login(rae)
    page = text_of(client.get(PAGE + asked))
    assert {name for name in ("opensearch", "billing", "mail") if f">{name}</bdi>" in page} == shown


def test_many_come_in_pages_that_keep_the_filter(client: Client, rae: User, trail: Trail) -> None:
    for n in range(60):
        incident(Kind.GAP, f"writer{n}")
    client.force_login(rae)
    older = link(client.get(f"{PAGE}?kind=gap"), "Older ›")
    assert older == "?kind=gap&page=2"
    second = client.get(PAGE + older)
    assertContains(second, ">writer0</bdi>")
    assert link(second, "‹ Newer") == "?kind=gap&page=1"
    assertContains(client.get(f"{PAGE}?page=nonsense"), ">writer59</bdi>")


def spine_number(client: Client) -> tuple[bool, str]:
    """Whether the number beside the incidents is urgent, and the number with its words."""
    page = text_of(client.get("/cases/"))
    number = re.search(r'<span class="spine__number([^"]*)">(.*?)</span>\s*</span>', page, re.S)
    assert number
    return "urgent" in number[1], " ".join(re.sub("<[^>]*>", "", number[2]).split())


def test_the_spine_of_every_page_counts_the_unresolved(client: Client, rae: User, trail: Trail, three: None) -> None:
    client.force_login(rae)
    assert spine_number(client) == (True, "2 unresolved, 1 still failing")
    record_recovery(Kind.OUTAGE, "opensearch")
    assert spine_number(client) == (False, "2 unresolved")
    Incident.objects.update(resolved_at=timezone.now())
    assertNotContains(client.get("/cases/"), "unresolved")


def test_hostile_words_are_shown_as_words(client: Client, rae: User, trail: Trail) -> None:
    incident(Kind.GAP, "<script>\u202e")
    client.force_login(rae)
    response = client.get(PAGE)
    assertNotContains(response, "<script>\u202e")
    assertNotContains(response, "\u202e")


def test_no_incident_is_said_so(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "No incidents here")


def test_it_is_shown_while_the_trail_is_down(client: Client, rae: User, no_trail: None, three: None) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "opensearch")


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
