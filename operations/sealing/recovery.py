"""Derives the rows and ids of leaves that are signed and that no row knows, from the folder and from what the trail holds.

A keeper that was cut short leaves such leaves where the batch that named them is lost. Their hashes are in the tree, so an event
whose hash is one of them is that leaf; nothing is guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from operations.models import Cursor, SealedRange
from operations.sealing.batch import LeafBatch
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from trail import arrivals
from trail.arrivals import Shard, Window
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.integrity.tiles import WIDTH

AT_ONCE = 10_000  # leaves in a batch
NAMED = 3  # leaves that an error names


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the event of a leaf stands in the engine."""

    event_id: str
    index: str
    uuid: str
    shard: int
    seq: int


def derive_batches(log: LogDirectory, trail: Trail, start: int, end: int) -> Iterator[LeafBatch]:
    """The leaves from one to before another, as batches in order, each to be kept before the next is asked for.

    Raises TrailUnavailable; LogDamaged where a leaf is no event of the trail; TileMissing.
    """
    while start < end:
        until = min(end, start + AT_ONCE)
        yield derive_batch(log, trail, start, list(log.tree(until).hashes(0, start, until)))
        start = until


def derive_batch(log: LogDirectory, trail: Trail, first: int, leaves: list[bytes]) -> LeafBatch:
    """The batch that puts these leaves from `first` on. Raises TrailUnavailable; LogDamaged where one is no event."""
    places: dict[bytes, _Place] = {}
    wanted = set(leaves)
    for source in (_read_arrivals(trail), _read_earlier_leaves(log, first, wanted)):
        for leaf, place in source:
            if leaf in wanted:
                places[leaf] = place
                wanted.remove(leaf)
            if not wanted:
                break
    if wanted:
        lost = [first + at for at, leaf in enumerate(leaves) if leaf in wanted]
        raise LogDamaged(
            f"{len(lost):,} leaves are signed and are no event of the trail, the first of them "
            f"{', '.join(map(str, lost[:NAMED]))}: what was sealed there is not in the trail any more."
        )
    return _build_batch(first, leaves, [places[leaf] for leaf in leaves])


def _build_batch(first: int, leaves: list[bytes], places: list[_Place]) -> LeafBatch:
    batch = LeafBatch(first, [place.event_id for place in places], leaves)
    for place in places:
        batch.add_number(place.index, place.uuid, place.shard, place.seq)
        shard = (place.index, place.uuid, place.shard)
        batch.cursors[shard] = max(place.seq, batch.cursors.get(shard, -1))
    return batch


def _read_arrivals(trail: Trail) -> Iterator[tuple[bytes, _Place]]:
    """Every event after the numbers that are sealed, of all shards in turns. Raises TrailUnavailable."""
    there = arrivals.list_indices(trail)
    shards = arrivals.list_shards(trail)
    if missing := sorted(set(there) - {shard.index for shard in shards}):
        raise TrailUnavailable(f"{', '.join(missing)} does not answer, so what was sealed of it cannot be told.")
    cursors = {(cursor.index, cursor.uuid, cursor.shard): cursor.seq for cursor in Cursor.objects.all()}
    reading: list[tuple[Shard, Iterator[Window]]] = []
    for shard in shards:
        seq = cursors.get((shard.index, shard.uuid, shard.number), -1)
        if shard.settled > seq:
            arrivals.refresh(trail, {shard.index})
            reading.append((shard, arrivals.read_windows(trail, shard.index, shard.number, seq + 1, shard.settled)))
    while reading:
        for shard, windows in list(reading):
            window = next(windows, None)
            if window is None:
                reading.remove((shard, windows))
                continue
            for event in window.events:
                yield event.leaf, _Place(event.event_id, shard.index, shard.uuid, shard.number, event.seq)


def _read_earlier_leaves(log: LogDirectory, before: int, wanted: set[bytes]) -> Iterator[tuple[bytes, _Place]]:
    """Those of the wanted that an earlier leaf is too, the latest first: a batch that was begun twice names them again."""
    tree = log.tree(before)
    end = before
    while end > 0:
        start = (end - 1) // WIDTH * WIDTH
        hashes = list(tree.hashes(0, start, end))
        if not wanted.isdisjoint(hashes):
            ids = list(log.ids(start, end))
            for at, leaf in enumerate(hashes):
                if leaf in wanted and (place := _locate(start + at, ids[at])):
                    yield leaf, place
        end = start


def _locate(leaf: int, event_id: str) -> _Place | None:
    sealed = SealedRange.objects.filter(first_leaf__lte=leaf).order_by("-first_leaf").first()
    if sealed is None or leaf >= sealed.end:
        return None
    return _Place(event_id, sealed.index, sealed.uuid, sealed.shard, sealed.first_seq + leaf - sealed.first_leaf)
