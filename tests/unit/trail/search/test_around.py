"""A stretch of time around an event, exact to the nanosecond."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.search.around import around

FIVE = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("time", "start", "end"),
    [
        ("2026-03-01T00:00:00.000000001Z", "2026-02-28T23:55:00.000000001Z", "2026-03-01T00:05:00.000000001Z"),
        ("2026-03-01T00:00:00.5Z", "2026-02-28T23:55:00.500000000Z", "2026-03-01T00:05:00.500000000Z"),
        ("1970-01-01T00:01:00Z", "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:06:00.000000000Z"),
    ],
)
def test_it_reaches_five_minutes_to_either_side(time: str, start: str, end: str) -> None:
    assert around(time, FIVE) == (start, end)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2261, 1, 1)), st.integers(0, 999_999_999), st.integers(0, 86_400))
def test_the_event_lies_in_the_middle_to_the_nanosecond(second: datetime, nanoseconds: int, span: int) -> None:
    time = f"{second:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"
    start, end = around(time, timedelta(seconds=span))
    assert start <= time <= end
    assert start[19:] == time[19:] == end[19:]
    whole = datetime.fromisoformat(end[:19]) - datetime.fromisoformat(start[:19])
    assert whole == timedelta(seconds=2 * span)


def test_what_is_no_time_of_an_event_is_refused() -> None:
    for text in ("now", "2026-03-01", "2026-03-01T00:00:00+01:00", "2026-03-01T00:00:00.0000000001Z"):
        with pytest.raises(ValueError, match="no time of an event"):
            around(text, FIVE)
