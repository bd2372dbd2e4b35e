"""The ticks of an axis of even time: round, few, labelled once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from investigations.presentation.time_axis import TICKS, build_ticks


def _labels(begin: datetime, length: timedelta) -> list[str]:
    return [tick.label for tick in build_ticks(begin, begin + length, year=2026)]


def test_days_are_numbered_and_the_first_of_a_month_says_which() -> None:
    labels = _labels(datetime(2026, 10, 29, tzinfo=UTC), timedelta(days=14, hours=12))
    assert labels[:5] == ["29 Oct", "30", "31", "1 Nov", "2"]


def test_hours_begin_with_their_day_and_the_label_beside_a_long_one_is_left_out() -> None:
    labels = _labels(datetime(2026, 11, 12, 22, 30, tzinfo=UTC), timedelta(hours=7))
    assert labels[0] == "12 Nov, 22:30"
    assert "13 Nov" in labels
    assert labels[1] == ""


def test_years_other_than_this_one_are_said() -> None:
    assert _labels(datetime(2024, 12, 30, tzinfo=UTC), timedelta(days=4))[0] == "30 Dec 2024"
    assert _labels(datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=800))[0] == "Jan 2024"


@given(st.integers(0, 10**9), st.integers(1, 3 * 10**9))
def test_there_are_few_ticks_within_the_picture_in_order(begin: int, seconds: int) -> None:
    start = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=begin)
    ticks = build_ticks(start, start + timedelta(seconds=seconds), year=2026)
    assert len(ticks) <= TICKS + 2
    assert [tick.x for tick in ticks] == sorted({tick.x for tick in ticks})
    assert all(0 <= tick.x <= 100 for tick in ticks)
