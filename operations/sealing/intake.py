"""What has arrived and is not sealed yet; and what must not be sealed on top of, for it is not what was sealed before."""

from dataclasses import dataclass, field

from operations.models import Cursor
from operations.sealing.batch import Batch
from operations.sealing.trouble import Trouble
from operations.services import incidents
from operations.services.incidents import Kind
from trail import arrivals
from trail.arrivals import Shard, Window
from trail.connection import Trail
from trail.errors import TrailUnavailable

AT_ONCE = 10_000  # events in a batch, about
NAMED = 3  # events that an incident names


@dataclass(slots=True)
class Arriving:
    """Takes the next events of every shard that has some. A shard that cannot be gone on with holds up no other."""

    _trouble: Trouble
    _doubtful: set[str] = field(default_factory=set)  # what could not be sealed when last tried

    def take(self, trail: Trail, first: int) -> tuple[Batch, str]:
        """The next batch, from leaf `first`, and when the trail took its oldest event. Empty when nothing waits.

        Raises TrailUnavailable.
        """
        batch, oldest = Batch(first), ""
        cursors = {(one.index, one.shard): one for one in Cursor.objects.all()}
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

    def _read(self, trail: Trail, batch: Batch, shard: Shard, seq: int, enough: int) -> list[str]:
        """Add a shard's next events, and when the trail took each. What its checkpoint covers is found after a refresh."""
        arrivals.refresh(trail, {shard.index})
        times: list[str] = []
        taken = 0
        for window in arrivals.windows(trail, shard.index, shard.number, seq + 1, shard.settled):
            batch.add(shard, window)
            self._look_at(shard, window)
            times += [event.ingested for event in window.events if event.ingested]
            taken += len(window.events)
            if taken >= enough:
                break
        return times

    def _waiting(self, trail: Trail, cursors: dict[tuple[str, int], Cursor]) -> list[tuple[Shard, int]]:
        """Shards that have more than is sealed, with the last number that is."""
        there = arrivals.indices(trail)  # before the shards, so that an index made meanwhile is not missed
        shards = arrivals.shards(trail)
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
        """Said when it is so twice in a row and is no part of an outage, which is an incident already."""
        if subject in self._doubtful and not incidents.is_out():
            self._trouble.failed(Kind.NOT_SEALED, subject, what)
        self._doubtful.add(subject)

    def _can_seal(self, subject: str) -> None:
        self._doubtful.discard(subject)
        self._trouble.over(Kind.NOT_SEALED, subject)

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
                self._trouble.failed(Kind.TAMPERED, index, wrong[index])
            else:
                self._trouble.over(Kind.TAMPERED, index, "The index is again the one that was sealed.")
        return wrong

    def _look_at(self, shard: Shard, window: Window) -> None:
        """What is sealed as it stands, and said: events past the writer, and numbers that no event has."""
        strange = [event for event in window.events if event.strange]
        if strange:
            named = ", ".join(f"{event.event_id} ({event.strange})" for event in strange[:NAMED])
            self._trouble.failed(
                Kind.TAMPERED, f"{shard.index} past the writer",
                f"{len(strange)} events in {shard.index} did not come through the trail's writer: {named}.",
                events=len(strange),
            )  # fmt: skip
        holes = window.last - window.first + 1 - len(window.events)
        if holes:
            self._trouble.failed(
                Kind.CHECK, f"{shard.index} numbers",
                f"{holes} numbers from {window.first} to {window.last} in {shard.index} belong to no event: a write that "
                "failed inside the engine, or a change of primary. No event was sealed under them.",
                events=holes,
            )  # fmt: skip
