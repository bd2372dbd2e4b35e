"""Reads what an answer of "first" or "never" covers: how much of the trail there was when it was asked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from trail.search.bodies.coverage import build_extent
from trail.search.bodies.query import Body
from trail.search.responses import Response
from trail.search.spec import Scope
from trail.times import format_datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason why events may be missing from an answer: a sentence, and the address of the page that says more."""

    sentence: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was searched: `events` in all, the earliest of them, and when the latest of them was taken in.

    Times are RFC 3339 in UTC; None in a trail without events. `failed` of the `shards` did not answer.
    """

    asked_at: str
    events: int
    earliest: str | None
    ingested_until: str | None
    shards: int
    failed: int
    doubts: tuple[Doubt, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the answer holds for the whole trail; otherwise it is provisional."""
        return not self.failed and not self.doubts

    @property
    def answered(self) -> int:
        """How many shards gave an answer."""
        return self.shards - self.failed

    def doubted(self, doubts: Iterable[Doubt]) -> "Coverage":
        """The same with further doubts."""
        return replace(self, doubts=(*self.doubts, *doubts))


def build_coverage(scope: Scope) -> Body:
    """One body for the same round trip as the question itself."""
    return build_extent(scope)


def read_coverage(response: Response, asked_at: datetime) -> Coverage:
    """The engine's answer to `body`, whether every shard gave one or not."""
    shards, aggregations = response["_shards"], response.get("aggregations", {})
    late = Doubt("The engine ran out of time before it had looked at everything.")
    return Coverage(
        asked_at=format_datetime(asked_at),
        events=int(response["hits"]["total"]["value"]),
        earliest=aggregations.get("earliest", {}).get("value_as_string"),
        ingested_until=aggregations.get("ingested_until", {}).get("value_as_string"),
        shards=shards["total"],
        failed=shards["failed"],
        doubts=(late,) if response.get("timed_out") else (),
    )
