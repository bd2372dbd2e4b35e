"""Finds what has arrived and is not sealed yet, and refuses indices that are not what was sealed before."""

import time
from dataclasses import dataclass, field

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.incidents.throttle import IncidentThrottle
from operations.models import Cursor
from operations.sealing.batch import LeafBatch
from trail import arrivals
from trail.arrivals import Shard, Window
from trail.connection import Trail
from trail.errors import TrailUnavailable

AT_ONCE = 10_000  # events in a batch, about
NAMED = 3  # events that an incident names
# Seconds for which an index may be without a primary at work before that is said: one that is being made is so for a moment.
DOUBT = 1.0


@dataclass(slots=True)
class Intake:
    """Takes the next events of every shard that has some. A shard that cannot be gone on with holds up no other."""

    _trouble: IncidentThrottle
    _doubtful: dict[str, float] = field(
        default_factory=dict
    )  # what cannot be sealed, and since when by the monotonic clock

    def take(self, trail: Trail, first: int) -> tuple[LeafBatch, str]:
        """The next batch, from leaf `first`, and when the trail took its oldest event. Empty when nothing waits.

        Raises TrailUnavailable.
        """
        batch, oldest = LeafBatch(first), ""
        cursors = {(cursor.index, cursor.shard): cursor for cursor in Cursor.objects.all()}
        waiting = self._waiting(trail, cursors)
        for shard, seq in waiting:
            try:
                times = self._read(trail, batch, shard, seq, AT_ONCE // len(waiting))
            except TrailUnavailable as error:
                self._cannot_seal(f"{shard.index} reading", f"{shard.index} is not sealed: {error}")
                continue
            self._can_seal(f"{shard.index} reading")
            oldest = min([*([oldest] if oldest else []), *times], default="")
        return batch, oldest

    def _read(self, trail: Trail, batch: LeafBatch, shard: Shard, seq: int, enough: int) -> list[str]:
        """Add a shard's next events, and when the trail took each. What its checkpoint covers is found after a refresh."""
        arrivals.refresh(trail, {shard.index})
        times: list[str] = []
        count = 0
        for window in arrivals.read_windows(trail, shard.index, shard.number, seq + 1, shard.settled):
            batch.add(shard, window)
            self._look_at(shard, window)
            times += [event.ingested for event in window.events if event.ingested]
            count += len(window.events)
            if count >= enough:
                break
        return times

    def _waiting(self, trail: Trail, cursors: dict[tuple[str, int], Cursor]) -> list[tuple[Shard, int]]:
        """Shards that have more than is sealed, with the last number that is."""
        there = arrivals.list_indices(trail)  # before the shards, so that an index made meanwhile is not missed
        shards = arrivals.list_shards(trail)
        wrong = self._wrong(there, shards, cursors)
        self._say_who_is_silent(set(there), {shard.index for shard in shards})
        waiting = []
        for shard in shards:
            cursor = cursors.get((shard.index, shard.number))
            seq = cursor.seq if cursor else -1
            if shard.settled > seq and shard.index not in wrong:
                waiting.append((shard, seq))
        return waiting

    def _say_who_is_silent(self, there: set[str], at_work: set[str]) -> None:
        """An index without a primary at work may hold events that wait, and nobody can say so."""
        for index in there - at_work:
            self._cannot_seal(index, f"{index} does not answer, so nothing in it can be sealed.")
        for index in there & at_work:
            self._can_seal(index)

    def _cannot_seal(self, subject: str, what: str) -> None:
        """Said when it was so before, DOUBT seconds ago or more, and is no part of an outage, which is an incident already."""
        now = time.monotonic()
        is_known = subject in self._doubtful
        if is_known and now - self._doubtful[subject] >= DOUBT and not incidents.is_trail_down():
            self._trouble.record_failure(IncidentKind.NOT_SEALED, subject, what)
        self._doubtful.setdefault(subject, now)

    def _can_seal(self, subject: str) -> None:
        self._doubtful.pop(subject, None)
        self._trouble.record_recovery(IncidentKind.NOT_SEALED, subject)

    def _wrong(
        self, there: dict[str, str], shards: list[Shard], cursors: dict[tuple[str, int], Cursor]
    ) -> dict[str, str]:
        """Indices that are not what was sealed, and why; each is an incident as long as it stays so."""
        last = {(shard.index, shard.number): shard.last for shard in shards}
        wrong: dict[str, str] = {}
        for (index, number), cursor in cursors.items():
            if index not in there:
                wrong[index] = f"{index} is gone, with events that are sealed. Restore it from a snapshot."
            elif there[index] != cursor.uuid:
                wrong[index] = (
                    f"{index} was made anew after its events were sealed. If a snapshot was restored, run "
                    f"manage.py adopt_index {index}; if not, somebody replaced it."
                )
            elif last.get((index, number), cursor.seq) < cursor.seq:
                wrong[index] = (
                    f"{index} goes up to number {last[index, number]} only, and was sealed up to {cursor.seq}: it was "
                    "put back to an older state."
                )
        for index in {index for index, _ in cursors}:
            if index in wrong:
                self._trouble.record_failure(IncidentKind.TAMPERED, index, wrong[index])
            else:
                self._trouble.record_recovery(
                    IncidentKind.TAMPERED, index, "The index is again the one that was sealed."
                )
        return wrong

    def _look_at(self, shard: Shard, window: Window) -> None:
        """What is sealed as it stands, and said: events past the writer, and numbers that no event has."""
        strange = [event for event in window.events if event.strange]
        if strange:
            named = ", ".join(f"{event.event_id} ({event.strange})" for event in strange[:NAMED])
            self._trouble.record_failure(
                IncidentKind.TAMPERED,
                f"{shard.index} past the writer",
                f"{len(strange)} events in {shard.index} did not come through the trail's writer: {named}.",
                events=len(strange),
            )
        holes = window.last - window.first + 1 - len(window.events)
        if holes:
            subject = f"{shard.index} numbers"
            self._trouble.record_failure(
                IncidentKind.CHECK,
                subject,
                f"{holes} numbers from {window.first} to {window.last} in {shard.index} belong to no event: a write that "
                "failed inside the engine, or a change of primary. No event was sealed under them.",
                events=holes,
            )
            # It happened once, and nothing fails now; it stays for a person to resolve.
            self._trouble.record_recovery(IncidentKind.CHECK, subject, "What came after them is sealed.")
