"""Compare what the engine holds with what was sealed, a chunk of leaves at a time; in as many processes as there are cores.

Which leaf is which number of which shard is given (Span); no database is needed, so that a process begins at once.
"""

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from trail import arrivals
from trail.arrivals import Stored
from trail.connection import Trail, connect
from trail.integrity import audit
from trail.integrity.audit import Tampered
from trail.integrity.tiles import FileStore, Tree
from trail.integrity.verdict import Intact

LEAVES = 1 << 16  # in a chunk: a whole tile of the second level
_AHEAD = 2  # chunks for each process that are given out before their turn


@dataclass(frozen=True, slots=True)
class Span:
    """Leaves that are consecutive numbers of one shard. Only the first `readable` of them can be in the index, which was put
    back to an older state, or is gone."""

    first_leaf: int
    count: int
    index: str
    shard: int
    first_seq: int
    readable: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """The leaves from `start` to before `end`, with the spans that hold them."""

    start: int
    end: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is compared with: the folder of a log, and the size that a verified checkpoint has."""

    folder: Path
    size: int

    def tree(self) -> Tree:
        return Tree(FileStore(self.folder), self.size)


def events(trail: Trail, chunk: Chunk) -> Iterator[Stored]:
    """The events that stand where a chunk's leaves were sealed, in the order of the leaves. Raises TrailUnavailable."""
    for span in chunk.spans:
        start = max(chunk.start - span.first_leaf, 0)
        end = min(chunk.end - span.first_leaf, span.readable)
        first = span.first_seq + start
        for window in arrivals.windows(trail, span.index, span.shard, first, span.first_seq + end - 1):
            yield from window.events


def compare(trail: Trail, sealed: Sealed, chunk: Chunk) -> Intact | Tampered:
    """What became of a chunk's events. Raises TrailUnavailable."""
    leaves = (event.leaf for event in events(trail, chunk))
    return audit.verify_range(leaves, sealed.tree(), chunk.start, chunk.end)


def differing(
    trail: Trail, url: str, sealed: Sealed, chunks: Iterable[Chunk], *, processes: int = 1
) -> Iterator[tuple[Chunk, bool]]:
    """Each chunk in turn, and whether it differs from what was sealed. Raises TrailUnavailable."""
    if processes == 1:
        yield from ((chunk, not compare(trail, sealed, chunk)) for chunk in chunks)
        return
    waiting = iter(chunks)
    # Begun afresh: a process that is forked would share the connections of this one.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:

        def submit(chunk: Chunk) -> tuple[Chunk, Future[bool]]:
            return chunk, pool.submit(_differs, url, trail.prefix, sealed, chunk)

        under_way = [submit(chunk) for chunk in islice(waiting, processes * _AHEAD)]
        try:
            for chunk, answer in _in_turn(under_way, map(submit, waiting)):
                yield chunk, answer.result()
        finally:
            for _, answer in under_way:
                answer.cancel()


def _in_turn(
    under_way: list[tuple[Chunk, Future[bool]]], more: Iterator[tuple[Chunk, Future[bool]]]
) -> Iterator[tuple[Chunk, Future[bool]]]:
    while under_way:
        yield under_way.pop(0)
        under_way.extend(islice(more, 1))


def _differs(url: str, prefix: str, sealed: Sealed, chunk: Chunk) -> bool:
    return not compare(connect(url, prefix=prefix, timeout=120), sealed, chunk)


def chosen(chunk: Chunk, trail: Trail, places: Collection[int]) -> Iterator[Stored]:
    """The events at some places of a chunk, counted as a finding's `at`. Raises TrailUnavailable."""
    return (event for at, event in enumerate(events(trail, chunk), chunk.start) if at in places)


def joined(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Neighbours made one, so that what moved from one to the next is seen."""
    last: Chunk | None = None
    for chunk in chunks:
        if last and last.end == chunk.start:
            last = Chunk(last.start, chunk.end, tuple(dict.fromkeys(chain(last.spans, chunk.spans))))
        else:
            if last:
                yield last
            last = chunk
    if last:
        yield last
