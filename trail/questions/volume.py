"""Reads how many events the trail holds, and how many a day of late."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from trail.connection import Trail
from trail.search import execute
from trail.search.bodies.volume import build_volume
from trail.search.responses import Response
from trail.search.spec import Scope
from trail.times import format_datetime


@dataclass(frozen=True, slots=True)
class DayVolume:
    """How many events one day of UTC has, and how many of them failed."""

    day: date
    events: int
    failures: int


@dataclass(frozen=True, slots=True)
class TrailVolume:
    """All events, how many of them failed, the time of the earliest, and the last days without a gap, oldest first."""

    events: int
    failures: int
    earliest: str | None
    days: tuple[DayVolume, ...]


def read_volume(trail: Trail, scope: Scope, *, today: date, days: int) -> TrailVolume:
    """What the trail holds, and of the `days` last days those since its earliest event: one round trip.

    Raises TrailUnavailable.
    """
    first = today - timedelta(days=days - 1)
    body = build_volume(_midnight(first), _midnight(today + timedelta(days=1)), scope)
    response = execute.ask(trail, body)
    aggregations = response.get("aggregations", {})
    earliest = aggregations.get("earliest", {}).get("value_as_string")
    if earliest:
        first = max(first, min(date.fromisoformat(earliest[:10]), today))
    return TrailVolume(
        events=execute.read_total(response),
        failures=aggregations.get("failures", {}).get("doc_count", 0),
        earliest=earliest,
        days=tuple(_read_days(response, first, today)) if earliest else (),
    )


def _read_days(response: Response, first: date, today: date) -> list[DayVolume]:
    buckets = response["aggregations"]["recent"]["days"]["buckets"]
    counts = {bucket["key"] // 86_400_000: bucket for bucket in buckets}
    days = []
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        bucket = counts.get((day - date(1970, 1, 1)).days)
        events, failures = (bucket["doc_count"], bucket["failures"]["doc_count"]) if bucket else (0, 0)
        days.append(DayVolume(day, events, failures))
    return days


def _midnight(day: date) -> str:
    return format_datetime(datetime.combine(day, time(), UTC))
