"""Delivers to the trail the events of a source, in order, for as long as it takes, and sets aside what it will never take.

A source is read again from where it was last acknowledged, so a shipper may be killed at any time: an event that is sent
twice is there once.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Signal
from typing import Any, Protocol, TypeVar

import orjson

from trail import files
from trail.connection import Trail
from trail.errors import TrailError
from trail.spool.spool import Damage
from trail.times import format_datetime
from trail.writing.writer import Outcome, attempt_writes

AT_ONCE = 1_000  # events
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0  # seconds between tries
POLL = 0.2  # seconds between looks at a source that had nothing


class ShippedRecord(Protocol):
    """One event of a source as text."""

    @property
    def payload(self) -> bytes:
        """The text, UTF-8 where it is an event."""
        ...


Item = TypeVar("Item", bound=ShippedRecord | Damage)


class Source(Protocol[Item]):
    """Where events wait: a spool (trail.spool.reader), a file or a pipe (trail.writing.tail)."""

    def read(self, most: int) -> list[Item]:
        """The next of them; none when there are none now."""
        ...

    def acknowledge(self, *items: Item) -> None:
        """These are delivered or set aside, and need not be read again. May raise OSError; it is called again then."""
        ...

    @property
    def ended(self) -> bool:
        """Whether there will never be any more."""
        ...


class ShipmentObserver(Protocol):
    """Puts on record what goes wrong while events are shipped."""

    def failed(self, error: Exception) -> None:
        """Trouble has begun: a TrailError, or an OSError of the source or of the folder for what is set aside."""
        ...

    def over(self) -> None:
        """Events are delivered again."""
        ...

    def set_aside(self, payload: bytes, status: str, reason: str) -> None:
        """The trail will never take this: invalid, conflict, or damaged. Raises OSError to be called again later."""
        ...


@dataclass(slots=True)
class Shipped:
    """How many events were delivered (`existing`: were there already), set aside, and could not be read."""

    created: int = 0
    existing: int = 0
    rejected: int = 0
    damaged: int = 0


class Shipper:
    """One source into one trail. `rejected` is the folder for what is set aside, a file each, with the reason.

    `report` is called with a sentence when a trouble begins, when it is over, and for each event set aside. `stop` ends the work
    after what is under way. `observer` puts the same on record.
    """

    def __init__(
        self,
        trail: Trail,
        source: Source[Any],
        rejected: Path,
        *,
        stop: Signal | None = None,
        report: Callable[[str], None] = lambda sentence: None,
        observer: ShipmentObserver | None = None,
    ) -> None:
        self.shipped = Shipped()
        self._trail, self._source, self._rejected = trail, source, rejected
        self._stop = stop or Signal()
        self._report, self._observer = report, observer
        self._trouble = ""

    def run(self, *, follow: bool = True) -> Shipped:
        """Ship until `stop` is set; without `follow`, until nothing waits."""
        while not self._stop.is_set():
            items = self._read()
            if items is None:
                self._stop.wait(POLL)
            elif items:
                if not self._deliver_all(items):
                    break
            elif self._source.ended or not follow:
                break
            else:
                self._stop.wait(POLL)
        return self.shipped

    def _read(self) -> list[Any] | None:
        """The items that wait; None when the source cannot be read now."""
        try:
            return self._source.read(AT_ONCE)
        except OSError as error:
            self._report_trouble(f"What waits to be delivered cannot be read: {error}.", error)
            return None

    def _deliver_all(self, items: Sequence[ShippedRecord | Damage]) -> bool:
        """Try until every item is delivered or set aside, and acknowledged; False when stopped before."""
        pending = list(items)
        pause = FIRST_PAUSE
        while True:
            try:
                pending = self._deliver(pending)
                if not pending:
                    self._source.acknowledge(*items)
                    self._report_end()
                    return True
            except OSError as error:
                self._report_trouble(f"What was set aside or delivered cannot be put on record: {error}.", error)
            if self._stop.wait(pause):
                return False
            pause = min(pause * 2, LONGEST_PAUSE)

    def _deliver(self, items: Sequence[ShippedRecord | Damage]) -> list[ShippedRecord | Damage]:
        """One try; what is still to be delivered. Raises OSError when something cannot be set aside."""
        records: list[ShippedRecord] = []
        for item in items:
            if isinstance(item, Damage):
                self._set_aside(item.content, "damaged", str(item))
            else:
                records.append(item)
        documents = [_parse(record.payload) for record in records]
        failed: list[ShippedRecord | Damage] = []
        for record, outcome in zip(records, attempt_writes(self._trail, documents), strict=True):
            if isinstance(outcome, TrailError):
                self._report_trouble(str(outcome), outcome)
                failed.append(record)
            else:
                self._count(record, outcome)
        return failed

    def _count(self, record: ShippedRecord, outcome: Outcome) -> None:
        if outcome.status == "created":
            self.shipped.created += 1
        elif outcome.status == "existing":
            self.shipped.existing += 1
        else:
            self._set_aside(record.payload, outcome.status, outcome.reason)

    def _set_aside(self, payload: bytes, status: str, reason: str) -> None:
        """Keep what cannot be delivered, in a file named by its content, so that it is kept once."""
        name = hashlib.sha256(payload + (reason.encode() if status == "damaged" else b"")).hexdigest()
        path = self._rejected / f"{name}.json"
        if path.exists():
            return
        record = {"at": format_datetime(datetime.now(UTC)), "status": status, "reason": reason, **_as_json(payload)}
        if self._observer:
            self._observer.set_aside(payload, status, reason)
        files.make_folder(self._rejected)
        files.replace(path, orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n")
        if status == "damaged":
            self.shipped.damaged += 1
        else:
            self.shipped.rejected += 1
        self._report(f"Set aside in {path} ({status}): {reason}")

    def _report_trouble(self, trouble: str, error: Exception) -> None:
        if not self._trouble:
            if self._observer:
                self._observer.failed(error)
            self._report(f"{trouble} It is tried again until it succeeds.")
        self._trouble = trouble

    def _report_end(self) -> None:
        if self._trouble:
            if self._observer:
                self._observer.over()
            self._report("Events are delivered again.")
        self._trouble = ""


def _parse(payload: bytes) -> Any:
    """The document, or None for what is no JSON: the writer answers that it is invalid."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None


def _as_json(payload: bytes) -> dict[str, str]:
    """Bytes as JSON can hold them without loss: as text where they are UTF-8."""
    try:
        return {"text": payload.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(payload).decode()}
