"""Says which events an answer lacks: of every index as many have to be there as the sealed log says.

The engine itself is silent about an index that is deleted, hidden, made anew, put back to an older state, or behind an alias
that shows a part of it, and about one of somebody else's that an alias under the trail's name leads to. So what it can find in
each index is counted beside every search of the whole trail, in the same round trip (trail.search.engine), and compared here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import TypeVar

from trail.connection import Trail
from trail.mapping import month_of

Value = TypeVar("Value")
SealedCounts = Mapping[str, int]  # by index: how many events are sealed in it
RENEWED_AFTER = 2.0  # seconds; numbers that are older ask for fewer events, never for one too many
NAMED = 3  # indices that a sentence names


def read_expected(trail: Trail) -> SealedCounts:
    """How many events must be found in each index now; a search that is sent after this call finds as many or more.

    Empty where nothing is sealed yet, or nobody says what is.
    """
    if trail.read_sealed is None:
        return {}
    return _read_recent(trail, "sealed", partial(_read_sealed, trail.prefix, trail.read_sealed))


def _read_sealed(prefix: str, read: Callable[[], SealedCounts]) -> SealedCounts:
    return {index: count for index, count in read().items() if count and index.startswith(f"{prefix}-events-")}


def read_doubt(trail: Trail) -> str:
    """Why events that are there may not be found by a field that was changed, in words; empty where nothing speaks for that."""
    if trail.read_doubt is None:
        return ""
    return _read_recent(trail, "doubt", trail.read_doubt)


def _read_recent(trail: Trail, name: str, read: Callable[[], Value]) -> Value:
    """What was read last, or read anew where that is older than RENEWED_AFTER."""
    known = trail.recent.get(name)
    if known is None or known[0] < monotonic():
        known = trail.recent[name] = (monotonic() + RENEWED_AFTER, read())
    value: Value = known[1]
    return value


def describe_foreign(prefix: str, counts: Mapping[str, int]) -> str:
    """What is searched with the trail and is no month of it, in words: an alias under the trail's name leads there."""
    foreign = sorted(index for index in counts if month_of(prefix, index) is None)
    return f"{foreign[0]} is searched with the trail and is no month of it" if foreign else ""


def describe_lacking(expected: SealedCounts, counts: Mapping[str, int]) -> str:
    """What is missing where some indices hold fewer events than are sealed in them, in words; empty where none does."""
    lacking = [index for index in sorted(expected) if counts.get(index, 0) < expected[index]]
    parts = [f"{index} shows {counts.get(index, 0):,} of its {expected[index]:,} events" for index in lacking[:NAMED]]
    if len(lacking) > NAMED:
        parts.append(f"and events are missing from {len(lacking) - NAMED} more")
    return ", ".join(parts)
