"""Reads, writes, compares and subtracts times, exact to the nanosecond.

Inside the program a time is text (RFC 3339 in UTC, as events hold it) or nanoseconds since 1970-01-01T00:00:00Z. Leap seconds are
not counted, and second 60 is refused, as the engine does.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from whenever import Instant

SECOND = 1_000_000_000  # nanoseconds
# What people write: a date, or a date and a time to the hour, the minute, the second or a part of it (RFC 3339; the parts that
# it demands may be left out, and a time without an offset is in UTC).
_WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ]([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d)(\.\d{1,9})?)?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
# What events hold: RFC 3339 in UTC with up to nine decimals, for the writer says the instant, not a zone to be interpreted.
_OF_EVENT = re.compile(
    r"^(19[7-9]\d|2[01]\d\d|22[0-5]\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z\Z",
    re.ASCII,
)
_RELATIVE = re.compile(r"now(?:-(\d{1,5})([smhdwy]))?", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotATime(ValueError):
    """A text is none of the ways in which a time is written."""


# --- Reading ---------------------------------------------------------------------------------------------------------


def parse_time(text: str) -> int:
    """Nanoseconds since 1970 (negative before). A date is its midnight, a time to the minute that minute's beginning.

    Raises NotATime.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise NotATime(f"{text[:60]!r} is not a time")
    date, hour, minute, second, fraction, zone = match.groups()
    full = f"{date}T{hour or '00'}:{minute or '00'}:{second or '00'}{fraction or ''}{zone or 'Z'}"
    try:
        return Instant.parse_iso(full).timestamp(unit="nanosecond")
    except ValueError as error:
        raise NotATime(f"{text[:60]!r} is not a time") from error


def parse_datetime(text: str) -> datetime:
    """The same as a datetime in UTC, cut to the microsecond. Raises NotATime."""
    return _EPOCH + timedelta(microseconds=parse_time(text) // 1000)


def parse_relative(text: str) -> int | None:
    """Seconds before now, of `now` or `now-90s`, `-5m`, `-24h`, `-7d`, `-2w`, `-1y` (365 days); None for any other text."""
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return None
    amount, unit = match.groups()
    return int(amount) * _UNITS[unit] if amount else 0


def is_time(text: str) -> bool:
    """Whether a text is a time in any of the ways that a search takes, relative ones included."""
    try:
        return parse_relative(text) is not None or parse_time(text) is not None
    except NotATime:
        return False


def resolve_time(text: str, now: datetime) -> str:
    """A relative time or one with an offset as RFC 3339 in UTC; one that is that already stays as it was typed.

    However long ago it is, a relative time is not before 1970: there is no event from before. Raises NotATime.
    """
    if (seconds_ago := parse_relative(text)) is not None:
        return format_datetime(now - timedelta(seconds=min(seconds_ago, now.timestamp())))
    nanoseconds = parse_time(text)
    is_whole = text.endswith("Z") and text[10:11] == "T" and len(text) >= len("2026-11-24T09:30:00Z")
    return text if is_whole else Instant.from_timestamp(nanoseconds, unit="nanosecond").format_iso()


def complete_offset(text: str) -> str:
    """A text that `parse_time` reads, to the same precision, as the engine's `strict_date_optional_time_nanos` has it.

    `2026-11-24 09:30` → `2026-11-24T09:30Z`, `2026-11-24t11+02` → `2026-11-24T11+02:00`; a date stays.
    """
    date, clock = text[:10], text[11:].upper()
    if not clock:
        return date
    clock, sign, offset = re.split(r"([+-]|Z|$)", clock, maxsplit=1)
    return f"{date}T{clock}{sign}{offset[:2]}:{offset[-2:] if offset[2:] else '00'}" if offset else f"{date}T{clock}Z"


def find_time_problem(value: Any) -> str | None:
    """What is wrong with a value as an event's time, which is RFC 3339 in UTC; None when it is one.

    Every write asks this for each of its times, so no library is called.
    """
    wrong = "expected an RFC 3339 time in UTC such as 2026-11-24T09:30:00.123456789Z, from 1970 to 2259"
    if not isinstance(value, str) or not _OF_EVENT.match(value):
        return wrong
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    last = 29 if month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) else _DAYS[month]
    return wrong if day > last else None


