"""Ranges of time: exact to the nanosecond, within what the trail can hold."""

from hypothesis import given
from hypothesis import strategies as st

from investigations.presentation.timespans import TimeRange, range_around, to_time
from trail.times import parse_time

LAST = parse_time("2261-12-31T23:59:59.999999999Z")
instants = st.integers(0, LAST)


@given(instants)
def test_a_time_reads_back_to_the_nanosecond(instant: int) -> None:
    assert parse_time(to_time(instant)) == instant


@given(st.tuples(instants, instants).map(sorted).filter(lambda ends: ends[0] < ends[1]))
def test_beside_each_other_there_is_neither_gap_nor_overlap(ends: list[int]) -> None:
    shown = TimeRange(*ends)
    assert shown.earlier().end == shown.begin
    assert shown.later().begin == shown.end
    assert shown.earlier().length == shown.later().length == shown.length
    assert shown.wider().begin < shown.begin
    assert shown.wider().end > shown.end
    assert shown.begin <= shown.narrower().begin <= shown.narrower().end <= shown.end


def test_around_an_event_holds_the_event_itself() -> None:
    assert range_around("2026-11-24T09:30:00.123456789Z", 5, "m").words() == (
        "2026-11-24T09:25:00.123456789Z",
        "2026-11-24T09:35:00.12345679Z",
    )


def test_what_lies_outside_of_the_trail_becomes_its_end() -> None:
    assert TimeRange(-5, LAST + 9).words() == ("1970-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z")
