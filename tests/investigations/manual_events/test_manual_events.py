"""What is entered into a case's timeline by hand."""

from zoneinfo import ZoneInfo

import pytest
from django.forms import ValidationError
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, ManualEvent, ManualEventVersion
from investigations.time_field import read_typed_time
from tests.support.concurrency import at_once
from tests.support.factories.cases import close_case, open_case
from tests.support.pages import audit_log, hidden_fields
from trail.connection import Trail
from trail.times import format_time, parse_time

WORDS = {
    "title": "The owner <called>",
    "kind": "call",
    "starts": "2026-03-01 09:00",
    "ends": "2026-03-01T09:12:30.5Z",
    "phase": "detected",
    "details": "See **E1**",
}
CALL = ManualEventWords(kind="call", title="The owner called", starts="2026-03-01T09:00:00.000000000Z")


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/manual-events/"


@pytest.fixture
def event(case: Case, alice: User) -> ManualEvent:
    return manual_events.add_manual_event(case=case, words=CALL, by=alice)


def test_a_member_enters_what_no_log_says_and_it_is_marked_and_on_record(
    client: Client, alice: User, case: Case, page: str, trail: Trail
) -> None:
    client.force_login(alice)
    assertRedirects(client.post(page, WORDS), f"/cases/{case.public_id}/")
    entered = ManualEvent.objects.get()
    assert (entered.label, entered.starts, entered.ends) == (
        "M1",
        "2026-03-01T09:00:00.000000000Z",
        "2026-03-01T09:12:30.500000000Z",
    )
    assertContains(client.get(page), "The owner &lt;called&gt;")
    shown = client.get(f"{page}1/")
    assertContains(shown, "Call, entered by hand")
    assertContains(shown, "<strong>E1</strong>")
    (recorded,) = audit_log(trail, "case.manual_event.add")
    assert recorded["labels"] == {"manual_event": "M1", "kind": "call", "phase": "detected"}
    assert "owner" not in str(recorded)


def test_every_version_stays_and_of_two_at_once_the_second_sees_both(
    alice: User, bob: User, page: str, event: ManualEvent
) -> None:
    first, second = Client(), Client()
    first.force_login(alice)
    second.force_login(bob)
    shown = hidden_fields(second.get(f"{page}1/change/"))
    first.post(f"{page}1/change/", hidden_fields(first.get(f"{page}1/change/")) | WORDS)
    response = second.post(f"{page}1/change/", shown | WORDS | {"title": "The owner wrote"})
    assertContains(response, "The owner &lt;called&gt;", status_code=409)
    assertContains(response, "The owner wrote", status_code=409)
    with pytest.raises(Conflict):
        manual_events.change_manual_event(event=event, words=CALL, revision=1, by=bob)
    versions = ManualEventVersion.objects.filter(event=event).order_by("number")
    assert [version.words["title"] for version in versions] == ["The owner called", "The owner <called>"]
    assertContains(first.get(f"{page}1/"), "The owner called")


def test_the_same_words_again_are_no_version(event: ManualEvent, bob: User) -> None:
    manual_events.change_manual_event(event=event, words=CALL, revision=1, by=bob)
    assert event.versions.count() == 1


def test_it_is_withdrawn_with_a_reason_and_stays(
    client: Client, bob: User, page: str, event: ManualEvent, trail: Trail
) -> None:
    client.force_login(bob)
    assertContains(client.post(f"{page}1/", {"reason": ""}), "This field is required", status_code=400)
    assertRedirects(client.post(f"{page}1/", {"reason": "It was another day"}), page)
    assertContains(client.get(f"{page}1/"), "It was another day")
    assertNotContains(client.get(f"{page}1/"), f"{page}1/change/")
    with pytest.raises(Refused, match="withdrawn before, by Bob"):
        manual_events.withdraw_manual_event(event=event, reason="Again", by=bob)
    with pytest.raises(Refused, match="was withdrawn by Bob"):
        manual_events.change_manual_event(event=event, words=CALL, revision=1, by=bob)
    assert len(audit_log(trail, "case.manual_event.withdraw")) == 1


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    response = client.post(page, WORDS | {"starts": "yesterday"})
    assertContains(response, "Write a time such as 2026-11-24 09:30:00.125", status_code=400)
    assertContains(response, "yesterday", status_code=400)
    assertContains(client.post(page, WORDS | {"ends": "2026-02-01"}), "It ends before it begins.", status_code=400)
    assert not ManualEvent.objects.exists()


