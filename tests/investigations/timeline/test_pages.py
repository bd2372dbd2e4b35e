"""A timeline that is longer than a page is read page by page, by keys, and nothing of it is lost or shown twice."""

import re

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.models import Case
from investigations.timeline.overview import count_steps
from investigations.timeline.pages import INLINE, SHOWN, KeyPage, PagePlace, read_page, read_place
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import use
from tests.support.factories.large_cases import fill_case
from tests.support.pages import text_of
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture
def long_case(alice: User, trail: Trail) -> Case:
    """Fifty runs of forty events that are alike."""
    case = open_case(alice, title="Long")
    fill_case(case, alice, 2_000)
    return case


def _labels(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li class="item[^>]*\s+id="E(\d+)"', page)]


def test_what_is_alike_is_one_entry_and_is_asked_for_when_it_is_unfolded(
    client: Client, alice: User, long_case: Case
) -> None:
    client.force_login(alice)
    page = client.get(f"/cases/{long_case.public_id}/")
    assertContains(page, "<b>40 alike</b>", 49)
    assertContains(page, f'hx-get="/cases/{long_case.public_id}/alike/40/?"', 1)
    address = f"/cases/{long_case.public_id}/alike/40/"
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "alike-40"})
    assertNotContains(part, "<html")
    assert _labels(text_of(part)) == list(range(40, 80))
    assert _labels(text_of(client.get(address))) == list(range(40, 80))
    assert client.get(f"/cases/{long_case.public_id}/alike/9999/").status_code == 404


def test_more_that_is_alike_than_a_page_shows_goes_on(client: Client, case: Case, alice: User, trail: Trail) -> None:
    pin(trail, case, alice, *(use("t", user__id="u") for _ in range(SHOWN)))
    pin(trail, case, alice, *(use("t", user__id="u") for _ in range(30)))
    client.force_login(alice)
    assertContains(client.get(f"/cases/{case.public_id}/"), "<b>230 alike</b>")
    first = text_of(client.get(f"/cases/{case.public_id}/alike/1/"))
    assert _labels(first) == list(range(1, SHOWN + 1))
    assert f"/cases/{case.public_id}/alike/{SHOWN}/?from=after" in first
    rest = client.get(f"/cases/{case.public_id}/alike/{SHOWN}/?from=after")
    assert _labels(text_of(rest)) == list(range(SHOWN + 1, 231))


def test_evidence_is_on_the_page_to_which_its_link_leads_though_it_is_folded(
    client: Client, alice: User, long_case: Case
) -> None:
    client.force_login(alice)
    for number in (1, 57, 1_999):
        page = text_of(client.get(f"/cases/{long_case.public_id}/?at=E{number}"))
        assert number in _labels(page)
    assertContains(client.get(f"/cases/{long_case.public_id}/?at=E77777"), "<b>40 alike</b>")


def test_a_short_timeline_stands_whole_whatever_its_link_names(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    pin(trail, case, alice, *(use(f"tok_{number}") for number in range(8)))
    client.force_login(alice)
    assert _labels(text_of(client.get(f"/cases/{case.public_id}/?at=E5"))) == list(range(1, 9))


def test_a_day_leads_to_where_it_begins_in_the_zone_of_the_person(
    client: Client, alice: User, case: Case, trail: Trail
) -> None:
    at = "2026-10-0{}T22:30:00Z"
    pin(trail, case, alice, *(use(f"tok_{day}", at=at.format(day)) for day in range(1, 5)))
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/?day=2026-10-03")
    assert _labels(text_of(page)) == [3, 4]
    assertContains(page, "‹ Earlier")
    with timezone.override("Europe/Berlin"):
        page = read_page([case.evidence.not_withdrawn()], read_place([case], {"day": "2026-10-03"}))
        assert [key.number for entry in page.entries for key in entry] == [2, 3, 4]
        steps = count_steps(case.facts.not_withdrawn(), case.evidence.not_withdrawn())
        assert [step.day for step in steps] == [f"2026-10-0{day}" for day in range(2, 6)]


def test_the_overview_counts_every_piece_of_evidence_once(case: Case, alice: User, trail: Trail) -> None:
    at = "2026-10-0{}T12:00:00Z"
    pin(trail, case, alice, *(use(f"t{number}", at=at.format(1 + number % 3)) for number in range(7)))
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    steps = count_steps(case.facts.not_withdrawn(), case.evidence.not_withdrawn())
    assert [(step.words.split(" 2")[0], step.count) for step in steps[:3]] == [("1 Oct", 3), ("2 Oct", 2), ("3 Oct", 2)]
    assert sum(step.count for step in steps) == 8


def _walk(case: Case, *, forward: bool) -> list[int]:
    rows, place, numbers = case.evidence.not_withdrawn(), PagePlace(), list[int]()
    if not forward:
        last = rows.in_time_order().last()
        assert last is not None
        place = PagePlace((last.event_place, f"{last.event_id}~", 0), is_before=True)
    for _ in range(200):
        page: KeyPage = read_page([rows], place)
        found = [key.number for entry in page.entries for key in entry]
        numbers = [*numbers, *found] if forward else [*found, *numbers]
        if not (page.has_later if forward else page.has_earlier):
            return numbers
        end = page.last if forward else page.first
        assert end is not None
        place = PagePlace(end.place, is_after=forward, is_before=not forward)
    raise AssertionError("it never ends")


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(st.integers(1, 3 * INLINE), min_size=1, max_size=30), forward=st.booleans())
def test_whoever_goes_through_all_pages_sees_all_of_it_once(
    alice: User, trail: Trail, runs: list[int], forward: bool
) -> None:
    case = open_case(alice)
    fill_case(case, alice, sum(runs))
    number = 0
    for place, length in enumerate(runs):
        case.facts.filter(evidence__number__gt=number, evidence__number__lte=number + length).update(fold=str(place))
        number += length
    assert _walk(case, forward=forward) == list(range(1, sum(runs) + 1))


def test_withdrawn_evidence_is_counted_out_of_entities_and_picture(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    one, _ = pin(trail, case, alice, use("tok_1"), use("tok_2"))
    evidence.withdraw(evidence=one, reason="wrong", by=alice)
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/")
    assert {entity.value for entity in page.context["entities"]} == {"tok_2", "192.0.2.7"}
    assertNotContains(page, "tok_1</")
