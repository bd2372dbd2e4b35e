"""Reads times in every way that sources and those who export their logs write them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from trail.times import is_event_time

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<digits>\d+))?)?"
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_NAME = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY_NAME = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_ISO = rf"(?P<year>\d{{4}})[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?:[T ]\s*{_CLOCK}\s*{_ZONE})?"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        _ISO,
        # 20240505T160531Z
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:[.,](?P<digits>\d+))?{_ZONE}",
        # 5/5/2024 4:05:31 PM: the month first, as Americans write it
        rf"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{{4}}),?\s+{_CLOCK}(?:\s*(?P<half>[AP])\.?M\.?)?\s*{_ZONE}",
        # Dec 3, 2021, 10:15:11 AM
        rf"{_DAY_NAME}{_NAME}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}}),?\s+(?:at\s+)?{_CLOCK}(?:\s*(?P<half>[AP])\.?M\.?)?\s*{_ZONE}",
        # Sun, 05 May 2024 16:05:31 +0000 (RFC 2822), 05/May/2024:16:05:31 +0000
        rf"{_DAY_NAME}(?P<day>\d\d?)[ /-]{_NAME}[ /-](?P<year>\d{{4}})[ :]+{_CLOCK}(?:\s*(?P<half>[AP])\.?M\.?)?\s*{_ZONE}",
        # Sun May  5 16:05:31 UTC 2024
        rf"{_DAY_NAME}{_NAME}\s+(?P<day>\d\d?)\s+{_CLOCK}\s+(?:{_ZONE}\s+)?(?P<year>\d{{4}})",
    )
)
_AMERICAN = _FORMS[2]
_DOTNET = re.compile(r"/Date\((-?\d+)\)/", re.ASCII)
_USUAL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?Z?", re.ASCII)
# The greatest times of .NET, Java, Go and 64 bits, in the units in which they are written.
_NEVER = {253402300799, 253402300800, 253402214400, 2**63 - 1, (2**63 - 1) // 10**6, (2**63 - 1) // 10**9, -62135596800}
_FIRST_YEAR, _LAST_YEAR = 1, 9999
_LONGEST = 80  # characters that are looked at
_MOST_DIGITS = 20  # before the point, of the greatest time that anybody writes; a number of more is computed for hours


def read_time(value: Any, *, is_day_first: bool = False) -> str:
    """RFC 3339 in UTC with the digits that the source gave, nine at most. Without a zone it is in UTC.

    Of 5/6/2024 the month stands first, or the day where `is_day_first`. A leap second is the first second of the next minute, as
    POSIX counts. Raises ValueError.
    """
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        raise ValueError(f"{value!r:.60} is not a time")
    if isinstance(value, int | float):
        return _read_since_1970(value)
    text = str(value)
    if read := _read_usual(text):
        return read
    text = text[:_LONGEST].strip()
    if _NUMBER.fullmatch(text):
        return _read_since_1970(_read_number(text))
    if match := _DOTNET.fullmatch(text):
        return _read_since_1970(int(match[1]) * 10**6, unit=10**9)
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _read_parts(match.groupdict(), str(value), is_day_first=is_day_first and form is _AMERICAN)
    raise ValueError(f"{str(value)[:60]!r} is not a time")


def _read_usual(text: str) -> str:
    """A time as nearly every log writes nearly every one; empty for others."""
    usual = _USUAL.fullmatch(text)
    read = f"{usual[1]}T{usual[2]}{usual[3] or ''}Z" if usual else ""
    return read if read and is_event_time(read) else ""


def find_time(*values: Any, is_day_first: bool = False) -> str:
    """The first of these that can be read, and that an event may have happened at. Raises ValueError."""
    if values and type(values[0]) is str and (read := _read_usual(values[0])):
        return read
    problem = ""
    for value in values:
        if value is None or value == "":
            continue
        try:
            read = read_time(value, is_day_first=is_day_first)
        except ValueError as error:
            problem = problem or str(error)
            continue
        if is_event_time(read):
            return read
        problem = problem or f"{str(value)[:60]!r} is not a time from 1970 to 2259"
    raise ValueError(problem or "nothing is not a time")


def read_lesser_time(value: Any, *, is_day_first: bool = False) -> str | None:
    """A time beside the event's own: None where the source says never, and the text as it is where it cannot be read.

    The check of the event then leaves the field out, and notes that it did.
    """
    if value is None or value == "":
        return None
    if type(value) is str and (read := _read_usual(value)):
        return read
    if is_never(value):
        return None
    try:
        return read_time(value, is_day_first=is_day_first)
    except ValueError:
        return str(value)[:_LONGEST]


def is_never(value: Any) -> bool:
    """Whether a source writes this where a thing has no end: the first or last year of its calendar, or its largest number."""
    if isinstance(value, bool):
        return False
    text = str(value)[:_LONGEST].strip()
    if _NUMBER.fullmatch(text):
        try:
            number = int(_read_number(text))
        except ValueError:
            return False
        return number in _NEVER or number // 1_000 in _NEVER or number // 10**6 in _NEVER or number // 10**9 in _NEVER
    if text.lower() in ("never", "none", "null", "n/a", "-"):
        return True
    year = next((match["year"] for form in _FORMS if (match := form.fullmatch(text))), None)
    return year is not None and int(year) in (_FIRST_YEAR, _LAST_YEAR)


def _read_number(text: str) -> Decimal:
    """A number of a size that a time can have. Raises ValueError."""
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"{text[:60]} is not a time") from error
    if number.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{text[:60]} is not a time")
    return number


def _read_since_1970(value: float | Decimal, unit: int | None = None) -> str:
    """Seconds, or milli-, micro- or nanoseconds: which, its size says."""
    try:
        unit = unit or next((unit for unit in (1, 10**3, 10**6) if value < 10**11 * unit), 10**9)
        nanoseconds = int(Decimal(str(value)) * (10**9 // unit))
        in_utc = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    except (ArithmeticError, OSError, ValueError) as error:
        raise ValueError(f"{str(value)[:60]} is not a time") from error
    digits = f".{nanoseconds % 10**9:09d}".rstrip("0").rstrip(".")
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}{digits}Z"


def _read_parts(parts: dict[str, str | None], text: str, *, is_day_first: bool) -> str:
    read: Callable[[str], int] = lambda name: int(parts.get(name) or 0)  # noqa: E731 — a word for six uses
    name = (parts["month"] or "").lower()[:3]
    month, day = _MONTHS.get(name) or read("month"), read("day")
    if is_day_first and name not in _MONTHS:
        month, day = day, month
    if month > 12:  # guessed by its size, the first twelve days of each month would be of another month than the rest
        order = "the day stands" if is_day_first else "the month stands"
        raise ValueError(f"{text[:60]!r} is not a time: {order} first, and there is no month {month}")
    hour, second = read("hour"), read("second")
    if half := (parts.get("half") or "").upper():
        if not 1 <= hour <= 12:
            raise ValueError(f"{text[:60]!r} is not a time")
        hour = hour % 12 + (12 if half == "P" else 0)
    is_leap = second == 60 and read("minute") == 59
    try:
        moment = datetime(read("year"), month, day, hour, read("minute"), second - is_leap, tzinfo=UTC)
        moment += timedelta(seconds=is_leap) - _read_offset(parts.get("zone") or "")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:60]!r} is not a time") from error
    digits = (parts.get("digits") or "")[:9]
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{digits}' if digits else ''}Z".rjust(len("2026-11-24T09:30:00Z"), "0")


def _read_offset(zone: str) -> timedelta:
    """How far a zone is ahead of UTC: `+02:00`, `+0200`, `+02`, or UTC by one of its names."""
    if zone[:1] not in ("+", "-") or not zone:
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 14 or minutes > 59:
        raise ValueError(f"{zone!r} is no offset")
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
