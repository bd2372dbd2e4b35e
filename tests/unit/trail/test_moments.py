"""Times compared and subtracted to the nanosecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.moments import gap, just_after, nanoseconds, time_of


@given(st.integers(0, 2**63 - 1))
def test_a_time_comes_back_as_it_went(moment: int) -> None:
    assert nanoseconds(time_of(moment)) == moment
    assert nanoseconds(just_after(time_of(moment))) == moment + 1


@pytest.mark.parametrize("time", ["2026-11-24", "2026-11-24T00:00:00Z", "2026-11-24T00:00:00.000Z"])
def test_a_time_is_the_same_however_short_it_is_written(time: str) -> None:
    assert time_of(nanoseconds(time)) == "2026-11-24T00:00:00.000000000Z"


def test_a_gap_is_negative_when_the_second_came_first() -> None:
    assert gap("2026-01-01T00:00:00.000000002Z", "2026-01-01T00:00:00.000000001Z") == -1
