"""How far a source's clock was off: noted in a case, shown, and put into no event."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.clock_skews import services as clock_skews
from investigations.clock_skews.offsets import MOST, read_offset, write_offset
from investigations.models import Case, ClockSkew
from tests.support.factories.cases import close_case, open_case
from tests.support.pages import audit_log
from trail.connection import Trail

WORDS = {
    "field": "service.name",
    "value": "scan<ner>",
    "length": "1 min 35.2 s",
    "direction": "ahead",
    "reason": "Its own NTP log says so",
}
EVENT = {"@timestamp": "2026-03-01T09:00:00.5Z", "service": {"name": "scanner"}, "event": {"dataset": "ci"}}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/clock-skews/"


@pytest.fixture
def skew(case: Case, alice: User) -> ClockSkew:
    return clock_skews.add_clock_skew(
        case=case, field="service.name", value="scanner", offset=95_200_000_000, reason="NTP", by=alice
    )


def test_it_is_noted_shown_on_record_and_withdrawn(
    client: Client, alice: User, page: str, case: Case, trail: Trail
) -> None:
    client.force_login(alice)
    assertRedirects(client.post(page, WORDS), page)
    shown = client.get(page)
    assertContains(shown, "scan&lt;ner&gt;")
    assertContains(shown, "1 min 35.2 s ahead")
    (recorded,) = audit_log(trail, "case.clock_skew.add")
    assert recorded["labels"]["offset_ns"] == "95200000000"
    skew = case.clock_skews.get()
    for sentence in ("withdrawn by Alice", "This was withdrawn before."):
        assertContains(client.post(f"{page}{skew.pk}/withdraw/", follow=True), sentence)


def test_the_corrected_time_stands_beside_the_events_own(skew: ClockSkew, case: Case) -> None:
    corrected = clock_skews.read_clock_skews(case).correct_time(EVENT)
    assert corrected is not None
    assert corrected.time == "2026-03-01T08:58:25.300000000Z"
    assert corrected.words == "the clock of scanner was 1 min 35.2 s ahead"
    assert EVENT["@timestamp"] == "2026-03-01T09:00:00.5Z"
    assert clock_skews.read_clock_skews(case).correct_time(EVENT | {"service": {"name": "auth"}}) is None


def test_the_most_particular_source_counts(skew: ClockSkew, case: Case, alice: User) -> None:
    clock_skews.add_clock_skew(case=case, field="event.dataset", value="ci", offset=-1, reason="x", by=alice)
    corrected = clock_skews.read_clock_skews(case).correct_time(EVENT)
    assert corrected is not None
    assert "scanner" in corrected.words


def test_a_source_has_one_skew_at_a_time(client: Client, skew: ClockSkew, case: Case, alice: User, page: str) -> None:
    client.force_login(alice)
    again = WORDS | {"value": "scanner"}
    assertContains(client.post(page, again), "noted already; withdraw that first", status_code=400)
    clock_skews.withdraw_clock_skew(skew=skew, by=alice)
    assert clock_skews.read_clock_skews(case).correct_time(EVENT) is None
    assertRedirects(client.post(page, again), page)


def test_what_is_no_length_is_said(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    for length in ("soon", "0 s", "401 d", "1.0000000001 s", "1 s later"):
        response = client.post(page, WORDS | {"length": length})
        assertContains(response, "Write a length such as 95.2 s or 1 h 2 min", status_code=400)
        assertContains(response, length, status_code=400)
    assert not ClockSkew.objects.exists()


def test_who_may_and_what_is_closed(
    client: Client, charlie: User, rae: User, alice: User, skew: ClockSkew, case: Case, page: str
) -> None:
    for user, status in ((charlie, 404), (rae, 403)):
        client.force_login(user)
        for address in (page, f"{page}{skew.pk}/withdraw/"):
            assert client.post(address, WORDS).status_code == status
    other = open_case(alice, title="Another matter")
    client.force_login(alice)
    assert client.post(f"/cases/{other.public_id}/clock-skews/{skew.pk}/withdraw/").status_code == 404
    close_case(case, alice)
    assertContains(client.post(page, WORDS), "This case is closed", status_code=400)
    assertContains(client.post(f"{page}{skew.pk}/withdraw/", follow=True), "This case is closed")
    with pytest.raises(Refused):
        clock_skews.withdraw_clock_skew(skew=skew, by=alice)


@given(st.integers(1, MOST))
def test_a_length_is_read_as_it_is_written(nanoseconds: int) -> None:
    assert read_offset(write_offset(nanoseconds)) == nanoseconds
    assert read_offset(write_offset(-nanoseconds)) == nanoseconds
