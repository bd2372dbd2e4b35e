"""Lets a duty wait while a part that it needs does not answer, and after a pause until every part has answered again."""

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

from django.utils import timezone

from core.pauses import WATCH, PauseWatch
from operations.incidents import services as incidents
from operations.incidents.services import DATABASE, ENGINE, IncidentKind
from operations.sealing.intervals import SILENT_AFTER

KEEPER = "keeper"  # subject of the incident of a pause
PARTS = (DATABASE, ENGINE)  # that duties wait for


@dataclass(slots=True)
class Gate:
    """What the probes of one keeper said last of each part, and after how many pauses."""

    watch: PauseWatch = field(default_factory=lambda: WATCH)
    _answered: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(PARTS, 0)
    )  # the pauses before the last answer
    _down: set[str] = field(default_factory=set)
    _recorded: int = 0  # pauses that are on record, or too short to be
    _lock: Lock = field(default_factory=Lock)

    def note_answer(self, part: str) -> None:
        """A probe had an answer."""
        self._answered[part] = self.watch.tick()
        self._down.discard(part)
        if self._is_up_again():
            self._record_pause()

    def note_silence(self, part: str) -> None:
        """A probe had none, which is on record already: what needs the part waits for the next answer."""
        self._down.add(part)

    def is_open(self, needs: tuple[str, ...], settle: float) -> bool:
        """Whether a duty with these needs, and so many seconds after a pause that others need first, may be done now."""
        pauses = self.watch.tick()
        if any(part in self._down or self._answered[part] < pauses for part in needs):
            return False
        return self.watch.measure_awake() >= settle

    def _is_up_again(self) -> bool:
        pauses = self.watch.count
        return not self._down and all(answered == pauses for answered in self._answered.values())

    def _record_pause(self) -> None:
        """A pause is an incident of its own, over as soon as all parts answer: nothing was sealed or watched meanwhile."""
        with self._lock:
            if self._recorded == self.watch.count:
                return
            self._recorded, length = self.watch.count, timedelta(seconds=round(self.watch.length))
        if length < SILENT_AFTER:
            return
        since = timezone.now() - timedelta(seconds=self.watch.measure_awake()) - length
        what = (
            f"The keeper did not run for {length}, from {since:%Y-%m-%d %H:%M:%S} UTC on: its process was stopped, or the "
            "machine slept. Nothing was sealed and nobody was watched meanwhile."
        )
        with incidents.best_effort():
            incidents.record_failure(IncidentKind.OUTAGE, KEEPER, what)
            incidents.record_recovery(IncidentKind.OUTAGE, KEEPER, "It runs again, and every part answers.")
