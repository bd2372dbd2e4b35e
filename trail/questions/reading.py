"""What the questions read in the engine's answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from trail.search import execute
from trail.search.execute import Hit


def hit_of(answer: dict[str, Any]) -> Hit | None:
    """The one event that a body of size 1 found."""
    found = answer["hits"]["hits"]
    return execute.hit(found[0]) if found else None


def event_of(answer: dict[str, Any]) -> Hit | None:
    """The one event that `tokens.one` found."""
    found = answer.get("aggregations", {}).get("one", {}).get("hits", {}).get("hits", [])
    return execute.hit(found[0]) if found else None


def total_of(answer: dict[str, Any]) -> int:
    """How many events a body that counts found."""
    return int(answer["hits"]["total"]["value"])


def time_of(milliseconds: int) -> str:
    """Milliseconds since 1970 as a time."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
