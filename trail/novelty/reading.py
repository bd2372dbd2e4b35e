"""What is known of firsts among events that were found already, and how far that goes."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from trail import arrivals
from trail.connection import Trail
from trail.errors import Incomplete
from trail.novelty import index
from trail.search import bodies, execute, firsts, novelty
from trail.search.answers import NO_FIRSTS
from trail.search.novelty import Covered, Marks
from trail.search.spec import WHOLE_TRAIL, Search

POLL = 0.5  # seconds between looks at how far firsts are known


def covered(trail: Trail) -> Covered:
    """How far firsts are known. Raises TrailUnavailable."""
    known = index.progress(trail) or index.Progress()
    settled = {(shard.index, shard.number): shard.settled for shard in arrivals.shards(trail)}
    waiting = sum(seq - known.shards.get(shard, ("", -1))[1] for shard, seq in settled.items())
    return Covered(known.until, waiting)


def expect(trail: Trail, search: Search, *, patience: float = 0) -> None:
    """That firsts are known among all that a search may find, if it asks for any; else Incomplete after so many seconds.

    A page says how far they are known; what is whole or fails asks here first. Raises TrailUnavailable.
    """
    if not firsts.asks_for_firsts({"query": bodies.query(search, WHOLE_TRAIL)}):
        return
    until = datetime.fromisoformat(search.ingested_until) if search.ingested_until else datetime.now(UTC)
    end = time.monotonic() + patience
    while (known := _known_until(trail)) is None or known < until:
        if time.monotonic() >= end:
            raise Incomplete(
                f"Which events are firsts is known among those that arrived until {known:%Y-%m-%d %H:%M:%S} UTC only."
                if known
                else NO_FIRSTS
            )
        time.sleep(min(POLL, patience))


def _known_until(trail: Trail) -> datetime | None:
    known = index.progress(trail)
    return datetime.fromisoformat(known.until) if known and known.until else None


def marks(trail: Trail, event_ids: Sequence[str]) -> Marks:
    """Of which kinds some events are firsts; those that are none are left out. One round trip. Raises TrailUnavailable."""
    return novelty.read_marks(execute.ask(trail, novelty.marks_of(event_ids))) if event_ids else {}
