"""Which leaves many events are: from the engine's numbers of them, each confirmed by the log's own list of ids."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.db.models import F

from operations.models import Stretch
from operations.sealing.log import Log
from trail.integrity.tiles import WIDTH

Place = tuple[str, int]  # an index, and the engine's number of an event in it
REMEMBERED = 64  # bundles of ids


class Leaves:
    """The leaves of the first `size` events. It remembers what it has read, and belongs to one piece of work."""

    def __init__(self, size: int) -> None:
        self._log, self._size = Log(), size
        self._ids = lru_cache(maxsize=REMEMBERED)(self._read)

    def of(self, places: dict[str, Place]) -> dict[str, int]:
        """The leaf of each event that has one where it stands. Left out: what is not sealed, or not where it was.

        Raises LogDamaged.
        """
        by_index: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for event_id, (index, number) in places.items():
            by_index[index].append((number, event_id))
        found: dict[str, int] = {}
        for index, some in by_index.items():
            candidates = _candidates(index, sorted(some))
            found |= {event_id: leaf for event_id, leaf in candidates if self._is(leaf, event_id)}
        return found

    def _is(self, leaf: int, event_id: str) -> bool:
        return leaf < self._size and self._ids(leaf // WIDTH)[leaf % WIDTH] == event_id

    def _read(self, bundle: int) -> list[str]:
        start = bundle * WIDTH
        return list(self._log.ids(start, min(start + WIDTH, self._size)))


def _candidates(index: str, some: list[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    """Each event with each leaf it can be: one, unless the index has several shards or was made anew."""
    first, last = some[0][0], some[-1][0]
    there = Stretch.objects.filter(index=index, first_seq__lte=last, first_seq__gt=first - F("count"))
    shards: dict[tuple[str, int], list[Stretch]] = defaultdict(list)
    for stretch in there.order_by("first_seq"):
        shards[stretch.uuid, stretch.shard].append(stretch)
    for stretches in shards.values():
        yield from _in_shard(stretches, some)


def _in_shard(stretches: list[Stretch], some: Iterable[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    starts = [stretch.first_seq for stretch in stretches]
    for number, event_id in some:
        at = bisect_right(starts, number) - 1
        if at >= 0 and (leaf := stretches[at].leaf(number)) is not None:
            yield event_id, leaf
