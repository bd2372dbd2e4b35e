"""The bars of a page on the real engine: they sum to what was found, and show the time in which it lies."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.support.factories.events import event, use, write
from trail.connection import Trail
from trail.search import execute
from trail.search.bodies import histogram
from trail.search.spec import WHOLE_TRAIL, Search
from trail.times import SECOND, format_datetime, parse_time, subtract_times

BEGIN = datetime(2026, 9, 1, 5, 13, 7, tzinfo=UTC)


@pytest.fixture
def clustered(trail: Trail) -> Trail:
    """Events over 90 days: some anywhere, many within hours, seconds and one instant of each other, one at each end of a bar."""
    numbers = random.Random(15)
    spans = [
        (timedelta(days=90), 150),
        (timedelta(hours=3), 90),
        (timedelta(minutes=20), 60),
        (timedelta(seconds=9), 70),
    ]
    times = [
        BEGIN + timedelta(days=7 * number) + numbers.random() * span
        for number, (span, count) in enumerate(spans)
        for _ in range(count)
    ]
    times += [datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 8, tzinfo=UTC)]
    write(trail, *(event(at=format_datetime(time), user__id=f"u{number % 3}") for number, time in enumerate(times)))
    return trail


def _seconds_of_bar(page: execute.Page) -> int:
    return subtract_times(page.bars[0].end, page.bars[0].start) // SECOND


def test_bars_sum_to_the_total_for_any_range_and_are_the_shortest_of_which_ninety_suffice(clustered: Trail) -> None:
    numbers = random.Random(60)
    for attempt in range(40):
        begin = BEGIN + numbers.random() * timedelta(days=95) - timedelta(days=2)
        end = begin + numbers.choice((timedelta(days=60), timedelta(days=8), timedelta(hours=4), timedelta(minutes=3)))
        search = Search(
            text=numbers.choice(("", "user.id:u1")),
            start=None if attempt % 5 == 0 else format_datetime(begin),
            end=None if attempt % 7 == 0 else format_datetime(max(begin, end)),
        )
        zone = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York")[attempt % 4]
        page = execute.read_page(clustered, search, WHOLE_TRAIL, size=numbers.choice((1, 50)), zone=zone)
        assert sum(bar.total for bar in page.bars) == page.total, search
        if not page.total:
            continue
        assert page.first is not None
        assert page.last is not None
        lengths = {subtract_times(bar.end, bar.start) // SECOND for bar in page.bars}
        step = histogram.choose_step(page.first, page.last, zone)
        assert lengths == {step} or (zone != "UTC" and lengths <= {step, step - 3600, step + 3600}), search
        assert len(page.bars) <= histogram.BARS
        assert all(earlier.end == later.start for earlier, later in pairwise(page.bars))
        assert parse_time(page.bars[0].start) <= parse_time(page.first) < parse_time(page.bars[0].end)
        assert parse_time(page.bars[-1].start) <= parse_time(page.last) < parse_time(page.bars[-1].end)


def test_an_event_in_the_bar_that_the_range_ends_in_is_counted(trail: Trail) -> None:
    write(trail, *(use("t", at=f"2026-11-{day:02d}T11:30:00Z") for day in range(1, 13)))
    for start in ("2026-10-01T05:13:00Z", "2026-11-01"):
        page = execute.read_page(trail, Search(start=start, end="2026-11-12T11:34:00Z"), WHOLE_TRAIL)
        assert (page.total, sum(bar.total for bar in page.bars), page.bars[-1].total) == (12, 12, 1)


def test_events_that_lie_in_three_hours_of_a_long_trail_show_three_hours(trail: Trail) -> None:
    write(trail, use("old", at="2026-09-01T00:00:00Z"), use("new", at="2026-11-20T00:00:00Z"))
    write(trail, *(use("few", at=format_datetime(BEGIN + timedelta(minutes=7 * number))) for number in range(24)))
    write(trail, *(use("many", at=format_datetime(BEGIN + timedelta(minutes=2 * number))) for number in range(90)))
    execute.read_ends(trail)
    for token, requests in (("few", 1), ("many", 2)):
        before = _count_requests(trail)
        page = execute.read_page(trail, Search(text=f"token.id:{token}"), WHOLE_TRAIL)
        assert (_seconds_of_bar(page), 17 <= len(page.bars) <= 19) == (600, True), token
        assert sum(bar.counts["success"] for bar in page.bars if bar.total) == page.total
        assert _count_requests(trail) - before == requests


def _count_requests(trail: Trail) -> int:
    return int(trail.client.transport.get_connection().pool.num_requests)


def test_a_bar_of_a_day_holds_what_a_search_of_that_day_of_the_zone_finds(clustered: Trail) -> None:
    page = execute.read_page(clustered, Search(), WHOLE_TRAIL, zone="America/New_York")
    assert {bar.start[10:] for bar in page.bars} == {"T04:00:00.000Z", "T05:00:00.000Z"}
    for bar in page.bars[::7]:
        assert execute.count(clustered, Search(start=bar.start, end=bar.end), WHOLE_TRAIL) == bar.total
