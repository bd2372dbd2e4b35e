"""A batch that is written down is sealed as the trail holds it, or not at all: who writes the folder gets nothing signed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from operations.models import Cursor, Incident, SealedRange
from operations.sealing.batch import LeafBatch
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from trail.connection import Trail
from trail.integrity.merkle import leaf_hash


def leave_pending(sealer: Sealer, log: LogDirectory, trail: Trail) -> LeafBatch:
    """Five events sealed, and a batch of four more written down when the process ended."""
    write(trail, *(event() for _ in range(5)))
    sealer.step()
    write(trail, *(event() for _ in range(4)))
    batch, _ = sealer._arriving.take(trail, 5)
    log.begin(batch)
    return batch


def put(log: LogDirectory, batch: LeafBatch) -> None:
    (log.folder / "pending").write_bytes(batch.encode())


def forge_garbage(batch: LeafBatch) -> LeafBatch:
    return replace(batch, ids=["garbage", *batch.ids[1:]], leaves=[leaf_hash(b"garbage"), *batch.leaves[1:]])


def forge_leaf(batch: LeafBatch) -> LeafBatch:
    return replace(batch, leaves=[*batch.leaves[:2], leaf_hash(b"another"), *batch.leaves[3:]])


def forge_id(batch: LeafBatch) -> LeafBatch:
    return replace(batch, ids=[*batch.ids[:2], "another", *batch.ids[3:]])


def change_places(batch: LeafBatch) -> LeafBatch:
    return replace(
        batch,
        ids=[batch.ids[1], batch.ids[0], *batch.ids[2:]],
        leaves=[batch.leaves[1], batch.leaves[0], *batch.leaves[2:]],
    )


def add_events(batch: LeafBatch) -> LeafBatch:
    runs = [replace(batch.runs[0], count=batch.runs[0].count + 2)]
    return replace(
        batch, ids=[*batch.ids, "a", "b"], leaves=[*batch.leaves, leaf_hash(b"a"), leaf_hash(b"b")], runs=runs
    )


def repeat_events(batch: LeafBatch) -> LeafBatch:
    return replace(batch, ids=batch.ids * 2, leaves=batch.leaves * 2, runs=[*batch.runs, *batch.runs])


def leave_out(batch: LeafBatch) -> LeafBatch:
    """The last event is passed over for ever: the cursor stands behind it."""
    runs = [replace(batch.runs[0], count=batch.runs[0].count - 1)]
    return replace(batch, ids=batch.ids[:-1], leaves=batch.leaves[:-1], runs=runs)


def run_ahead(batch: LeafBatch) -> LeafBatch:
    return replace(batch, cursors={shard: seq + 1_000 for shard, seq in batch.cursors.items()})


def name_no_numbers(batch: LeafBatch) -> LeafBatch:
    return replace(batch, runs=[])


def be_of_another_index(batch: LeafBatch) -> LeafBatch:
    return replace(batch, runs=[replace(batch.runs[0], uuid="another")])


FORGERIES: list[Callable[[LeafBatch], LeafBatch]] = [
    forge_garbage, forge_leaf, forge_id, change_places, add_events, repeat_events, leave_out, run_ahead, name_no_numbers,
    be_of_another_index,
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "next process"])
def test_a_forged_batch_is_not_signed(
    sealer: Sealer, log: LogDirectory, trail: Trail, forge: Callable[[LeafBatch], LeafBatch], restarted: bool
) -> None:
    batch = leave_pending(sealer, log, trail)
    put(log, forge(batch))
    before, rows, cursor = log.note(), SealedRange.objects.count(), Cursor.objects.get().seq
    at_work = Sealer(LogDirectory(log.folder)) if restarted else sealer
    at_work._begun = False
    for _ in range(2):
        with pytest.raises(LogDamaged, match="pending"):
            at_work.step()
    assert log.note() == before
    assert (SealedRange.objects.count(), Cursor.objects.get().seq) == (rows, cursor)
    incident = Incident.objects.get(kind="tampered", subject="log")
    assert "pending" in incident.what
    put(log, batch)  # as it was written down
    at_work.step()
    signed = log.newest()
    assert signed is not None
    assert signed.size == 9
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_a_batch_that_cannot_be_compared_now_waits(
    sealer: Sealer, log: LogDirectory, trail: Trail, no_trail_later: Callable[[], None]
) -> None:
    from trail.errors import TrailUnavailable

    leave_pending(sealer, log, trail)
    before = log.note()
    no_trail_later()
    with pytest.raises(TrailUnavailable):
        Sealer(LogDirectory(log.folder)).step()
    assert log.note() == before
    assert not Incident.objects.exists()


@pytest.fixture
def no_trail_later(settings: object) -> Callable[[], None]:
    def lose() -> None:
        settings.OPENSEARCH_URL = "http://127.0.0.1:1"  # type: ignore[attr-defined]

    return lose
