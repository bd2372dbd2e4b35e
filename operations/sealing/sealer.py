"""Seal what has arrived: number it, put it into the tree, sign the tree's new size. One process, a step each second.

A batch is written down first (`pending`); whatever is cut short after that is done again, with the same result, by the
next step or the next process.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone

from accounts.journal import trail
from operations.models import Checkpoint as Row
from operations.models import Cursor, Stretch
from operations.sealing import keys
from operations.sealing.arriving import Arriving
from operations.sealing.batch import Batch
from operations.sealing.errors import LogDamaged
from operations.sealing.log import Log
from operations.sealing.trouble import Trouble
from operations.services.incidents import Kind
from trail.errors import TrailUnavailable
from trail.integrity import merkle
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import TileConflict, TileMissing
from trail.integrity.verdict import Broken

BATCHES = 20  # at most in one step, so that a step ends while much waits
ROW_EVERY = 60  # seconds between the checkpoints that are kept as rows
# Seconds from the arrival of an event to its seal, after which it is an incident. A large import may outrun the sealing for
# a while; sealing that fails is an incident at once.
LATE = 300
LOG, LAG = "log", "lag"  # subjects of incidents


@dataclass(slots=True)
class _Step:
    """What one step did: how many events, and how long the one that waited longest had waited, in seconds."""

    sealed: int = 0
    waited: float = 0


class Sealer:
    """Seals into one log, which the caller has locked."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._trouble = Trouble()
        self._arriving = Arriving(self._trouble)
        self._checked = False
        self._signed = float("-inf")  # when a checkpoint was last kept as a row, by the monotonic clock
        self._out_until = float("-inf")  # when the trail was last found not to answer, by the same

    def step(self) -> int:
        """Seal what is there, as far as BATCHES go; how many events. Sign anew each minute in any case.

        Raises LogDamaged, TileConflict, TileMissing (nothing is sealed any more, and an incident says so) and
        TrailUnavailable (nothing is known of what waits).
        """
        try:
            done = self._step()
        except (LogDamaged, TileConflict, TileMissing) as error:
            self._checked = False
            self._trouble.failed(Kind.TAMPERED, LOG, f"The log cannot go on: {error}")
            raise
        except TrailUnavailable:
            self._out_until = time.monotonic()
            raise
        self._trouble.over(Kind.TAMPERED, LOG)
        if done.waited > LATE:
            what = f"An event waited {done.waited:.0f} seconds for its seal; after {LATE} that is too long."
            self._trouble.failed(Kind.NOT_SEALED, LAG, what)
        return done.sealed

    def _step(self) -> _Step:
        if not self._checked:
            self._begin()
            self._checked = True
        if time.monotonic() - self._signed >= ROW_EVERY:
            self._sign_again()
        done = _Step()
        for _ in range(BATCHES):
            size = self._size()
            batch, oldest = self._arriving.take(trail(), size)
            if not batch.cursors:
                self._trouble.over(Kind.NOT_SEALED, LAG, "Everything that arrived is sealed.")
                break
            self._log.begin(batch)
            self._finish(batch)
            done.sealed += len(batch.ids)
            # What waited only because of an outage is that incident's, not one of its own.
            done.waited = max(done.waited, min(_age(oldest), time.monotonic() - self._out_until))
        return done

    def _begin(self) -> None:
        """Make the log, or end what a process before us began; and see that folder and rows say the same."""
        new = self._log.note() is None
        if new and (Stretch.objects.exists() or Row.objects.exists()):
            raise LogDamaged(f"{self._log.folder} has no checkpoint, and {_covered():,} events are sealed.")
        key = self._log.keys.ensure(new=new)
        if new:
            self._log.put(keys.sign(Checkpoint(key.origin, 0, merkle.EMPTY), [key], int(time.time())))
        if batch := self._log.pending():
            self._finish(batch)
        self._compare_with_rows()

    def _compare_with_rows(self) -> None:
        """That the folder is not an old copy, nor another log, nor the rows."""
        newest = self._newest()
        if newest.size != _covered():
            raise LogDamaged(
                f"The newest checkpoint in {self._log.folder} is of {newest.size:,} events, and the rows say that "
                f"{_covered():,} are sealed."
            )
        last = Row.objects.order_by("size", "pk").last()
        if last is None:
            return
        verdict = merkle.verify_consistency(
            last.size, newest.size, bytes.fromhex(last.root), newest.root,
            self._log.tree(newest.size).consistency_proof(min(last.size, newest.size), newest.size),
        )  # fmt: skip
        if isinstance(verdict, Broken):
            raise LogDamaged(f"The log does not go on from the checkpoint of {last.size:,} events: {verdict.reason}.")

    def _newest(self) -> Checkpoint:
        newest = self._log.newest()
        if newest is None:
            raise LogDamaged(f"{self._log.folder} has lost its checkpoint.")
        return newest

    def _size(self) -> int:
        return self._newest().size

    def _finish(self, batch: Batch) -> None:
        """Seal a batch that is written down. Every part of it may have been done already."""
        newest, key = self._newest(), self._log.keys.current()
        rotation = self._log.keys.waiting()
        rotates = rotation is not None and rotation.event_id in batch.ids
        signers = [key, rotation.key] if rotation and rotates else [key]
        if newest.size == batch.first and batch.ids:
            size, root = self._log.tree(batch.first).append(batch.leaves)
            newest = Checkpoint(key.origin, size, root)
            self._log.put(keys.sign(newest, signers, int(time.time())))
        if newest.size != batch.end:
            raise LogDamaged(f"A batch of leaves {batch.first} to {batch.end - 1} does not follow {newest.size:,}.")
        self._log.append_ids(batch.first, batch.ids)
        with transaction.atomic():
            _keep(batch)
        if rotation and rotates:
            self._log.keys.publish(rotation.key, newest.size)
            self._keep_row(newest)
            self._log.keys.rotate(rotation)
        self._log.finished()

    def _sign_again(self) -> None:
        """The same size, a new time: nothing came until then."""
        newest = self._newest()
        fresh = Checkpoint(newest.origin, newest.size, newest.root)
        self._log.put(keys.sign(fresh, [self._log.keys.current()], int(time.time())))
        self._keep_row(fresh)
        self._signed = time.monotonic()

    def _keep_row(self, signed: Checkpoint) -> None:
        message = self._log.note()
        if message is not None:
            Row.objects.create(size=signed.size, root=signed.root.hex(), at=timezone.now(), note=message.decode())


