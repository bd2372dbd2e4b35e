"""What is alike and follows one upon the other is one entry of a timeline."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from accounts.models import User
from investigations.evidence import absences
from investigations.models import Case
from investigations.timeline.entries import TimelineEntry, fold_entries
from tests.support.factories.cases import pin
from tests.support.factories.events import revoke, use
from trail.connection import Trail
from trail.search.spec import Search


def _labels(entries: list[TimelineEntry]) -> list[list[str]]:
    return [[item.evidence.label for item in entry.items] for entry in entries]


@pytest.fixture
def builds(case: Case, alice: User, trail: Trail) -> None:
    """Three builds, something else, two builds more, and two revocations that look alike."""
    day = "2026-10-0{}T00:00:00Z"
    events = [use("tok", user__id="runner", at=day.format(n)) for n in (1, 2, 3)]
    events.append(use("tok", user__id="somebody", at=day.format(4)))
    events += [use("tok", user__id="runner", at=day.format(n)) for n in (5, 6)]
    events += [revoke("tok", user__id="ada", at=day.format(n)) for n in (7, 8)]
    pin(trail, case, alice, *events, reason="Builds")


@pytest.mark.usefixtures("builds")
def test_equal_events_are_folded_where_they_follow_one_another_and_none_is_lost(case: Case) -> None:
    entries = fold_entries(case.evidence.in_time_order())
    assert _labels(entries) == [["E1", "E2", "E3"], ["E4"], ["E5", "E6"], ["E7"], ["E8"]]


@pytest.mark.usefixtures("builds")
def test_the_page_shows_each_of_them_with_its_sentence(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/")
    assertContains(page, "<b>3 alike</b>")
    for number in range(1, 9):
        assertContains(page, f'id="E{number}"', count=1)
    assertContains(page, "User somebody presented token tok")


def test_what_is_pinned_for_another_reason_and_what_was_not_found_stand_by_themselves(
    case: Case, alice: User, trail: Trail
) -> None:
    for reason in ("One", "Another"):
        pin(trail, case, alice, use("tok", user__id="runner"), reason=reason)
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    assert len(fold_entries(case.evidence.in_time_order())) == 3
