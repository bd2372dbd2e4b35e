"""Compares what is to be sealed with the trail and the rows: nothing is signed because a file or a row says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Cursor, SealedRange
from operations.sealing import rows
from operations.sealing.batch import LeafBatch
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.progress import keep_progress, read_progress
from operations.sealing.ranges import count_sealed
from trail import arrivals
from trail.arrivals import Shard
from trail.connection import Trail
from trail.errors import TrailUnavailable

ADVICE = "Nothing of it is sealed. Keep the file as evidence and take it out of the folder: what arrived is read anew."
REPEATS = "repeated-leaves"  # the name of what is kept of them
_ShardKey = tuple[str, str, int]  # an index, its uuid, the shard's number


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a pending batch says stands under a number."""

    event_id: str
    leaf: bytes


def compare_pending(log: LogDirectory, trail: Trail, batch: LeafBatch) -> None:
    """See that a batch that was found in the folder is of the events that the trail holds, all of them, where it says they are.

    Raises LogDamaged where it is not, TrailUnavailable where that cannot be told now, TileMissing.
    """
    is_signed = _expect_signed_leaves(log, batch)
    if not len(batch.ids) == len(batch.leaves) == sum(run.count for run in batch.runs):
        raise _refuse(batch, "does not name a place for each of its events")
    there = arrivals.list_indices(trail)
    shards = {(shard.index, shard.uuid, shard.number): shard for shard in arrivals.list_shards(trail)}
    expected = _list_expected(batch)
    if expected.keys() - batch.cursors.keys():
        raise _refuse(batch, "does not say how far the shards of its events are read")
    reached = {(cursor.index, cursor.uuid, cursor.shard): cursor.seq for cursor in Cursor.objects.all()}
    for key, seq in batch.cursors.items():
        if key not in shards and there.get(key[0]) == key[1]:
            raise TrailUnavailable(f"{key[0]} does not answer, so what is pending of it cannot be compared.")
        if key not in shards or seq > shards[key].settled:
            raise _refuse(batch, f"names numbers of {key[0]} that this index does not have")
        _compare_shard(trail, batch, shards[key], expected.get(key, {}), reached.get(key, -1))
    if is_signed:
        note_repeats(log, batch)
    elif rows.count_covered() < batch.end and _find_repeated(batch):
        raise _refuse(batch, "has events that are sealed already")


def _expect_signed_leaves(log: LogDirectory, batch: LeafBatch) -> bool:
    """Whether the batch is signed already; then with the leaves that it has."""
    signed = log.newest()
    is_signed = signed is not None and signed.size >= batch.end
    if signed and is_signed and list(log.tree(signed.size).leaves(batch.first, batch.end)) != batch.leaves:
        raise _refuse(batch, "has other leaves than were signed")
    return is_signed


def _list_expected(batch: LeafBatch) -> dict[_ShardKey, dict[int, _Expected]]:
    """By shard and number. Raises LogDamaged where one number stands there twice."""
    expected: dict[_ShardKey, dict[int, _Expected]] = {}
    leaves = zip(batch.ids, batch.leaves, strict=True)
    for run in batch.runs:
        numbers = expected.setdefault((run.index, run.uuid, run.shard), {})
        for seq in range(run.first_seq, run.first_seq + run.count):
            if seq in numbers:
                raise _refuse(batch, f"names number {seq} of {run.index} twice")
            numbers[seq] = _Expected(*next(leaves))
    return expected


def _compare_shard(trail: Trail, batch: LeafBatch, shard: Shard, expected: dict[int, _Expected], reached: int) -> None:
    """Each number holds the event that is expected there, and what is not sealed before the cursor is in the batch."""
    last = batch.cursors[shard.index, shard.uuid, shard.number]
    arrivals.refresh(trail, {shard.index})
    missing = set(expected)
    for window in arrivals.read_windows(trail, shard.index, shard.number, min([*missing, reached + 1]), last):
        for event in window.events:
            if expected.get(event.seq, _Expected(event.event_id, event.leaf)) != _Expected(event.event_id, event.leaf):
                raise _refuse(
                    batch, f"has another event than {event.event_id}, which is number {event.seq} of {shard.index}"
                )
            if event.seq not in expected and event.seq > reached:
                raise _refuse(batch, f"passes over {event.event_id}, which is number {event.seq} of {shard.index}")
            missing.discard(event.seq)
    if missing:
        raise _refuse(batch, f"has an event under number {min(missing)} of {shard.index}, where the trail has none")


