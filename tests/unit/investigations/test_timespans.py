"""Stretches of time: exact to the nanosecond, within what the trail can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.timespans import Span, around, read, written

LAST = read("2261-12-31T23:59:59.999999999Z")
instants = st.integers(0, LAST)


@given(instants)
def test_a_time_reads_back_to_the_nanosecond(instant: int) -> None:
    assert read(written(instant)) == instant


def test_a_day_is_its_midnight_and_nonsense_is_refused() -> None:
    assert read("2026-11-24") == read("2026-11-24T00:00:00Z")
    for nonsense in ("now", "2026-11-24T00:00:00+01:00", "yesterday"):
        with pytest.raises(ValueError, match=r"not a time|Invalid"):
            read(nonsense)


@given(st.tuples(instants, instants).map(sorted).filter(lambda ends: ends[0] < ends[1]))
def test_beside_each_other_there_is_neither_gap_nor_overlap(ends: list[int]) -> None:
    span = Span(*ends)
    assert span.earlier().end == span.begin
    assert span.later().begin == span.end
    assert span.earlier().length == span.later().length == span.length
    assert span.wider().begin < span.begin
    assert span.wider().end > span.end
    assert span.begin <= span.narrower().begin <= span.narrower().end <= span.end


def test_around_an_event_holds_the_event_itself() -> None:
    assert around("2026-11-24T09:30:00.123456789Z", 5, "m").words() == (
        "2026-11-24T09:25:00.123456789Z",
        "2026-11-24T09:35:00.12345679Z",
    )


def test_what_lies_outside_of_the_trail_becomes_its_end() -> None:
    assert Span(-5, LAST + 9).words() == ("1970-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z")
