"""Finds the leaves of many events by the engine's numbers, each confirmed by the log's own list of ids."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from django.db.models import F

from operations.models import SealedRange
from operations.sealing.folder import LogDirectory
from trail.integrity.tiles import WIDTH

Place = tuple[str, int]  # an index, and the engine's number of an event in it
REMEMBERED = 64  # bundles of ids


class Leaves:
    """The leaves of the first `size` events. It remembers what it has read, and belongs to one piece of work."""

    def __init__(self, size: int) -> None:
        self._log, self._size = LogDirectory(), size
        self._ids = lru_cache(maxsize=REMEMBERED)(self._read)

    def of(self, places: dict[str, Place]) -> dict[str, int]:
        """The leaf of each event that has one where it stands. Left out: what is not sealed, or not where it was.

        Raises LogDamaged.
        """
        by_index: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for event_id, (index, number) in places.items():
            by_index[index].append((number, event_id))
        leaves: dict[str, int] = {}
        for index, events in by_index.items():
            candidates = _candidates(index, sorted(events))
            leaves |= {event_id: leaf for event_id, leaf in candidates if self._is(leaf, event_id)}
        return leaves

    def _is(self, leaf: int, event_id: str) -> bool:
        return leaf < self._size and self._ids(leaf // WIDTH)[leaf % WIDTH] == event_id

    def _read(self, bundle: int) -> list[str]:
        start = bundle * WIDTH
        return list(self._log.ids(start, min(start + WIDTH, self._size)))


def _candidates(index: str, events: list[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    """Each event with each leaf it can be: one, unless the index has several shards or was made anew."""
    first, last = events[0][0], events[-1][0]
    there = SealedRange.objects.filter(index=index, first_seq__lte=last, first_seq__gt=first - F("count"))
    shards: dict[tuple[str, int], list[SealedRange]] = defaultdict(list)
    for sealed_range in there.order_by("first_seq"):
        shards[sealed_range.uuid, sealed_range.shard].append(sealed_range)
    for sealed_ranges in shards.values():
        yield from _in_shard(sealed_ranges, events)


def _in_shard(sealed_ranges: list[SealedRange], events: Iterable[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    """Ranges of one shard, by their first number; a number may be in two, where a batch was begun twice."""
    starts = [sealed_range.first_seq for sealed_range in sealed_ranges]
    reach = list(accumulate((sealed_range.last_seq for sealed_range in sealed_ranges), max))
    for number, event_id in events:
        at = bisect_right(starts, number) - 1
        while at >= 0 and reach[at] >= number:
            if (leaf := sealed_ranges[at].leaf(number)) is not None:
                yield event_id, leaf
                break
            at -= 1
