"""Writes the times and lengths of a lifeline in a few characters, in the active time zone."""

from datetime import datetime

from django.utils import timezone

from investigations.presentation.times import MONTHS
from investigations.presentation.tokens import duration_text
from trail.times import SECOND


def to_datetime(time: int) -> datetime:
    """Nanoseconds since 1970 as a datetime in the active zone, to the second."""
    return datetime.fromtimestamp(time // SECOND, timezone.get_current_timezone())


def to_nanoseconds(time: datetime) -> int:
    """A datetime as nanoseconds since 1970, to the second."""
    return int(time.timestamp()) * SECOND


def name_zone() -> str:
    """`UTC`, or the active zone's own name."""
    return str(timezone.get_current_timezone())


def write_day(time: int, *, year: bool = False) -> str:
    """`4 Oct`, or `4 Oct 2026`."""
    at = to_datetime(time)
    return f"{at.day} {MONTHS[at.month]}" + (f" {at.year}" if year else "")


def write_clock(time: int, *, seconds: bool = False) -> str:
    """`02:25`, or `02:25:25`."""
    return to_datetime(time).strftime("%H:%M:%S" if seconds else "%H:%M")


def write_moment(time: int) -> str:
    """`4 Oct 2026, 02:25:25`."""
    at = to_datetime(time)
    return f"{at.day} {MONTHS[at.month]} {at.year}, {at:%H:%M:%S}"


def write_length(nanoseconds: int) -> str:
    """A length by its two largest units, `1 d 7 h`; from ten days on by days alone."""
    seconds = abs(nanoseconds) // SECOND
    if seconds >= 10 * 86_400:
        return f"{seconds // 86_400:,} d"
    return duration_text(seconds * SECOND) if seconds else "under 1 s"
