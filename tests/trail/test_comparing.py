from pathlib import Path

import pytest
from django.conf import settings

from tests.factories.events import event, write
from trail import arrivals, comparing
from trail.comparing import Chunk, Sealed, Span
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.integrity.tiles import FileStore, Tree

COUNT = 900


@pytest.fixture
def chunks(trail: Trail, tmp_path: Path) -> list[Chunk]:
    """A sealed index, in chunks of a tile."""
    write(trail, *(event() for _ in range(COUNT)))
    (shard,) = arrivals.shards(trail)
    tree = Tree(FileStore(tmp_path))
    for window in arrivals.windows(trail, shard.index, 0, 0, shard.settled):
        tree.append([one.leaf for one in window.events])
    span = Span(0, COUNT, shard.index, 0, 0, COUNT)
    return [Chunk(start, min(start + 256, COUNT), (span,)) for start in range(0, COUNT, 256)]


@pytest.mark.parametrize("processes", [1, 2])
def test_every_chunk_is_answered_for_in_turn(trail: Trail, tmp_path: Path, chunks: list[Chunk], processes: int) -> None:
    short = Chunk(256, 512, (Span(0, COUNT, chunks[0].spans[0].index, 0, 0, 300),))  # the index lost the rest
    given = [chunks[0], short, *chunks[2:], *chunks * 3]
    found = list(
        comparing.differing(trail, settings.OPENSEARCH_URL, Sealed(tmp_path, COUNT), given, processes=processes)
    )
    assert [chunk for chunk, _ in found] == given
    assert [differs for _, differs in found] == [chunk is short for chunk in given]


def test_an_engine_that_does_not_answer_is_no_difference(trail: Trail, tmp_path: Path, chunks: list[Chunk]) -> None:
    with pytest.raises(TrailUnavailable):
        list(comparing.differing(trail, "http://127.0.0.1:1", Sealed(tmp_path, COUNT), chunks, processes=2))


def test_neighbours_are_made_one_and_others_stay_apart() -> None:
    one, other = (Span(start, 10, "index", 0, start, 10) for start in (0, 10))
    found = comparing.joined([Chunk(0, 5, (one,)), Chunk(5, 15, (one, other)), Chunk(16, 20, (other,))])
    assert list(found) == [Chunk(0, 15, (one, other)), Chunk(16, 20, (other,))]
    assert list(comparing.joined([])) == []


def test_a_process_of_its_own_says_whether_a_chunk_differs(trail: Trail, tmp_path: Path, chunks: list[Chunk]) -> None:
    sealed = Sealed(tmp_path, COUNT)
    assert not comparing._differs(settings.OPENSEARCH_URL, trail.prefix, sealed, chunks[0])