def _covered() -> int:
    """How many leaves the rows know."""
    last = Stretch.objects.last()
    return last.end if last else 0


def _keep(batch: Batch) -> None:
    """The rows of a batch, unless they are there."""
    covered = _covered()
    if covered == batch.first:
        for run in batch.runs:
            last = Stretch.objects.last()
            if last and (last.index, last.uuid, last.shard, last.last_seq + 1) == (
                run.index, run.uuid, run.shard, run.first_seq,
            ):  # fmt: skip
                last.count += run.count
                last.save(update_fields=["count"])
            else:
                Stretch.objects.create(
                    first_leaf=last.end if last else 0, count=run.count, index=run.index, uuid=run.uuid,
                    shard=run.shard, first_seq=run.first_seq,
                )  # fmt: skip
    elif covered != batch.end:
        raise LogDamaged(f"The rows know {covered:,} events, and a batch of {batch.first} to {batch.end - 1} is due.")
    for (index, uuid, shard), seq in batch.cursors.items():
        Cursor.objects.update_or_create(index=index, shard=shard, defaults={"uuid": uuid, "seq": seq})


def _age(ingested: str) -> float:
    """Seconds since a time that the writer gave an event; 0 for an event without one, or from the future."""
    try:
        then = datetime.fromisoformat(ingested)
    except ValueError:
        return 0
    if then.tzinfo is None:
        return 0
    return max(0.0, (datetime.now(UTC) - then).total_seconds())