def _refuse(batch: LeafBatch, what: str) -> LogDamaged:
    return LogDamaged(
        f"The pending batch of leaves {batch.first} to {batch.end - 1} {what}: it was not made of the trail. {ADVICE}"
    )


def expect_new_numbers(batch: LeafBatch) -> None:
    """See that none of a batch's events was sealed before. Raises LogDamaged: a row that says how far was put back."""
    if repeated := _find_repeated(batch):
        raise LogDamaged(
            f"{repeated.index} is sealed up to number {repeated.last_seq}, and what comes before would be sealed once more: the "
            "row that says how far was put back. The next step sets it right."
        )


def note_repeats(log: LogDirectory, batch: LeafBatch) -> None:
    """Remember which leaves were found signed and are events that have a leaf: a fault of an older version left them."""
    repeats = _find_repeated(batch) or _repeats_itself(batch)
    if repeats and [batch.first, batch.end] not in (known := list_repeats(log)):
        keep_progress(log, REPEATS, {"ranges": [*known, [batch.first, batch.end]]})


def list_repeats(log: LogDirectory) -> list[list[int]]:
    """The leaves, from and up to, that were found signed and are events sealed before."""
    ranges: list[list[int]] = (read_progress(log, REPEATS) or {}).get("ranges", [])
    return ranges


def _repeats_itself(batch: LeafBatch) -> bool:
    """Whether a batch names a number of a shard twice."""
    reached: dict[_ShardKey, int] = {}
    for run in sorted(batch.runs, key=lambda run: run.first_seq):
        key = run.index, run.uuid, run.shard
        if reached.get(key, -1) >= run.first_seq:
            return True
        reached[key] = run.first_seq + run.count - 1
    return False


def _find_repeated(batch: LeafBatch) -> SealedRange | None:
    """A stretch that has numbers of the batch already."""
    spans: dict[_ShardKey, tuple[int, int]] = {}
    for run in batch.runs:
        key = run.index, run.uuid, run.shard
        first, last = spans.get(key, (run.first_seq, 0))
        spans[key] = min(first, run.first_seq), max(last, run.first_seq + run.count - 1)
    for (index, uuid, shard), (first, last) in spans.items():
        sealed = SealedRange.objects.filter(index=index, uuid=uuid, shard=shard, first_seq__lte=last)
        before = sealed.order_by("-first_seq").first()
        if before and before.last_seq >= first:
            return before
    return None


def restore_cursors() -> None:
    """Set right each row that says less of a shard is sealed than is. Each such row is an incident, over at once."""
    for cursor, reached in list(_find_lowered()):
        was = f"was put back to number {cursor.seq}" if cursor.pk else "is gone"
        what = (
            f"The row that says how far {cursor.index}, shard {cursor.shard}, is sealed {was}, and events up to number {reached} "
            "are sealed. Somebody changed the database; it was set right, so that no event is sealed twice."
        )
        cursor.seq = reached
        cursor.events = count_sealed(cursor.index, cursor.shard, reached)
        cursor.save()
        subject = f"{cursor.index} sealed up to"
        incidents.record_failure(IncidentKind.TAMPERED, subject, what)
        incidents.record_recovery(IncidentKind.TAMPERED, subject, "It says again what is sealed.")


def _find_lowered() -> Iterator[tuple[Cursor, int]]:
    """Cursors behind what is sealed, new ones where there is none, and how far that is."""
    cursors = {(cursor.index, cursor.shard): cursor for cursor in Cursor.objects.all()}
    grouped = SealedRange.objects.order_by().values("index", "uuid", "shard")
    for group in grouped.annotate(first_seq=Max("first_seq"), first_leaf=Max("first_leaf")).order_by("first_leaf"):
        place: dict[str, Any] = {name: group[name] for name in ("index", "uuid", "shard")}
        reached = SealedRange.objects.filter(**place, first_seq=group["first_seq"]).latest("first_leaf").last_seq
        cursor = cursors.get((place["index"], place["shard"]))
        if cursor is None:  # of an index that was made anew, the last in the order of leaves counts
            cursor = Cursor(**place, seq=-1)
        if cursor.uuid == place["uuid"] and cursor.seq < reached:
            yield cursor, reached
