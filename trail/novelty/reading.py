"""What is known of firsts among events that were found already, and how far that goes."""

from collections.abc import Sequence
from datetime import UTC, datetime

from trail import arrivals
from trail.connection import Trail
from trail.errors import Incomplete
from trail.novelty import index
from trail.search import execute, novelty
from trail.search.answers import NO_FIRSTS
from trail.search.novelty import Covered, Marks


def covered(trail: Trail) -> Covered:
    """How far firsts are known. Raises TrailUnavailable."""
    known = index.progress(trail) or index.Progress()
    waiting = 0
    for shard in arrivals.shards(trail):
        waiting += shard.settled - known.shards.get((shard.index, shard.number), ("", -1))[1]
    return Covered(known.until, waiting)


def expect(trail: Trail, until: str) -> None:
    """That firsts are known among all that had arrived by a time, else Incomplete."""
    known = index.progress(trail)
    if known is None or known.until is None:
        raise Incomplete(NO_FIRSTS)
    if datetime.fromisoformat(known.until) < datetime.fromisoformat(until).astimezone(UTC):
        raise Incomplete(f"Which events are firsts is known among those that arrived until {known.until} only.")


def marks(trail: Trail, event_ids: Sequence[str]) -> Marks:
    """Of which kinds some events are firsts; those that are none are left out. One round trip. Raises TrailUnavailable."""
    return novelty.read_marks(execute.ask(trail, novelty.marks_of(event_ids))) if event_ids else {}
