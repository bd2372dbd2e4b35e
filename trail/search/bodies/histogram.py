"""Builds the histogram of a search and reads its bars, which sum to what was found.

Steps of one length are asked for and put together to bars here: only the answer says between which times events lie, and so
how long a bar should be. A day is one by the clocks of a zone, of 23 or 25 hours where these are changed; where the range is so
long that weeks are asked for they are those of UTC. The engine's own `auto_date_histogram` is not used: in 3.8 it answers a
year for a step where a term matches every event of a segment; nor are its bounds, which leave out the bar that the upper one
lies in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trail.search.spec import Search
from trail.times import SECOND, find_second, format_milliseconds, parse_time, read_ahead

BARS = 90
# Parts of a bar; what is in none of the commonest is one more.
STACK_VALUES = 5
# With fewer, what is common over many months and nowhere the commonest would be counted short.
VALUES_OF_A_SHARD = 250
# So many steps are asked for at most, of which bars are made.
FINE = 500
DAY = 86_400
WEEK = 7 * DAY
# Seconds of a bar. Each divides the next, so that bars are made of any finer step.
STEPS = (1, 10, 60, 600, 3600, 21_600, DAY, WEEK, 4 * WEEK, 52 * WEEK, 520 * WEEK)
# From here on bars begin by the clocks of the zone.
QUARTER = 21_600
# Weeks begin on a Monday; 1970 began on a Thursday.
_MONDAY = 4 * DAY
Ends = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: from `start` up to, and without, `end`; how many events, and how many by the commonest values it is stacked by."""

    start: str
    end: str
    counts: dict[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class StepCount:
    """When an event, or several of one step, happened: seconds since 1970, how many, and by the value they are stacked by."""

    second: int
    total: int
    counts: dict[str, int]


class Clock:
    """The clock by which bars of one length are numbered: that of a zone for a quarter of a day and more, so that a day begins at
    its midnight. For what is shorter it is the zone's as of one moment, since an hour that is shown twice is two.
    """

    def __init__(self, zone: str, step: int, moment: int) -> None:
        """`moment` is a second since 1970."""
        self.step, self.offset = step, _offset(step)
        self._zone = zone if step >= QUARTER else "UTC"
        self._ahead = read_ahead(moment, zone) if step < QUARTER else 0

    def number(self, second: int) -> int:
        """The number of the bar in which a second lies, since 1970."""
        wall = second + (self._ahead if self._zone == "UTC" else read_ahead(second, self._zone))
        return (wall - self.offset) // self.step

    def begin(self, number: int) -> int:
        """The second since 1970 in which a bar begins, which is the end of the one before."""
        wall = number * self.step + self.offset
        return wall - self._ahead if self._zone == "UTC" else find_second(wall, self._zone)


def build_histogram(
    search: Search, ends: Ends | None = None, *, step: int | None = None, zone: str = "UTC"
) -> dict[str, Any]:
    """The aggregation, stacked by `search.stack`: in steps of so many seconds, else as fine as its range allows.

    `ends` are those of the trail, about, for a range that is open at one; without them it is asked for by the day.
    Days and what is shorter begin by the clocks of the `zone`.
    """
    step = step or choose_fine_step(search, ends)
    steps = {"field": "@timestamp", "fixed_interval": f"{step}s", "min_doc_count": 1}
    if zone != "UTC" and step <= DAY:
        steps["time_zone"] = zone
    if offset := _offset(step):
        steps["offset"] = f"{offset}s"
    stack = {"terms": {"field": search.stack, "size": STACK_VALUES, "shard_size": VALUES_OF_A_SHARD}}
    return {"date_histogram": steps, "aggs": {"stack": stack}}


def choose_fine_step(search: Search, ends: Ends | None = None, most: int = FINE) -> int:
    """Seconds of the steps asked for, at most so many, by the range of the search, of which events may take a small part."""
    start, end = (_known(search.start) or (ends and ends[0]), _known(search.end) or (ends and ends[1]))
    if not (start and end):
        return DAY
    seconds = max((parse_time(end) - parse_time(start)) / SECOND, 1)
    return next((step for step in STEPS if seconds / step <= most), STEPS[-1])


def _known(time: str | None) -> str | None:
    return None if time is None or time.startswith("now") else time


def choose_step(first: str, last: str, zone: str = "UTC") -> int:
    """Seconds of a bar between the first event and the last: the shortest of STEPS that makes at most BARS bars."""
    begin, end = (parse_time(time) // SECOND for time in (first, last))
    for step in STEPS:
        number = Clock(zone, step, begin).number
        if number(end) - number(begin) < BARS:
            return step
    return STEPS[-1]


def _offset(step: int) -> int:
    return _MONDAY if step % WEEK == 0 else 0


def read_steps(aggregation: dict[str, Any]) -> list[StepCount]:
    """The steps of an answer that hold events, in order."""
    return [
        StepCount(bucket["key"] // 1000, bucket["doc_count"], dict(_parts(bucket)))
        for bucket in aggregation.get("buckets", [])
    ]


def _parts(bucket: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for part in bucket["stack"]["buckets"]:
        yield str(part.get("key_as_string", part["key"])), part["doc_count"]


def read_bars(aggregation: dict[str, Any], *, fine: int, ends: Ends | None = None, zone: str = "UTC") -> list[Bar]:
    """The bars of an answer in steps of `fine` seconds, in order, without a gap, from the first that holds an event to the last.

    `ends` are the times of the first event and the last, which those of the steps stand for where they are not known.
    """
    steps = read_steps(aggregation)
    if not steps:
        return []
    first, last = ends or (_time(steps[0].second), _time(steps[-1].second + fine - 1))
    zone = zone if fine <= DAY else "UTC"
    return make_bars(steps, max(choose_step(first, last, zone), fine), zone)


def make_bars(steps: Sequence[StepCount], step: int, zone: str = "UTC") -> list[Bar]:
    """Bars of so many seconds of steps that are no longer than one; their totals sum to those of the steps."""
    if not steps:
        return []
    clock = Clock(zone, step, steps[0].second)
    totals: dict[int, int] = {}
    counts: dict[int, dict[str, int]] = {}
    for step_count in steps:
        number = clock.number(step_count.second)
        totals[number] = totals.get(number, 0) + step_count.total
        inside = counts.setdefault(number, {})
        for name, count in step_count.counts.items():
            inside[name] = inside.get(name, 0) + count
    return [_bar(clock, number, totals.get(number, 0), counts.get(number, {})) for number in _run(totals)]


def _run(numbers: Iterable[int]) -> range:
    numbers = list(numbers)
    return range(min(numbers), max(numbers) + 1)


def _bar(clock: Clock, number: int, total: int, counts: dict[str, int]) -> Bar:
    return Bar(_time(clock.begin(number)), _time(clock.begin(number + 1)), dict(counts), total)


def _time(second: int) -> str:
    return format_milliseconds(second * 1000)
