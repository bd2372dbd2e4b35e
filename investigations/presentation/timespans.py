"""Computes the ranges of time beside one that is shown: before, after, twice as long, half as long. Exact to the nanosecond."""

from dataclasses import dataclass

from trail.times import SECOND, format_time, parse_time

# What the trail can hold: 1970 to 2261.
_LAST = parse_time("2262-01-01") - 1
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `begin` up to, and without, `end`: nanoseconds since 1970."""

    begin: int
    end: int

    @property
    def length(self) -> int:
        """Nanoseconds, at least one."""
        return max(self.end - self.begin, 1)

    def earlier(self) -> "TimeRange":
        """As long, ending where this begins."""
        return TimeRange(self.begin - self.length, self.begin)

    def later(self) -> "TimeRange":
        """As long, beginning where this ends."""
        return TimeRange(self.end, self.end + self.length)

    def wider(self) -> "TimeRange":
        """Twice as long, about the same middle."""
        half = (self.length + 1) // 2
        return TimeRange(self.begin - half, self.end + half)

    def narrower(self) -> "TimeRange":
        """The middle half."""
        quarter = self.length // 4
        return TimeRange(self.begin + quarter, self.end - quarter)

    def words(self) -> tuple[str, str]:
        """Both ends as a search has them, within what the trail can hold."""
        return to_time(self.begin), to_time(self.end)


def range_around(time: str, amount: int, unit: str) -> TimeRange:
    """So much before a time and so much after it, the time's own nanosecond included. Raises NotATime."""
    middle, reach = parse_time(time), amount * UNITS[unit] * SECOND
    return TimeRange(middle - reach, middle + reach + 1)


def to_time(time: int) -> str:
    """A time of so many nanoseconds since 1970, as short as it can be; what lies outside of the trail becomes its end."""
    return format_time(min(max(time, 0), _LAST)).removesuffix("Z").rstrip("0").rstrip(".") + "Z"
