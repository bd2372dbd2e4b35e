"""Seals what has arrived: numbers it, puts it into the tree, signs the tree's new size; one process, step by step.

A batch is written down first (`pending`); whatever is cut short after that is done again, with the same result, by the
next step or the next process, before anything else.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from core.connection import trail
from core.pauses import WATCH
from operations.incidents.services import IncidentKind
from operations.incidents.throttle import IncidentThrottle
from operations.models import Checkpoint as Row
from operations.models import SealedRange
from operations.sealing import pending_check, rows, signing_keys
from operations.sealing.batch import LeafBatch
from operations.sealing.checkpoint_signer import CheckpointSigner
from operations.sealing.errors import ElsewhereUnreadable, KeyUnusable, LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.intake import Intake
from operations.sealing.intervals import SIGNED_EVERY
from operations.sealing.recovery import derive_batch, derive_batches
from trail.errors import TrailUnavailable
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import TileConflict, TileMissing

log = logging.getLogger(__name__)
BATCHES = 20  # at most in one step, so that a step ends while much waits
# Seconds from the arrival of an event to its seal, after which it is an incident. A large import may outrun the sealing for
# a while; sealing that fails is an incident at once.
LATE = 300
LOG, LAG, KEYS = "log", "lag", "keys"  # subjects of incidents


@dataclass(slots=True)
class _Step:
    """What one step did: how many events, and how long the one that waited longest had waited, in seconds."""

    sealed: int = 0
    waited: float = 0


class Sealer:
    """Seals into one log, which the caller has locked."""

    def __init__(self, folder: LogDirectory) -> None:
        self._log = folder
        self._signer = CheckpointSigner(folder)
        self._trouble = IncidentThrottle()
        self._arriving = Intake(self._trouble)
        self._begun = False  # the log is as the last step that ended well left it
        self._signed = float("-inf")  # when a checkpoint was last kept as a row, by the monotonic clock
        self._out_until = float("-inf")  # when the trail was last found not to answer, by the same

    def step(self) -> int:
        """Seal what is there, as far as BATCHES go; how many events. Sign anew each minute in any case.

        After an error of any kind the next step first ends what this one began. Raises LogDamaged, TileConflict,
        TileMissing (nothing is sealed any more, and an incident says so) and TrailUnavailable (nothing is known of what waits);
        DatabaseError and OSError, which say nothing of the log.
        """
        try:
            outcome = self._step()
        except (KeyUnusable, ElsewhereUnreadable) as error:
            self._trouble.record_failure(IncidentKind.NOT_SEALED, LOG, f"The log cannot go on: {error}")
            raise
        except (LogDamaged, TileConflict, TileMissing) as error:
            self._trouble.record_failure(IncidentKind.TAMPERED, LOG, f"The log cannot go on: {error}")
            raise
        except TrailUnavailable:
            self._out_until = time.monotonic()
            raise
        self._trouble.record_recovery(IncidentKind.TAMPERED, LOG)
        self._trouble.record_recovery(IncidentKind.NOT_SEALED, LOG)
        if outcome.waited > LATE:
            what = f"An event waited {outcome.waited:.0f} seconds for its seal; after {LATE} that is too long."
            self._trouble.record_failure(IncidentKind.NOT_SEALED, LAG, what)
        return outcome.sealed

    def _step(self) -> _Step:
        begun, self._begun = self._begun, False  # and true again only at the end, whatever comes between
        if not begun:
            self._begin()
        if time.monotonic() - self._signed >= SIGNED_EVERY.total_seconds():
            self._sign_again()
        outcome = _Step()
        for _ in range(BATCHES):
            newest = self._newest()
            self._signer.expect_kept(newest)
            batch, oldest = self._arriving.take(trail(), newest.size)
            if not batch.cursors:
                self._trouble.record_recovery(IncidentKind.NOT_SEALED, LAG, "Everything that arrived is sealed.")
                break
            pending_check.expect_new_numbers(batch)
            self._log.begin(batch)
            self._finish(batch)
            outcome.sealed += len(batch.ids)
            # What waited only because of an outage, or a pause, is that incident's, not one of its own.
            since_outage = min(time.monotonic() - self._out_until, WATCH.measure_awake())
            outcome.waited = max(outcome.waited, min(_measure_age(oldest), since_outage))
        self._begun = True
        return outcome

    def _begin(self) -> None:
        """Make the log, or end what a process before us began; and see that folder and rows say the same."""
        new = self._log.note() is None
        if new and (SealedRange.objects.exists() or Row.objects.exists()):
            raise LogDamaged(f"{self._log.folder} has no checkpoint, and {rows.count_covered():,} events are sealed.")
        self._log.keys.ensure(new=new)
        if new:
            self._signer.sign(0)
        if batch := self._log.pending():
            self._derive_rows(batch.first)
            pending_check.compare_pending(self._log, trail(), batch)
            self._finish_pending(batch)
        self._derive_rows(self._size())
        self._compare_with_rows()
        pending_check.restore_cursors()

    def _finish_pending(self, batch: LeafBatch) -> None:
        """End a batch; or the one before it, whose leaves are in the tree already, where this one was begun over it."""
        try:
            self._finish(batch)
        except TileConflict:
            unsigned = self._log.tree(batch.first).read_unsigned()
            if self._size() != batch.first or not unsigned:
                raise
            log.warning(
                "Leaves from %d on stand in the tree and are not signed; they are sealed as they are.", batch.first
            )
            before = derive_batch(self._log, trail(), batch.first, unsigned)
            self._log.finished()
            self._log.begin(before)
            self._finish(before)

    def _derive_rows(self, end: int) -> None:
        """Rows and ids of the leaves before `end` that are signed and that no row knows."""
        size = self._size()
        for batch in derive_batches(self._log, trail(), rows.count_covered(), min(end, size)):
            log.warning("The rows of leaves %d to %d were lost and are derived anew.", batch.first, batch.end - 1)
            self._log.append_ids(batch.first, batch.ids)
            pending_check.note_repeats(self._log, batch)
            rows.keep_batch(batch)

    def _compare_with_rows(self) -> None:
        """That neither the folder nor the rows are an old copy."""
        newest = self._newest()
        if newest.size != rows.count_covered():
            raise LogDamaged(
                f"The newest checkpoint in {self._log.folder} is of {newest.size:,} events, and the rows say that "
                f"{rows.count_covered():,} are sealed."
            )

    def _newest(self) -> Checkpoint:
        newest = self._log.newest()
        if newest is None:
            raise LogDamaged(f"{self._log.folder} has lost its checkpoint.")
        return newest

    def _size(self) -> int:
        return self._newest().size

    def _finish(self, batch: LeafBatch) -> None:
        """Seal a batch that is written down. Every part of it may have been done already."""
        rows.expect_place_for(batch)  # before anything is signed
        newest, rotation = self._newest(), self._log.keys.waiting()
        rotates = rotation is not None and rotation.event_id in batch.ids
        if newest.size == batch.first and batch.ids:
            newest = self._signer.sign(batch.first, batch.leaves, rotates=rotates)
        if newest.size != batch.end:
            raise LogDamaged(f"A batch of leaves {batch.first} to {batch.end - 1} does not follow {newest.size:,}.")
        self._log.append_ids(batch.first, batch.ids)
        rows.keep_batch(batch)
        if rotation and rotates:
            self._log.keys.publish(rotation, newest.size)
            self._keep_row(newest)
            self._log.keys.rotate()
        self._log.finished()

    def _sign_again(self) -> None:
        """The same size, a new time: nothing came until then."""
        self._signer.look_elsewhere()
        self._keep_row(self._signer.sign(self._size()))
        self._signed = time.monotonic()
        self._look_at_keys()

    def _look_at_keys(self) -> None:
        """Rows of keys count for nothing; that somebody put others there is said all the same."""
        if foreign := list(signing_keys.find_foreign_rows(self._log.keys.history())):
            what = f"The database names keys that the log never had: {', '.join(foreign[:3])}. None of them counts."
            self._trouble.record_failure(IncidentKind.TAMPERED, KEYS, what)
        else:
            self._trouble.record_recovery(IncidentKind.TAMPERED, KEYS)

    def _keep_row(self, signed: Checkpoint) -> None:
        message = self._log.note()
        if message is not None:
            Row.objects.create(size=signed.size, root=signed.root.hex(), at=timezone.now(), note=message.decode())


def _measure_age(ingested: str) -> float:
    """Seconds since a time that the writer gave an event; 0 for an event without one, or from the future."""
    try:
        then = datetime.fromisoformat(ingested)
    except ValueError:
        return 0
    if then.tzinfo is None:
        return 0
    return max(0.0, (datetime.now(UTC) - then).total_seconds())