def is_event_time(text: str) -> bool:
    """Whether a text is a time as events hold it: RFC 3339 in UTC, to the second or a part of it."""
    return find_time_problem(text) is None


# --- Writing ---------------------------------------------------------------------------------------------------------


def format_time(nanoseconds: int) -> str:
    """Nanoseconds since 1970 as RFC 3339 in UTC with nine decimals: such texts sort as the times do."""
    return Instant.from_timestamp(nanoseconds, unit="nanosecond").format_iso(unit="nanosecond")


def format_milliseconds(milliseconds: int) -> str:
    """Milliseconds since 1970, as the engine's figures have times, as RFC 3339 in UTC with three decimals."""
    return Instant.from_timestamp(milliseconds, unit="millisecond").format_iso(unit="millisecond")


def format_datetime(time: datetime) -> str:
    """A datetime with a zone as RFC 3339 in UTC with six decimals."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def cut_to_milliseconds(time: str) -> str:
    """A time as the engine's figures have it: without what is below the millisecond. Raises NotATime."""
    return format_milliseconds(parse_time(time) // 1_000_000)


# --- Reckoning -------------------------------------------------------------------------------------------------------


def next_nanosecond(time: str) -> str:
    """The next nanosecond after a time: no event lies between. Raises NotATime."""
    return format_time(parse_time(time) + 1)


def subtract_times(later: str, earlier: str) -> int:
    """Nanoseconds from the earlier to the later, negative when the `later` came first. Raises NotATime."""
    return parse_time(later) - parse_time(earlier)


# --- Steps of a time zone --------------------------------------------------------------------------------------------


def floor_in_zone(time: int, seconds: int, zone: str) -> int:
    """When the step of so many seconds began in which a time lies, by the clocks of a zone, as the engine rounds: a day begins at
    its midnight there. Nanoseconds since 1970."""
    if zone == "UTC":
        return time // (seconds * SECOND) * (seconds * SECOND)
    second = time // SECOND
    wall = _EPOCH.replace(tzinfo=None) + timedelta(seconds=_read_wall(second, zone) // seconds * seconds)
    # A clock shows some times twice and others never: the later one that is not after it.
    twice = sorted(int(wall.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) for fold in (0, 1))
    return (twice[1] if twice[1] <= second else twice[0]) * SECOND


def add_in_zone(time: int, seconds: int, zone: str) -> int:
    """When a step of so many seconds ends that began at a time, by the clocks of a zone: a day may have 23 hours, or 25."""
    if zone == "UTC":
        return time + seconds * SECOND
    wall = _EPOCH.replace(tzinfo=None) + timedelta(seconds=(_read_wall(time // SECOND, zone) // seconds + 1) * seconds)
    twice = (int(wall.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) * SECOND for fold in (0, 1))
    return next((end for end in twice if end > time), time + seconds * SECOND)


def read_ahead(second: int, zone: str) -> int:
    """By how many seconds the clocks of a zone are ahead of UTC at a second since 1970."""
    ahead = datetime.fromtimestamp(second, ZoneInfo(zone)).utcoffset() or timedelta()
    return int(ahead.total_seconds())


def find_second(wall: int, zone: str) -> int:
    """The second since 1970 at which the clocks of a zone show a time, given as seconds since 1970 on them: the first of two at
    which they do, and where they never do the one at which they have just been put forward past it."""
    shown = (_EPOCH.replace(tzinfo=None) + timedelta(seconds=wall)).replace(tzinfo=ZoneInfo(zone))
    return int(shown.timestamp())


def _read_wall(second: int, zone: str) -> int:
    """What the clocks of a zone show at a second since 1970, as seconds since 1970 on them."""
    return second + read_ahead(second, zone)
