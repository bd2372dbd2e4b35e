"""Draws the overview below a lifeline: all of the trail's time, even, with a box on what is drawn above."""

from collections.abc import Iterator
from datetime import datetime

from investigations.presentation.lifeline.picture import BarPart, Brush, Caption
from investigations.presentation.lifeline.scale import DAY, HOUR, Scale
from investigations.presentation.lifeline.words import to_datetime, write_day
from trail.questions.lifeline import Overview, TimeBin
from trail.times import SECOND, parse_time

BASE, HIGH = 26, 22
MILLISECOND = 1_000_000
THINNEST = 0.4  # percent that the box has at least
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def build_brush(overview: Overview, scale: Scale, end: int | None, now: int) -> Brush:
    """The overview: a bar for each step, months or years as ticks, a box on what the scale shows."""
    ends = overview.request.ends
    first = min(parse_time(ends[0]) if ends else scale.start, overview.first or scale.start, scale.start)
    last = max(now, scale.end, first + HOUR)

    def place(time: int) -> float:
        return round(min(max(time - first, 0), last - first) * 100 / (last - first), 2)

    left = min(place(scale.start), 100 - THINNEST)
    return Brush(
        says=f"{write_day(first)} to now, {_name_step(overview.request.overview_step)}",
        bars=tuple(_build_bars(overview.bins, place(first + overview.request.overview_step * SECOND), first, last)),
        ticks=tuple(_build_ticks(first, last)),
        box=(left, round(max(place(scale.end) - left, THINNEST), 2)),
        line=place(end) if end is not None else None,
        start=first // MILLISECOND,
        end=last // MILLISECOND,
    )


def _name_step(seconds: int) -> str:
    if seconds == 7 * 86_400:
        return "one bar a week"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            number = seconds // size
            return f"one bar a {name}" if number == 1 else f"one bar for {number} {name}s"
    return ""


def _build_bars(bins: tuple[TimeBin, ...], width: float, first: int, last: int) -> Iterator[BarPart]:
    most = max((part.count for part in bins), default=1)
    for part in bins:
        x = min(max((part.start - first) * 100 / (last - first), 0.0), 100.0)
        high = max(round(part.count * HIGH / most, 1), 1.5)
        yield BarPart(round(x, 2), round(max(min(width * 0.8, 100 - x), 0.15), 2), round(BASE - high, 1), high)


def _build_ticks(first: int, last: int) -> Iterator[Caption]:
    """The first of each month where that is wide enough for its name, else of each year."""
    beginning = to_datetime(first)
    by_month = last - first <= 500 * DAY
    year, month, previous = beginning.year, beginning.month, -100.0
    while True:
        month = month + 1 if by_month else 1
        if month > 12 or not by_month:
            year, month = year + 1, 1
        at = int(datetime(year, month, 1, tzinfo=beginning.tzinfo).timestamp()) * SECOND
        if at > last:
            return
        x = (at - first) * 100 / (last - first)
        if x - previous > 8 and x < 96:
            previous = x
            yield Caption(round(x, 2), 38, _MONTHS[month - 1] if by_month else str(year), dx=4)
