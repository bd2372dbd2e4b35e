"""What was entered by hand stands in the timeline, marked as that, with the phases that begin there."""

import re

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.clock_skews import services as clock_skews
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, ManualEvent
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import use
from tests.support.factories.large_cases import fill_case
from tests.support.pages import text_of
from trail.connection import Trail
from trail.times import format_time, parse_time


def enter(case: Case, by: User, starts: str, title: str = "They called", **words: str) -> ManualEvent:
    entered = ManualEventWords(kind="call", title=title, starts=starts, **words)
    return manual_events.add_manual_event(case=case, words=entered, by=by)


def _rows(page: str) -> list[str]:
    """The labels of the timeline in order, and the phases between them."""
    found = re.findall(r'<li class="phase">([^<]+?)\s*<|<li class="item[^>]*\s+id="([EM]\d+)"', page)
    return [(phase or label).strip() for phase, label in found]


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/"


@pytest.fixture
def told(case: Case, alice: User, trail: Trail) -> Case:
    """Three uses at 10:00, 11:00 and 12:00, that are alike."""
    pin(trail, case, alice, *(use("t", id=f"e{hour}", at=f"2026-03-01T{hour}:00:00Z") for hour in (10, 11, 12)))
    return case


def test_it_stands_where_it_was_and_parts_what_is_alike(client: Client, alice: User, told: Case, page: str) -> None:
    enter(told, alice, "2026-03-01T09:00:00Z", phase="initial_access")
    enter(told, alice, "2026-03-01T11:30:00.000000001Z", "They <b>called", ends="2026-03-01T11:45:00Z")
    enter(told, alice, "2026-03-01T13:00:00Z", phase="contained")
    client.force_login(alice)
    shown = client.get(page)
    assert _rows(text_of(shown)) == ["Initial access", "M1", "E1", "E2", "M2", "E3", "Contained", "M3"]
    assertContains(shown, "They &lt;b&gt;called")
    assertContains(shown, "Call, entered by hand", 3)
    assertContains(shown, "<b>2 alike</b>", 1)


def test_the_picture_marks_phases_and_what_was_entered(client: Client, alice: User, told: Case, page: str) -> None:
    enter(told, alice, "2026-03-01T09:00:00Z", phase="initial_access")
    enter(told, alice, "2026-03-01T11:30:00Z", '"><script>', ends="2026-03-01T11:45:00Z")
    client.force_login(alice)
    shown = client.get(page)
    assertContains(shown, "ll-milestone")
    assertContains(shown, "Entered by hand")
    assertContains(shown, "m-manual")
    assertNotContains(shown, '<script>"')
    lanes = client.get(f"{page}?lanes=phases")
    assertContains(lanes, "Initial access</bdi>")


def test_a_phase_narrows_the_timeline_to_each_time_that_it_was_one(
    client: Client, alice: User, told: Case, page: str
) -> None:
    for starts, phase in (("10:30", "discovery"), ("11:30", "contained"), ("11:45", "discovery")):
        enter(told, alice, f"2026-03-01T{starts}:00Z", phase=phase)
    client.force_login(alice)
    shown = client.get(f"{page}?phase=discovery")
    assert [row for row in _rows(text_of(shown)) if row[0] in "EM"] == ["M1", "E2", "M3", "E3"]
    assertContains(shown, "2 of 3 shown")
    assert _rows(text_of(client.get(f"{page}?phase=impact"))) == []
    assertNotContains(client.get(f"{page}?relevance=key"), 'id="M1"')


def test_what_is_withdrawn_is_gone_and_begins_no_phase(client: Client, alice: User, told: Case, page: str) -> None:
    event = enter(told, alice, "2026-03-01T09:00:00Z", phase="initial_access")
    manual_events.withdraw_manual_event(event=event, reason="no", by=alice)
    client.force_login(alice)
    assertNotContains(client.get(page), 'class="phase"')
    assertNotContains(client.get(page), 'id="M1"')


def test_it_stands_in_a_case_without_evidence(client: Client, alice: User, case: Case, page: str) -> None:
    enter(case, alice, "2026-03-01T09:00:00Z")
    client.force_login(alice)
    assertContains(client.get(page), 'id="M1"')


def test_a_clock_that_was_wrong_is_said_and_the_order_stays(client: Client, alice: User, told: Case, page: str) -> None:
    dataset = told.evidence.get(number=2).document["event"]["dataset"]
    clock_skews.add_clock_skew(
        case=told, field="event.dataset", value=dataset, offset=2 * 3_600_000_000_000, reason="NTP", by=alice
    )
    client.force_login(alice)
    shown = client.get(page)
    assertContains(shown, f"the clock of {dataset} was 2 h ahead", 3)
    assertContains(shown, 'datetime="2026-03-01T09:00:00.000000000Z"')
    assert _rows(text_of(shown)) == ["E1", "E2", "E3"]


@pytest.fixture
def long_case(alice: User, trail: Trail) -> Case:
    case = open_case(alice, title="Long")
    fill_case(case, alice, 600)
    return case


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(-0.1, 1.1), min_size=1, max_size=8))
def test_over_all_pages_each_stands_exactly_once_and_in_order(long_case: Case, alice: User, parts: list[float]) -> None:
    ends = long_case.evidence.in_time_order().values_list("event_timestamp", flat=True)
    first, last = parse_time(ends[0]), parse_time(list(ends)[-1])
    before = set(long_case.manual_events.values_list("number", flat=True))
    for part in parts:
        enter(long_case, alice, format_time(first + int((last - first) * part)))
    client = Client()
    client.force_login(alice)
    address, seen = f"/cases/{long_case.public_id}/", list[str]()
    while address:
        page = text_of(client.get(address))
        seen += [label for label in _rows(page) if label.startswith("M")]
        later = re.search(r'href="(\?[^"]*after=E\d+[^"]*)"', page)
        address = f"/cases/{long_case.public_id}/{later[1].replace('&amp;', '&')}" if later else ""
    in_order = long_case.manual_events.order_by("place", "number")
    assert seen == [event.label for event in in_order]
    assert len(seen) == len(before) + len(parts)
