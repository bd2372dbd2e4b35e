"""Says up to which arrival the first-seen index is complete, and which of some events are first seen."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from trail import arrivals
from trail.connection import Trail
from trail.errors import Incomplete
from trail.first_seen import index
from trail.search import execute, first_seen_index
from trail.search.bodies import first_seen
from trail.search.bodies.first_seen import FirstSeenCoverage, KindsByEvent
from trail.search.bodies.query import build_query
from trail.search.engine import FIRST_SEEN_NOT_KNOWN
from trail.search.spec import WHOLE_TRAIL, Search
from trail.times import parse_datetime

POLL = 0.5  # seconds between reads of the coverage


def read_coverage(trail: Trail) -> FirstSeenCoverage:
    """Up to which arrival the index is complete, and how many events wait to be read. Raises TrailUnavailable."""
    progress = index.read_progress(trail) or index.Progress()
    settled = {(shard.index, shard.number): shard.settled for shard in arrivals.list_shards(trail)}
    waiting = sum(seq - progress.shards.get(shard, ("", -1))[1] for shard, seq in settled.items())
    return FirstSeenCoverage(progress.until, waiting)


def expect_coverage(trail: Trail, search: Search, *, patience: float = 0) -> None:
    """Wait up to `patience` seconds until the index covers all that a search may find, if it asks for what is first seen.

    A page says how far the index goes; a run or an export, which must be complete, calls this first. Raises Incomplete,
    TrailUnavailable.
    """
    if not first_seen_index.asks_for_first_seen({"query": build_query(search, WHOLE_TRAIL)}):
        return
    now = datetime.now(UTC)
    ingested_until = search.resolved(now).ingested_until
    until = parse_datetime(ingested_until) if ingested_until else now
    end = time.monotonic() + patience
    while (covered_until := _read_covered_until(trail)) is None or covered_until < until:
        if time.monotonic() >= end:
            raise Incomplete(
                f"What is first seen is known among the events that had arrived by {covered_until:%Y-%m-%d %H:%M:%S} UTC only."
                if covered_until
                else FIRST_SEEN_NOT_KNOWN
            )
        time.sleep(min(POLL, patience))


def _read_covered_until(trail: Trail) -> datetime | None:
    progress = index.read_progress(trail)
    return parse_datetime(progress.until) if progress and progress.until else None


def read_kinds(trail: Trail, event_ids: Sequence[str]) -> KindsByEvent:
    """The kinds of pairs of which each event is the first, by its id; other events are left out. One round trip.

    Raises TrailUnavailable.
    """
    return (
        first_seen.read_kinds_by_event(execute.ask(trail, first_seen.build_kinds_of_events(event_ids)))
        if event_ids
        else {}
    )
