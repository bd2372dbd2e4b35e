"""Stretches of time beside the one that is shown: before it, after it, twice as long, the half of it. Exact to the nanosecond."""

import re
from dataclasses import dataclass

from trail.moments import nanoseconds, time_of

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?")
_SECOND = 1_000_000_000
# What the trail can hold: 1970 to 2261.
_LAST = nanoseconds("2262-01-01") - 1
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin` up to, and without, `end`: nanoseconds since 1970."""

    begin: int
    end: int

    @property
    def length(self) -> int:
        return max(self.end - self.begin, 1)

    def earlier(self) -> "Span":
        """As long, ending where this begins."""
        return Span(self.begin - self.length, self.begin)

    def later(self) -> "Span":
        """As long, beginning where this ends."""
        return Span(self.end, self.end + self.length)

    def wider(self) -> "Span":
        """Twice as long, about the same middle."""
        half = (self.length + 1) // 2
        return Span(self.begin - half, self.end + half)

    def narrower(self) -> "Span":
        """The middle half."""
        quarter = self.length // 4
        return Span(self.begin + quarter, self.end - quarter)

    def words(self) -> tuple[str, str]:
        """Both ends as a search has them, within what the trail can hold."""
        return written(self.begin), written(self.end)


def around(time: str, amount: int, unit: str) -> Span:
    """So much before an instant and so much after it, the instant's own nanosecond included."""
    middle, reach = read(time), amount * UNITS[unit] * _SECOND
    return Span(middle - reach, middle + reach + 1)


def read(time: str) -> int:
    """RFC 3339 in UTC as nanoseconds since 1970. Raises ValueError."""
    if not _TIME.fullmatch(time):
        raise ValueError(f"{time!r} is not a time in UTC")
    return nanoseconds(time)


def written(time: int) -> str:
    """The inverse of read; what lies outside of the trail becomes its end."""
    return time_of(min(max(time, 0), _LAST)).removesuffix("Z").rstrip("0").rstrip(".") + "Z"
