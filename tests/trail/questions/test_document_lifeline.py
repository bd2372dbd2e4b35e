"""A lifeline of documents at hand has the figures that the engine answers for the same events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories.events import issue, revoke, use
from tests.trail.questions.test_lifeline import END, FIELDS, START, _events
from trail.connection import Trail
from trail.questions.document_lifeline import collect_lifeline
from trail.questions.lifeline import Lifeline, ask_lifeline
from trail.search.bodies.lifeline import LISTED, LifelineRequest
from trail.search.spec import WHOLE_TRAIL, Search
from trail.times import format_time, parse_time

DOCUMENTS = list(_events())
TIMES = st.one_of(st.none(), st.integers(START, END).map(format_time))
MILLISECOND = 1_000_000
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@pytest.fixture(scope="module")
def same_trail(trail_of: Callable[..., Trail]) -> Trail:
    return trail_of(*DOCUMENTS)


def _request(field: str, start: str | None, end: str | None, beside: tuple[str, ...] = ()) -> LifelineRequest:
    ends = (min(each["@timestamp"] for each in DOCUMENTS), max(each["@timestamp"] for each in DOCUMENTS))
    return LifelineRequest(Search(), field, start, end, lifecycle=Search(), beside=beside, ends=ends)


def _to_milliseconds(lifeline: Lifeline) -> Lifeline:
    """As the engine says the ends."""
    assert lifeline.first is not None
    assert lifeline.last is not None
    first, last = (time // MILLISECOND * MILLISECOND for time in (lifeline.first, lifeline.last))
    return replace(lifeline, first=first, last=last, overview=replace(lifeline.overview, first=first))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), start=TIMES, end=TIMES, zone=st.sampled_from(ZONES))
def test_it_says_what_the_engine_says(
    same_trail: Trail, field: str, start: str | None, end: str | None, zone: str
) -> None:
    request = _request(field, start, end, beside=("service.name",) if field == "source.ip" else ())
    request = replace(request, zone=zone)
    answered = ask_lifeline(same_trail, request, WHOLE_TRAIL, now=datetime.now(UTC))[0]
    assert _to_milliseconds(collect_lifeline(DOCUMENTS, request)) == answered


def _collect(*documents: dict[str, Any], field: str = "source.ip") -> Lifeline:
    return collect_lifeline(documents, LifelineRequest(Search(), field))


def test_of_nothing_there_is_nothing() -> None:
    nothing = _collect()
    assert (nothing.total, nothing.lanes, nothing.first, nothing.last) == (0, (), None, None)


def test_an_event_with_two_values_stands_in_both_lanes_and_one_without_in_none() -> None:
    both = _collect(use("t", user__roles=["admin", "dev"]), use("t"), field="user.roles")
    assert [(lane.value, lane.count) for lane in both.lanes] == [("admin", 1), ("dev", 1)]
    assert (both.total, both.missing) == (2, 1)


def test_what_a_token_went_through_is_listed_in_order() -> None:
    life = _collect(revoke("t", at="2026-10-03T00:00:00Z"), issue("t", "ada", at="2026-10-01T00:00:00Z"))
    assert [(moment.kind, moment.time) for moment in life.lifecycle] == [
        ("issued", parse_time("2026-10-01T00:00:00Z")),
        ("revoked", parse_time("2026-10-03T00:00:00Z")),
    ]


def test_more_denials_than_are_listed_are_counted() -> None:
    many = _collect(*(use("t", event__outcome="failure") for _ in range(LISTED + 1)))
    assert (len(many.denied), many.denied_total, many.lists_denied) == (LISTED, LISTED + 1, False)
