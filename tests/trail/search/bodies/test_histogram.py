"""Bars over time: a round length each, few enough to be seen, no event lost, no gap."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trail.search.bodies import histogram
from trail.search.spec import Search
from trail.times import find_second, format_milliseconds, read_ahead

BEGIN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def _at(second: int) -> str:
    return format_milliseconds((BEGIN + second) * 1000)


def test_the_steps_that_are_asked_for_are_as_fine_as_the_range_and_the_trails_own_ends_allow() -> None:
    def step(ends: tuple[str, str] | None, **ask: str) -> str:
        return str(histogram.build_histogram(Search(**ask), ends)["date_histogram"]["fixed_interval"])

    assert step(None) == "86400s"
    assert step(None, start="now-1d", end="now") == "86400s"
    assert step(None, start="2026-11-01T00:00:00Z", end="2026-11-02T00:00:00Z") == "600s"
    assert step(("2026-11-24T00:00:00.000Z", "2026-11-24T10:00:00.000Z")) == "600s"
    assert step(("2020-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")) == "604800s"
    assert step(("2020-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"), start="2025-12-31") == "600s"


def test_a_bar_is_as_short_as_at_most_ninety_of_them_allow() -> None:
    steps = {seconds: histogram.choose_step(_at(0), _at(seconds)) for seconds in (0, 89, 90, 10_800, 86_400 * 14)}
    assert steps == {0: 1, 89: 1, 90: 10, 10_800: 600, 86_400 * 14: 21_600}


def test_weeks_begin_on_a_monday() -> None:
    week = histogram.build_histogram(Search(), step=histogram.WEEK)["date_histogram"]
    assert week["offset"] == "345600s"
    (bar,) = histogram.make_bars([histogram.StepCount(BEGIN, 1, {})], histogram.WEEK)
    assert (bar.start, bar.end) == ("2025-12-29T00:00:00.000Z", "2026-01-05T00:00:00.000Z")


@given(
    st.dictionaries(st.integers(0, 3_000), st.integers(1, 9), min_size=1, max_size=40),
    st.sampled_from([60, 3600, 86_400]),
)
def test_bars_are_put_together_without_loss_and_without_gap(numbers: dict[int, int], fine: int) -> None:
    buckets = [
        {
            "key": (BEGIN + place * fine) * 1000,
            "doc_count": number,
            "stack": {"buckets": [{"key": "failure", "doc_count": 1}]},
        }
        for place, number in sorted(numbers.items())
    ]
    bars = histogram.read_bars({"buckets": buckets}, fine=fine)
    assert sum(bar.total for bar in bars) == sum(numbers.values())
    assert sum(bar.counts.get("failure", 0) for bar in bars) == len(numbers)
    assert len(bars) <= histogram.BARS
    assert bars[0].total
    assert bars[-1].total
    assert all(earlier.end == later.start for earlier, later in pairwise(bars))
    lengths = {datetime.fromisoformat(bar.end) - datetime.fromisoformat(bar.start) for bar in bars}
    (length,) = lengths
    assert int(length / timedelta(seconds=1)) in histogram.STEPS


ZONES = ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Havana", "Asia/Beirut"]


@given(
    st.lists(st.integers(0, 86_400 * 700), min_size=1, max_size=30),
    st.sampled_from([each for each in histogram.STEPS if each <= histogram.DAY]),
    st.sampled_from(ZONES),
)
def test_each_second_lies_in_the_bar_that_counts_it_by_the_clocks_of_any_zone(
    seconds: list[int], step: int, zone: str
) -> None:
    counted = [histogram.StepCount(BEGIN + second, 1, {}) for second in sorted(seconds)[:3]]
    bars = histogram.make_bars(counted, max(step, 3600), zone)
    assert sum(bar.total for bar in bars) == len(counted)
    assert all(earlier.end == later.start for earlier, later in pairwise(bars))
    for bar in bars:
        begin, end = (datetime.fromisoformat(time).timestamp() for time in (bar.start, bar.end))
        assert bar.total == sum(begin <= each.second < end for each in counted)
        if step == histogram.DAY:
            assert (begin + read_ahead(int(begin), zone)) % histogram.DAY == 0 or begin == find_second(
                int(begin + read_ahead(int(begin), zone)) // histogram.DAY * histogram.DAY, zone
            )


def test_a_day_on_which_the_clocks_are_changed_has_twenty_three_hours_or_twenty_five() -> None:
    days = [int(datetime(2026, *day, 12, tzinfo=UTC).timestamp()) for day in ((3, 28), (3, 30))]
    bars = histogram.make_bars([histogram.StepCount(day, 1, {}) for day in days], histogram.DAY, "Europe/Berlin")
    assert [bar.start for bar in bars] == [
        "2026-03-27T23:00:00.000Z",
        "2026-03-28T23:00:00.000Z",
        "2026-03-29T22:00:00.000Z",
    ]


def test_the_engine_is_asked_for_days_of_the_zone_and_for_weeks_of_utc() -> None:
    asked = [histogram.build_histogram(Search(), step=step, zone="Asia/Tokyo") for step in (60, 86_400, histogram.WEEK)]
    assert [each["date_histogram"].get("time_zone") for each in asked] == ["Asia/Tokyo", "Asia/Tokyo", None]