def test_a_closed_case_takes_none(client: Client, case: Case, alice: User, page: str, event: ManualEvent) -> None:
    close_case(case, alice)
    client.force_login(alice)
    for address in (page, f"{page}1/change/"):
        response = client.post(address, WORDS | {"revision": "1"})
        assertContains(response, "This case is closed", status_code=400)
    assertContains(client.post(f"{page}1/", {"reason": "Wrong"}), "This case is closed", status_code=400)
    event.refresh_from_db()
    assert event.withdrawn_at is None
    assert event.title == "The owner called"


def test_a_trail_that_is_down_changes_nothing(client: Client, alice: User, page: str, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS), "Nothing was changed.", status_code=503)
    assert not ManualEvent.objects.exists()


def test_strangers_readers_and_other_cases(
    client: Client, charlie: User, rae: User, alice: User, page: str, event: ManualEvent
) -> None:
    for user, status in ((charlie, 404), (rae, 403)):
        client.force_login(user)
        for address in (page, f"{page}1/", f"{page}1/change/"):
            assert client.post(address, WORDS | {"reason": "x"}).status_code == status
    other = open_case(alice, title="Another matter")
    client.force_login(alice)
    assert client.get(f"/cases/{other.public_id}/manual-events/1/").status_code == 404
    event.refresh_from_db()
    assert event.withdrawn_at is None


def test_the_list_of_cases_finds_what_was_entered(client: Client, case: Case, alice: User, event: ManualEvent) -> None:
    open_case(alice, title="Another matter")
    client.force_login(alice)
    assert list(client.get("/cases/", {"q": "owner called"}).context["cases"]) == [case]


@pytest.mark.django_db(transaction=True)
def test_those_that_are_entered_at_once_are_numbered_apart(case: Case, alice: User, bob: User, trail: Trail) -> None:
    at_once(*(lambda by=by: manual_events.add_manual_event(case=case, words=CALL, by=by) for by in (alice, bob, alice)))
    assert sorted(ManualEvent.objects.values_list("number", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2026-03-01", "2026-02-28T23:00:00.000000000Z"),
        ("2026-03-01 09:00", "2026-03-01T08:00:00.000000000Z"),
        ("2026-07-01 09:00:00.123456789", "2026-07-01T07:00:00.123456789Z"),
        ("2026-07-01T09:00Z", "2026-07-01T09:00:00.000000000Z"),
        ("2026-07-01 09:00-05", "2026-07-01T14:00:00.000000000Z"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00.000000000Z"),  # twice; the first
    ],
)
def test_a_typed_time_is_of_the_persons_zone_unless_it_says_another(typed: str, instant: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert read_typed_time(typed) == instant


@given(st.integers(0, 9_000_000_000_000_000_000))
def test_an_instant_is_read_as_it_is_written(nanoseconds: int) -> None:
    with timezone.override(ZoneInfo("America/New_York")):
        assert parse_time(read_typed_time(format_time(nanoseconds))) == nanoseconds


@pytest.mark.parametrize(
    "typed", ["", "noon", "2026-13-01", "1969-12-31T23:59:59Z", "2300-01-01", "9999-12-31", "0001-01-01"]
)
def test_what_no_event_has_as_its_time_is_refused(typed: str) -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")), pytest.raises(ValidationError):
        read_typed_time(typed)
