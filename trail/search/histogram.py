"""Events over time: which steps are asked for, and the bars that come of the answer.

The engine's own `auto_date_histogram` is not used: in 3.8 it answers a year for a step where a term matches every event of a
segment. Where the ends of what is found are not known beforehand, fine steps are asked for and put together here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trail.search.spec import Search

BARS = 100
# Parts of a bar; what is in none of the commonest is one more.
STACK_VALUES = 5
# With fewer, what is common over many months and nowhere the commonest would be counted short.
VALUES_OF_A_SHARD = 250
# So many fine steps at most, of which bars are made.
FINE = 500
DAY = 86_400
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY, 2 * DAY,
          7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY, 1825 * DAY)  # fmt: skip
Ends = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: from `start`, how many events, and how many by the commonest values it is stacked by."""

    start: str
    counts: dict[str, int]
    total: int


def body(search: Search, ends: Ends | None = None) -> dict[str, Any]:
    """The aggregation, stacked by `search.stack`. `ends` are those of the trail, about, for a range that is open at one.

    Without them an open range is asked for by the day.
    """
    asked: dict[str, Any] = {"field": "@timestamp", "min_doc_count": 1}
    if step := step_of(search):
        bounds = {"min": search.start, "max": search.end}
        asked |= {"fixed_interval": f"{step}s", "min_doc_count": 0, "hard_bounds": bounds, "extended_bounds": bounds}
    else:
        asked["fixed_interval"] = f"{_fine(search, ends)}s"
    stack = {"terms": {"field": search.stack, "size": STACK_VALUES, "shard_size": VALUES_OF_A_SHARD}}
    return {"date_histogram": asked, "aggs": {"stack": stack}}


def step_of(search: Search) -> int | None:
    """Seconds of one bar, for a range that is known at both ends."""
    if not (search.start and search.end) or search.start.startswith("now") or search.end.startswith("now"):
        return None
    return _round(_seconds(search.start, search.end), BARS)


def _fine(search: Search, ends: Ends | None) -> int:
    start, end = search.start or (ends[0] if ends else None), search.end or (ends[1] if ends else None)
    return _round(_seconds(start, end), FINE) if start and end else DAY


def _seconds(start: str, end: str) -> float:
    return max((_moment(end) - _moment(start)).total_seconds(), 1)


def _round(seconds: float, most: int) -> int:
    return next((step for step in _STEPS if seconds / step <= most), _STEPS[-1])


def _moment(time: str) -> datetime:
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", time))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def bars(found: dict[str, Any], search: Search) -> list[Bar]:
    """The bars of an answer, in order and without a gap, at most about BARS where the range was open."""
    buckets = found.get("buckets", [])
    if not buckets or step_of(search):
        return [Bar(bucket["key_as_string"], dict(_parts(bucket)), bucket["doc_count"]) for bucket in buckets]
    first, last = (bucket["key"] // 1000 for bucket in (buckets[0], buckets[-1]))
    step = _round(last - first + 1, BARS)
    totals = dict.fromkeys(range(first // step * step, last + 1, step), 0)
    counts: dict[int, dict[str, int]] = {start: {} for start in totals}
    for bucket in buckets:
        start = bucket["key"] // 1000 // step * step
        totals[start] += bucket["doc_count"]
        inside = counts[start]
        for value, count in _parts(bucket):
            inside[value] = inside.get(value, 0) + count
    return [Bar(_text(start), counts[start], total) for start, total in totals.items()]


def _parts(bucket: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for part in bucket["stack"]["buckets"]:
        yield str(part.get("key_as_string", part["key"])), part["doc_count"]


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
