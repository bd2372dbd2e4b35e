from pathlib import Path

import pytest
from django.conf import settings

from tests.support.factories.events import event, write
from trail import arrivals, verification
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.integrity.tiles import FileStore, Tree
from trail.verification import Chunk, LeafRange, SealedLog

COUNT = 900


@pytest.fixture
def chunks(trail: Trail, tmp_path: Path) -> list[Chunk]:
    """A sealed index, in chunks of a tile."""
    write(trail, *(event() for _ in range(COUNT)))
    (shard,) = arrivals.list_shards(trail)
    tree = Tree(FileStore(tmp_path))
    for window in arrivals.read_windows(trail, shard.index, 0, 0, shard.settled):
        tree.append([one.leaf for one in window.events])
    span = LeafRange(0, COUNT, shard.index, 0, 0, COUNT)
    return [Chunk(start, min(start + 256, COUNT), (span,)) for start in range(0, COUNT, 256)]


@pytest.mark.parametrize("processes", [1, 2])
def test_every_chunk_is_answered_for_in_turn(trail: Trail, tmp_path: Path, chunks: list[Chunk], processes: int) -> None:
    short = Chunk(256, 512, (LeafRange(0, COUNT, chunks[0].ranges[0].index, 0, 0, 300),))  # the index lost the rest
    given = [chunks[0], short, *chunks[2:], *chunks * 3]
    found = list(
        verification.compare_chunks(
            trail, settings.OPENSEARCH_URL, SealedLog(tmp_path, COUNT), given, processes=processes
        )
    )
    assert [compared.chunk for compared in found] == given
    assert [compared.differs for compared in found] == [chunk is short for chunk in given]


def test_an_engine_that_does_not_answer_is_no_difference(trail: Trail, tmp_path: Path, chunks: list[Chunk]) -> None:
    with pytest.raises(TrailUnavailable):
        list(verification.compare_chunks(trail, "http://127.0.0.1:1", SealedLog(tmp_path, COUNT), chunks, processes=2))


def test_neighbours_are_made_one_and_others_stay_apart() -> None:
    one, other = (LeafRange(start, 10, "index", 0, start, 10) for start in (0, 10))
    found = verification.join_chunks([Chunk(0, 5, (one,)), Chunk(5, 15, (one, other)), Chunk(16, 20, (other,))])
    assert list(found) == [Chunk(0, 15, (one, other)), Chunk(16, 20, (other,))]
    assert list(verification.join_chunks([])) == []


def test_a_process_of_its_own_says_whether_a_chunk_differs(trail: Trail, tmp_path: Path, chunks: list[Chunk]) -> None:
    sealed = SealedLog(tmp_path, COUNT)
    assert not verification._compare_apart(settings.OPENSEARCH_URL, trail.prefix, None, sealed, chunks[0]).differs
