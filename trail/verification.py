"""Compares the events in the engine with what was sealed, a chunk of leaves at a time, in several processes.

Which leaf is which number of which shard is given (LeafRange); no database is needed, so that a process begins at once.
"""

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from trail import arrivals
from trail.arrivals import StoredEvent
from trail.connection import Trail, connect
from trail.integrity import leaf_comparison
from trail.integrity.leaf_comparison import Tampered
from trail.integrity.tiles import FileStore, Tree
from trail.integrity.verdict import Intact

LEAVES = 1 << 16  # in a chunk: a whole tile of the second level
_SECONDS = len("2026-11-01T00:00:00")  # of a time, which compares as text
_AHEAD = 2  # chunks for each process that are given out before their turn


@dataclass(frozen=True, slots=True)
class LeafRange:
    """Leaves that are consecutive numbers of one shard.

    Only the first `readable` of them can be in the index; fewer than `count` when it was put back to an older state, or is gone.
    """

    first_leaf: int
    count: int
    index: str
    shard: int
    first_seq: int
    readable: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """The leaves from `start` up to, and without, `end`, with the ranges that hold them.

    `taken_by` is a time (RFC 3339, UTC) after which the trail took none of them; empty where that is not known.
    """

    start: int
    end: int
    ranges: tuple[LeafRange, ...]
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class SealedLog:
    """A sealed log: its folder, and the size that a verified checkpoint has."""

    folder: Path
    size: int

    def tree(self) -> Tree:
        """The tree of the log's first `size` leaves."""
        return Tree(FileStore(self.folder), self.size)


def read_events(trail: Trail, chunk: Chunk) -> Iterator[StoredEvent]:
    """The events that stand now where a chunk's leaves were sealed, in the order of the leaves. Raises TrailUnavailable."""
    for leaves in chunk.ranges:
        start = max(chunk.start - leaves.first_leaf, 0)
        end = min(chunk.end - leaves.first_leaf, leaves.readable)
        first = leaves.first_seq + start
        for window in arrivals.read_windows(trail, leaves.index, leaves.shard, first, leaves.first_seq + end - 1):
            yield from window.events


@dataclass(frozen=True, slots=True)
class ComparedChunk:
    """Whether a chunk's events, or what is searched of them, differ from what was sealed; and the digest of their ids
    (`digest_ids`)."""

    chunk: Chunk
    differs: bool
    ids: bytes


def digest_ids(ids: Iterable[str]) -> bytes:
    """A SHA-256 over ids in their order, each behind its length in two bytes."""
    digest = sha256()
    for event_id in ids:
        content = event_id.encode()
        digest.update(len(content).to_bytes(2) + content)
    return digest.digest()


def read_contradicting(trail: Trail, chunk: Chunk) -> Iterator[StoredEvent]:
    """The events of a chunk of which something else is searched than was sealed. Raises TrailUnavailable."""
    return (event for event in read_events(trail, chunk) if _contradicts(event, chunk))


def _contradicts(event: StoredEvent, chunk: Chunk) -> bool:
    """Whether what is searched of an event and is no part of its leaf cannot be what it was when the leaf was sealed."""
    is_later = bool(chunk.taken_by) and event.ingested[:_SECONDS] > chunk.taken_by[:_SECONDS]
    return bool(event.contradiction) or is_later


def compare_chunk(trail: Trail, sealed: SealedLog, chunk: Chunk) -> Intact | Tampered:
    """Whether a chunk's events are as they were sealed, or how they differ. Raises TrailUnavailable."""
    hashes = (event.leaf for event in read_events(trail, chunk))
    return leaf_comparison.verify_range(hashes, sealed.tree(), chunk.start, chunk.end)


def _compare_with_ids(trail: Trail, sealed: SealedLog, chunk: Chunk) -> ComparedChunk:
    digest = sha256()

    contradicting = 0

    def read_hashes() -> Iterator[bytes]:
        nonlocal contradicting
        for event in read_events(trail, chunk):
            content = event.event_id.encode()
            digest.update(len(content).to_bytes(2) + content)
            contradicting += _contradicts(event, chunk)
            yield event.leaf

    verdict = leaf_comparison.verify_range(read_hashes(), sealed.tree(), chunk.start, chunk.end)
    return ComparedChunk(chunk, not verdict or contradicting > 0, digest.digest())


def compare_chunks(
    trail: Trail,
    url: str,
    sealed: SealedLog,
    chunks: Iterable[Chunk],
    *,
    processes: int = 1,
    credentials: tuple[str, str] | None = None,
) -> Iterator[ComparedChunk]:
    """Each chunk in turn, compared with what was sealed. Raises TrailUnavailable.

    With several processes each connects to `url` for itself, with these credentials.
    """
    if processes == 1:
        yield from (_compare_with_ids(trail, sealed, chunk) for chunk in chunks)
        return
    waiting = iter(chunks)
    # Begun afresh: a process that is forked would share the connections of this one.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:

        def submit(chunk: Chunk) -> Future[ComparedChunk]:
            return pool.submit(_compare_apart, url, trail.prefix, credentials, sealed, chunk)

        under_way = [submit(chunk) for chunk in islice(waiting, processes * _AHEAD)]
        try:
            for answer in _yield_in_turn(under_way, map(submit, waiting)):
                yield answer.result()
        finally:
            for answer in under_way:
                answer.cancel()


def _yield_in_turn(
    under_way: list[Future[ComparedChunk]], waiting: Iterator[Future[ComparedChunk]]
) -> Iterator[Future[ComparedChunk]]:
    while under_way:
        yield under_way.pop(0)
        under_way.extend(islice(waiting, 1))


def _compare_apart(
    url: str, prefix: str, credentials: tuple[str, str] | None, sealed: SealedLog, chunk: Chunk
) -> ComparedChunk:
    return _compare_with_ids(connect(url, prefix=prefix, timeout=120, credentials=credentials), sealed, chunk)


def read_events_at(chunk: Chunk, trail: Trail, places: Collection[int]) -> Iterator[StoredEvent]:
    """The events of a chunk at these places, counted as a finding's `at`. Raises TrailUnavailable."""
    return (event for at, event in enumerate(read_events(trail, chunk), chunk.start) if at in places)


def join_chunks(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Chunks with neighbours joined into one, so that an event that moved from one to the next is seen as moved."""
    last: Chunk | None = None
    for chunk in chunks:
        if last and last.end == chunk.start:
            ranges = tuple(dict.fromkeys(chain(last.ranges, chunk.ranges)))
            last = Chunk(last.start, chunk.end, ranges, chunk.taken_by)
        else:
            if last:
                yield last
            last = chunk
    if last:
        yield last
