"""What a lifeline is drawn of, asked of the engine: every event is in it once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories.events import event, issue, revoke, use
from trail.connection import Trail
from trail.questions.lifeline import Lifeline, ask_lifeline
from trail.search import execute
from trail.search.bodies.lifeline import LANES, LISTED, LISTED_OF_A_LANE, LifelineRequest
from trail.search.spec import WHOLE_TRAIL, Filter, Search
from trail.times import SECOND, format_time, parse_time

START, END = parse_time("2026-09-01T00:00:00Z"), parse_time("2026-11-01T00:00:00Z")
FIELDS = ("source.ip", "service.name", "user_agent.original", "resource.id", "token.id", "event.action")
TOKEN_T = Search(filters=(Filter("token.id", ("t",)),))


def _events(number: int = 600) -> Iterator[dict[str, Any]]:
    random = Random(7)
    for _ in range(number):
        lane = min(int(random.expovariate(0.5)), 11)
        fields: dict[str, Any] = {"event__outcome": random.choice(("success", "success", "failure", "unknown"))}
        if random.random() < 0.8:
            fields["service__name"] = f"service-{lane}"
        if random.random() < 0.5:
            fields["user_agent__original"] = f"client/{lane % 3}"
        token = random.choice(("t", "t", "u"))
        yield use(token, source__ip=f"192.0.2.{lane}", at=format_time(random.randrange(START, END)), **fields)
    yield issue("t", "ada", at="2026-09-01T00:00:00.000000001Z", source__ip="192.0.2.200")
    yield revoke("t", at="2026-10-30T00:00:00.123456789Z", user__id="sec")
    yield event(at="2026-10-01T00:00:00Z", event__action="page.view")


@pytest.fixture(scope="module")
def busy_trail(trail_of: Callable[..., Trail]) -> Trail:
    return trail_of(*_events())


def _ask(trail: Trail, search: Search, field: str, start: int | None = None, end: int | None = None) -> Lifeline:
    request = LifelineRequest(
        search=search,
        field=field,
        start=None if start is None else format_time(start),
        end=None if end is None else format_time(end),
        lifecycle=TOKEN_T,
        ends=execute.read_ends(trail),
    )
    return ask_lifeline(trail, request, WHOLE_TRAIL, now=datetime.now(UTC))[0]


SEARCHES = (Search(), TOKEN_T, Search(text="event.outcome:failure"), Search(text="token.id:nobody"))
TIMES = st.one_of(st.none(), st.integers(START, END))


@given(st.sampled_from(SEARCHES), st.sampled_from(FIELDS), TIMES, TIMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_sum_up_to_the_total_whatever_is_drawn(
    busy_trail: Trail, search: Search, field: str, start: int | None, end: int | None
) -> None:
    if start is not None and end is not None and start >= end:
        start, end = end, start + 1
    answer = _ask(busy_trail, search, field, start, end)
    assert answer.total == execute.count(busy_trail, search, WHOLE_TRAIL)
    assert sum(lane.count for lane in answer.lanes) + answer.others + answer.missing == answer.total
    assert sum(part.count for part in answer.overview.bins) == answer.total
    for lane in answer.lanes:
        assert lane.error == 0
        assert sum(part.count for part in lane.bins) == lane.drawn <= lane.count
        assert len(lane.moments) == min(lane.drawn, LISTED_OF_A_LANE)
        assert all((start or START) <= moment.time < (end or END + 1) for moment in lane.moments)
        assert lane.accepted + lane.denied <= lane.count
    if start is end is None:
        assert sum(lane.drawn for lane in answer.lanes) + answer.others + answer.missing == answer.total


def test_what_is_listed_is_exact_to_the_nanosecond(busy_trail: Trail) -> None:
    answer = _ask(busy_trail, TOKEN_T, "source.ip")
    assert [(moment.kind, format_time(moment.time)) for moment in answer.lifecycle] == [
        ("issued", "2026-09-01T00:00:00.000000001Z"),
        ("revoked", "2026-10-30T00:00:00.123456789Z"),
    ]
    assert answer.lifecycle[1].named["user.id"] == "sec"
    times = [moment.time for moment in answer.denied]
    assert times == sorted(times)
    assert {moment.kind for moment in answer.denied} == {"denied"}
    assert len(answer.denied) == min(answer.denied_total, LISTED)


def test_a_lane_names_its_ends_and_what_was_accepted_first_and_last(trail_of: Callable[..., Trail]) -> None:
    trail = trail_of(
        use("t", id="refused", at="2026-10-01T00:00:00.000000001Z", event__outcome="failure"),
        use("t", id="accepted", at="2026-10-01T00:00:00.000000002Z", user_agent__original="curl/8"),
        use("t", id="later", at="2026-10-09T00:00:00.5Z"),
    )
    request = LifelineRequest(TOKEN_T, "source.ip", beside=("user_agent.original",))
    (lane,) = ask_lifeline(trail, request, WHOLE_TRAIL, now=datetime.now(UTC))[0].lanes
    assert lane.first_accepted
    assert lane.last_accepted
    assert (lane.first.event_id, lane.first_accepted.event_id, lane.last_accepted.event_id) == (
        "refused",
        "accepted",
        "later",
    )
    assert lane.first.time == parse_time("2026-10-01T00:00:00.000000001Z")
    assert [moment.event_id for moment in lane.moments] == ["refused", "accepted", "later"]
    assert lane.is_listed
    assert lane.beside == {"user_agent.original": ("curl/8",)}


def test_lanes_are_the_commonest_and_the_others_are_counted(busy_trail: Trail) -> None:
    answer = _ask(busy_trail, Search(), "source.ip")
    assert len(answer.lanes) == LANES
    assert [lane.count for lane in answer.lanes] == sorted((lane.count for lane in answer.lanes), reverse=True)
    assert answer.other_lanes == 6
    assert answer.others > 0


def test_a_long_lane_is_bars_and_a_short_one_is_events(busy_trail: Trail) -> None:
    lanes = _ask(busy_trail, Search(), "source.ip").lanes
    assert not lanes[0].is_listed
    assert lanes[0].drawn > LISTED_OF_A_LANE
    assert lanes[-1].is_listed


def test_one_round_trip_is_enough(busy_trail: Trail) -> None:
    _ask(busy_trail, TOKEN_T, "source.ip")
    pool = busy_trail.client.transport.get_connection().pool
    before = int(pool.num_requests)
    _ask(busy_trail, TOKEN_T, "source.ip")
    assert int(pool.num_requests) - before == 1


def test_a_trail_without_events_has_an_empty_lifeline(trail: Trail) -> None:
    answer = _ask(trail, TOKEN_T, "source.ip")
    assert (answer.total, answer.lanes, answer.overview.bins, answer.first) == (0, (), (), None)


def test_bars_of_a_day_begin_at_midnight_of_the_zone(busy_trail: Trail) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    request = LifelineRequest(Search(), "source.ip", ends=execute.read_ends(busy_trail), zone="Asia/Kolkata")
    answer = ask_lifeline(busy_trail, request, WHOLE_TRAIL, now=datetime.now(UTC))[0]
    assert request.overview_step % 86_400 == 0
    assert {f"{datetime.fromtimestamp(part.start // SECOND, zone):%H:%M}" for part in answer.overview.bins} == {"00:00"}
    assert sum(part.count for part in answer.overview.bins) == answer.total
