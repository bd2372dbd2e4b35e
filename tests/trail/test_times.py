"""Times are read, written, compared and subtracted to the nanosecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.times import (
    NotATime,
    add_in_zone,
    cut_to_milliseconds,
    floor_in_zone,
    format_datetime,
    format_milliseconds,
    format_time,
    is_event_time,
    next_nanosecond,
    parse_datetime,
    parse_relative,
    parse_time,
    resolve_time,
    subtract_times,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAST = 10_413_792_000 * 10**9 - 1  # of the year 2299
nanoseconds = st.integers(0, LAST)


@given(nanoseconds)
def test_a_time_comes_back_as_it_went(time: int) -> None:
    assert parse_time(format_time(time)) == time
    assert parse_time(next_nanosecond(format_time(time))) == time + 1


@given(nanoseconds, nanoseconds)
def test_texts_are_in_the_order_of_the_times(one: int, other: int) -> None:
    assert (format_time(one) < format_time(other)) == (one < other)
    assert subtract_times(format_time(one), format_time(other)) == one - other


@given(
    nanoseconds,
    st.integers(-23 * 60, 23 * 60),
    st.sampled_from("Tt "),
    st.sampled_from(["seconds", "minutes", "hours"]),
)
def test_a_time_is_the_same_in_whichever_zone_and_to_whichever_precision_it_is_written(
    time: int, offset: int, between: str, timespec: str
) -> None:
    seconds = {"seconds": 1, "minutes": 60, "hours": 3600}[timespec]
    there = datetime.fromtimestamp(time // 10**9, timezone(timedelta(minutes=offset)))
    there -= timedelta(seconds=(there.hour * 3600 + there.minute * 60 + there.second) % seconds)
    assert parse_time(there.isoformat(between, timespec)) == int(there.timestamp()) * 10**9


@given(st.text(alphabet="0123456789-+:.TtZz now", max_size=32) | st.text(max_size=12))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        resolved = resolve_time(text, NOW)
    except NotATime:
        assert parse_relative(text) is None
        assert not is_event_time(text)
    else:
        assert resolve_time(resolved, NOW) == resolved
        assert resolved.endswith("Z")


@given(st.datetimes(datetime(1970, 1, 1), datetime(2259, 12, 31)).map(lambda time: time.replace(tzinfo=UTC)))
def test_a_datetime_comes_back_as_it_went(time: datetime) -> None:
    assert parse_datetime(format_datetime(time)) == time
    assert is_event_time(format_datetime(time))


@given(st.integers(0, LAST // 10**6))
def test_milliseconds_come_back_as_they_went(milliseconds: int) -> None:
    written = format_milliseconds(milliseconds)
    assert parse_time(written) == milliseconds * 10**6
    assert cut_to_milliseconds(written) == written


@pytest.mark.parametrize("time", ["2026-11-24", "2026-11-24T00Z", "2026-11-24T00:00", "2026-11-24T01:00:00.000+01:00",
                                  "2026-11-24 00:00:00z", "2026-11-23T22-0200"])  # fmt: skip
def test_a_time_is_the_same_however_short_it_is_written(time: str) -> None:
    assert format_time(parse_time(time)) == "2026-11-24T00:00:00.000000000Z"


@pytest.mark.parametrize("text", ["", "2026", "2026-11", "2026-02-29", "2026-11-24T", "2026-11-24T9Z", "2026-11-24T24Z", "0000-01-01",
                                  "2026-11-24T09:30:60Z", "2026-11-24T09:30:00.Z", "2026-11-24T09:30:00.1234567891Z",
                                  "2026-11-24T09:30.5Z", "2026-11-24T09+25:00", "2026-11-24Z", "20261124T093000Z", "2026-W48-2",
                                  "2026-11-24\n", "٢٠٢٦-11-24", "now-", "now+1d", "now-1d/d", "now-100000d", "now\n"])  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(NotATime):
        resolve_time(text, NOW)


def test_nanoseconds_that_were_typed_stay() -> None:
    assert resolve_time("2026-11-24T09:30:00.120Z", NOW) == "2026-11-24T09:30:00.120Z"
    assert resolve_time("2026-11-24T11:30:00.000000001+02:00", NOW) == "2026-11-24T09:30:00.000000001Z"


def test_what_is_relative_is_taken_from_now_but_not_from_before_1970() -> None:
    assert resolve_time("now", NOW) == "2026-11-24T12:00:00.000000Z"
    assert resolve_time("now-24h", NOW) == "2026-11-23T12:00:00.000000Z"
    assert resolve_time("now-99999y", NOW) == "1970-01-01T00:00:00.000000Z"


def test_a_difference_is_negative_when_the_second_came_first() -> None:
    assert subtract_times("2026-01-01T00:00:00.000000001Z", "2026-01-01T00:00:00.000000002Z") == -1


# --- Steps of a time zone --------------------------------------------------------------------------------------------

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo"]
)
MOMENTS = st.integers(parse_time("2000-01-01"), parse_time("2040-01-01"))
LENGTHS = st.sampled_from([1, 60, 600, 3_600, 21_600, 86_400, 7 * 86_400, 28 * 86_400])


@pytest.mark.parametrize(
    ("zone", "time", "begin", "end"),
    [
        ("UTC", "2026-10-25T12:00:00Z", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z"),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Asia/Kolkata", "2026-10-25T20:00:00Z", "2026-10-25T18:30:00Z", "2026-10-26T18:30:00Z"),
        ("Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"),
    ],
    ids=["utc", "25 hours", "23 hours", "half an hour", "no midnight"],
)
def test_a_day_begins_and_ends_at_its_midnights(zone: str, time: str, begin: str, end: str) -> None:
    start = floor_in_zone(parse_time(time), 86_400, zone)
    assert start == parse_time(begin)
    assert add_in_zone(start, 86_400, zone) == parse_time(end)


@given(time=MOMENTS, seconds=LENGTHS, zone=ZONES)
def test_a_time_lies_in_the_step_that_it_is_counted_in(time: int, seconds: int, zone: str) -> None:
    start = floor_in_zone(time, seconds, zone)
    assert start <= time < add_in_zone(start, seconds, zone)
    assert floor_in_zone(start, seconds, zone) == start
