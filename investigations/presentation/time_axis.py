"""Builds the ticks of an axis of even time: at round values, few enough to be read, each with its label."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TICKS = 15
# With so many, every second label has room on a narrow screen.
NARROW_TICKS = 7
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SECONDS = (1, 5, 10, 30, _MINUTE, 300, 600, 1800, _HOUR, 10_800, 21_600, 43_200, _DAY, 2 * _DAY, 7 * _DAY)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600)
# Of the width: a label that says the day as well has so much to itself.
_LONG = 8.5
_LAST, _LAST_NARROW = 96.0, 87.0
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick at `x` percent. `short` is its label on a narrow screen, empty for none; a strong one begins a day or a month."""

    x: float
    label: str
    short: str
    strong: bool


def build_ticks(begin: datetime, end: datetime, *, year: int) -> list[Tick]:
    """The ticks between two times, as clocks show them; the year is said where it is not this `year`."""
    seconds = max((end - begin).total_seconds(), 1)
    step = next((step for step in _SECONDS if seconds / step <= TICKS), None)
    times = list(_by_seconds(begin, end, step) if step else _by_months(begin, end, seconds))
    ticks: list[Tick] = []
    for number, time in enumerate(times):
        x = round((time - begin).total_seconds() / seconds * 100, 2)
        label, strong = _label(time, step, year, is_first=not number)
        is_long = len(ticks) == 1 and number == 1 and len(ticks[0].label) > len("00:00:00") and x - ticks[0].x < _LONG
        if is_long or x > _LAST:
            label = ""
        is_narrow = len(times) <= NARROW_TICKS or number % 2 == 0
        short = label.rpartition(", ")[2] if is_narrow and x < _LAST_NARROW else ""
        ticks.append(Tick(x, label, short, strong))
    return ticks


def _by_seconds(begin: datetime, end: datetime, step: int) -> Iterator[datetime]:
    origin = _MONDAY if step == _SECONDS[-1] else datetime(1970, 1, 1, tzinfo=UTC)
    passed = (begin - origin).total_seconds()
    time = origin + timedelta(seconds=-(-passed // step) * step)
    while time < end:
        yield time
        time += timedelta(seconds=step)


def _by_months(begin: datetime, end: datetime, seconds: float) -> Iterator[datetime]:
    months = next((months for months in _MONTHS if seconds / (months * 30.4 * _DAY) <= TICKS), _MONTHS[-1])
    number = (begin.year * 12 + begin.month - 1) // months * months
    while (time := datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)) < end:
        if time >= begin:
            yield time
        number += months


def _label(time: datetime, step: int | None, year: int, *, is_first: bool) -> tuple[str, bool]:
    """The label, and whether it is a strong one."""
    if step is None:
        return (f"{time:%b} {time.year}", True) if is_first or time.month == 1 else (f"{time:%b}", False)
    day = f"{time.day} {time:%b}" + (f" {time.year}" if time.year != year else "")
    if step < _DAY:
        clock = f"{time:%H:%M:%S}" if step < _MINUTE else f"{time:%H:%M}"
        if time.hour == time.minute == time.second == 0:
            return day, True
        return (f"{day}, {clock}", True) if is_first else (clock, False)
    if is_first or time.day == 1:
        return day, True
    return (f"{time.day}", False) if step == _DAY else (f"{time.day} {time:%b}", False)
