"""Keeps the rows of sealed leaves: which leaf is which number of which shard, and how far each shard is sealed."""

from collections.abc import Mapping

from django.db import transaction

from operations.models import Cursor, SealedRange
from operations.sealing.batch import LeafBatch, NumberRange
from operations.sealing.errors import LogDamaged

Known = Mapping[tuple[str, int], Cursor]  # by index and shard


def count_covered() -> int:
    """How many leaves the rows know."""
    last = SealedRange.objects.last()
    return last.end if last else 0


@transaction.atomic
def keep_batch(batch: LeafBatch) -> None:
    """The rows of a batch, unless they are there; few statements, however large it is. Raises LogDamaged."""
    expect_place_for(batch)
    known = {(cursor.index, cursor.shard): cursor for cursor in Cursor.objects.all()}
    added: dict[tuple[str, int], int] = {}
    if count_covered() == batch.first:
        _keep_ranges(batch)
        added = _count_events(batch, known)
    _keep_cursors(batch, known, added)


def expect_place_for(batch: LeafBatch) -> None:
    """Raises LogDamaged where the rows neither end where a batch begins nor where it ends."""
    covered = count_covered()
    if covered not in (batch.first, batch.end):
        raise LogDamaged(f"The rows know {covered:,} events, and a batch of {batch.first} to {batch.end - 1} is due.")


def _keep_ranges(batch: LeafBatch) -> None:
    waiting = list(batch.runs)
    last = SealedRange.objects.last()
    if last and waiting and _follows(last, waiting[0]):
        last.count += waiting.pop(0).count
        last.save(update_fields=["count"])
    leaf = last.end if last else 0
    added = []
    for run in waiting:
        added.append(
            SealedRange(
                first_leaf=leaf,
                count=run.count,
                index=run.index,
                uuid=run.uuid,
                shard=run.shard,
                first_seq=run.first_seq,
            )
        )
        leaf += run.count
    SealedRange.objects.bulk_create(added, batch_size=500)


def _follows(last: SealedRange, run: NumberRange) -> bool:
    return (last.index, last.uuid, last.shard, last.last_seq + 1) == (run.index, run.uuid, run.shard, run.first_seq)


def _count_events(batch: LeafBatch, known: Known) -> dict[tuple[str, int], int]:
    """How many events of each shard a batch seals for the first time. A recovered batch may name some again."""
    reached = {shard: cursor.seq for shard, cursor in known.items()}
    added: dict[tuple[str, int], int] = {}
    for run in sorted(batch.runs, key=lambda run: run.first_seq):
        shard, last = (run.index, run.shard), run.first_seq + run.count - 1
        before = max(reached.get(shard, -1), run.first_seq - 1)
        added[shard] = added.get(shard, 0) + max(0, last - before)
        reached[shard] = max(before, last)
    return added


def _keep_cursors(batch: LeafBatch, known: Known, added: Mapping[tuple[str, int], int]) -> None:
    """How far each shard is sealed now, and how many events that is. A batch that is kept once more, after others, puts
    none back."""
    rows = []
    for (index, uuid, shard), seq in batch.cursors.items():
        before = known.get((index, shard))
        rows.append(
            Cursor(
                index=index,
                uuid=uuid,
                shard=shard,
                seq=max(seq, before.seq) if before and before.uuid == uuid else seq,
                events=(before.events if before else 0) + added.get((index, shard), 0),
            )
        )
    Cursor.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["index", "shard"],
        update_fields=["uuid", "seq", "events"],
    )
