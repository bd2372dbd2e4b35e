"""Every way of writing a time that sources have is read, exactly, or said to be none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.imports.formats.times import find_time, is_never, read_lesser_time, read_time


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("5/5/2024 4:05:31 PM", "2024-05-05T16:05:31Z"),
        ("12/31/2024, 12:00:00 AM", "2024-12-31T00:00:00Z"),
        ("5/5/2024 16:05:31", "2024-05-05T16:05:31Z"),
        ("2024-05-05T16:05:31,123Z", "2024-05-05T16:05:31.123Z"),
        ("2024-05-05 16:05:31+00", "2024-05-05T16:05:31Z"),
        ("2024-05-05 16:05:31 UTC", "2024-05-05T16:05:31Z"),
        ("2024-05-05t16:05:31z", "2024-05-05T16:05:31Z"),
        ("2024-05-05T16:05:31.1234567891Z", "2024-05-05T16:05:31.123456789Z"),
        ("2024-05-05T16:05:31-0730", "2024-05-05T23:35:31Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"),
        ("20240505T160531Z", "2024-05-05T16:05:31Z"),
        ("Sun, 05 May 2024 16:05:31 +0200", "2024-05-05T14:05:31Z"),
        ("05 May 2024 16:05:31 GMT", "2024-05-05T16:05:31Z"),
        ("05/May/2024:16:05:31 +0000", "2024-05-05T16:05:31Z"),
        ("Sun May  5 16:05:31 UTC 2024", "2024-05-05T16:05:31Z"),
        ("Sun May  5 16:05:31 2024", "2024-05-05T16:05:31Z"),
        ("May 5, 2024, 4:05:31 PM", "2024-05-05T16:05:31Z"),
        ("1714925131", "2024-05-05T16:05:31Z"),
        ("1714925131.25", "2024-05-05T16:05:31.25Z"),
        ("1714925131123", "2024-05-05T16:05:31.123Z"),
        ("1714925131123456", "2024-05-05T16:05:31.123456Z"),
        ("1714925131123456789", "2024-05-05T16:05:31.123456789Z"),
        (1714925131.0, "2024-05-05T16:05:31Z"),
        ("1.714925131123E12", "2024-05-05T16:05:31.123Z"),
        ("/Date(1714925131123)/", "2024-05-05T16:05:31.123Z"),
        ("2024/05/05 16:05:31", "2024-05-05T16:05:31Z"),
    ],
)
def test_a_time_as_sources_write_it(written: Any, read: str) -> None:
    assert read_time(written) == read


@pytest.mark.parametrize(
    "wrong",
    [
        "2024-05-04T11: 41: 31+00: 00",
        "2024-13-40",
        "25:00",
        "13:00 PM 5/5/2024",
        "2024-02-30T00:00:00Z",
        "soon",
        "",
        [],
        {},
        True,
    ],
)
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="not a time"):
        read_time(wrong)


def test_the_next_time_is_tried_where_the_first_cannot_be_read_or_be_that_of_an_event() -> None:
    assert find_time("2024-05-04T11: 41: 31+00: 00", None, 1714822891) == "2024-05-04T11:41:31Z"
    assert find_time("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-01T00:00:00Z") == "2026-11-01T00:00:00Z"
    with pytest.raises(ValueError, match="'soon' is not a time"):
        find_time("soon", "later")


@pytest.mark.parametrize(
    "never",
    [
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999", 253402300800000, 253402300799999,
        253402300800, "253402300800000", 9223372036854775807, "1/1/0001 12:00:00 AM", "never",
    ],
)  # fmt: skip
def test_a_time_that_means_never_is_no_time(never: Any) -> None:
    assert is_never(never)
    assert read_lesser_time(never) is None


def test_a_lesser_time_that_cannot_be_read_is_handed_on_as_it_is() -> None:
    assert read_lesser_time("next week") == "next week"
    assert read_lesser_time("5/5/2024 4:05:31 PM") == "2024-05-05T16:05:31Z"
    assert not is_never(1714925131)


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))


@given(MOMENTS, st.integers(-14 * 4, 14 * 4))
def test_one_moment_is_the_same_in_whatever_form_and_zone(moment: datetime, quarters: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    expected = moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    offset = timedelta(minutes=15 * quarters)
    wall, sign = moment + offset, "-" if quarters < 0 else "+"
    hours, minutes = divmod(abs(15 * quarters), 60)
    zone = f"{sign}{hours:02}:{minutes:02}"
    forms = [
        f"{wall:%Y-%m-%dT%H:%M:%S}{zone}",
        f"{wall:%Y-%m-%d %H:%M:%S} {zone.replace(':', '')}",
        f"{wall:%d %b %Y %H:%M:%S} {zone.replace(':', '')}",
        f"{moment:%m/%d/%Y %I:%M:%S %p}",
        f"{moment:%a %b %d %H:%M:%S} UTC {moment:%Y}",
        str(int(moment.timestamp()) * 10**9),
    ]
    if moment.timestamp() < 10**11:
        forms.append(str(int(moment.timestamp())))
    assert {read_time(form) for form in forms[:5]} == {expected}


@given(
    st.text(max_size=40)
    | st.from_regex(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}[T ]\d{1,2}:\d\d(:\d\d)?( ?[AP]M)?", fullmatch=True)
)
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    try:
        read = read_time(text)
    except ValueError:
        return
    assert read.endswith("Z")
    assert len(read) >= len("2026-11-24T09:30:00Z")


@pytest.mark.parametrize("number", ["1e99999999", "1e999999999", "-1e99999", "1E+99999999999999999999999", "9" * 60])
def test_a_number_of_any_size_is_looked_at_in_no_time(number: str) -> None:
    assert not is_never(number)
    assert read_lesser_time(number) == number
    with pytest.raises(ValueError, match="is not a time"):
        read_time(number)


@pytest.mark.parametrize("written", ["13/04/2024 10:00", "2024-13-05T10:00:00Z", "20241305T100000Z"])
def test_a_thirteenth_month_is_no_time_and_no_day(written: str) -> None:
    with pytest.raises(ValueError, match="the month stands first, and there is no month 13"):
        read_time(written)


@given(MOMENTS)
def test_where_the_day_stands_first_it_does_so_in_all_of_a_file(moment: datetime) -> None:
    expected = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    assert read_time(f"{moment:%d/%m/%Y %H:%M:%S}", is_day_first=True) == expected
    assert read_time(f"{moment:%Y-%m-%d %H:%M:%S}", is_day_first=True) == expected
    assert read_time(f"{moment:%m/%d/%Y %H:%M:%S}") == expected
