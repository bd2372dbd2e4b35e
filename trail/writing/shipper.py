"""Deliver to the trail what a source holds, in order, for as long as it takes; what the trail will never take is set aside.

A source is read again from where it was last acknowledged, so a shipper may be killed at any moment: an event that is sent
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

from trail import disk
from trail.connection import Trail
from trail.errors import TrailError
from trail.spool import Damage
from trail.writer import Outcome, attempt

AT_ONCE = 1_000  # events
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0  # seconds between tries
POLL = 0.2  # seconds between looks at a source that had nothing


class Record(Protocol):
    """One event of a source as text."""

    @property
    def payload(self) -> bytes: ...


Item = TypeVar("Item", bound=Record | Damage)


class Source(Protocol[Item]):
    """Where events wait: a spool (trail.drain), a file or a pipe (trail.follow)."""

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


class Witness(Protocol):
    """Who is told of what goes wrong, to put it on record."""

    def failed(self, error: Exception) -> None:
        """Trouble has begun: what the trail said, or an OSError of the source or of where things are set aside."""
        ...

    def over(self) -> None:
        """Events are delivered again."""
        ...

    def set_aside(self, payload: bytes, status: str, reason: str) -> None:
        """The trail will never take this: invalid, conflict, or damaged. Raises OSError to be told again later."""
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

    `said` is told, in a sentence, of each trouble when it begins, when it is over, and of each event set aside. `stop` ends
    the work after what is under way. `witness` puts the same on record.
    """

    def __init__(self, trail: Trail, source: Source[Any], rejected: Path, *, stop: Signal | None = None,
                 said: Callable[[str], None] = lambda sentence: None, witness: Witness | None = None) -> None:  # fmt: skip
        self.shipped = Shipped()
        self._trail, self._source, self._rejected = trail, source, rejected
        self._stop = stop or Signal()
        self._said, self._witness = said, witness
        self._trouble = ""

    def run(self, *, follow: bool = True) -> Shipped:
        """Ship until told to stop; without `follow`, until nothing waits."""
        while not self._stop.is_set():
            items = self._read()
            if items is None:
                self._stop.wait(POLL)
            elif items:
                if not self._settle(items):
                    break
            elif self._source.ended or not follow:
                break
            else:
                self._stop.wait(POLL)
        return self.shipped

    def _read(self) -> list[Any] | None:
        """What waits; None when that cannot be read, which may pass."""
        try:
            return self._source.read(AT_ONCE)
        except OSError as error:
            self._begins(f"What waits to be delivered cannot be read: {error}.", error)
            return None

    def _settle(self, items: Sequence[Record | Damage]) -> bool:
        """Try until every item is delivered or set aside, and acknowledged; False when told to stop before."""
        pending = list(items)
        pause = FIRST_PAUSE
        while True:
            try:
                pending = self._deliver(pending)
                if not pending:
                    self._source.acknowledge(*items)
                    self._over()
                    return True
            except OSError as error:
                self._begins(f"What was set aside or delivered cannot be put on record: {error}.", error)
            if self._stop.wait(pause):
                return False
            pause = min(pause * 2, LONGEST_PAUSE)

    def _deliver(self, items: Sequence[Record | Damage]) -> list[Record | Damage]:
        """One try; what is still to be delivered. Raises OSError when something cannot be set aside."""
        records: list[Record] = []
        for item in items:
            if isinstance(item, Damage):
                self._set_aside(item.content, "damaged", str(item))
            else:
                records.append(item)
        documents = [_parsed(record.payload) for record in records]
        failed: list[Record | Damage] = []
        for record, answer in zip(records, attempt(self._trail, documents), strict=True):
            if isinstance(answer, TrailError):
                self._begins(str(answer), answer)
                failed.append(record)
            else:
                self._count(record, answer)
        return failed

    def _count(self, record: Record, outcome: Outcome) -> None:
        if outcome.status == "created":
            self.shipped.created += 1
        elif outcome.status == "existing":
            self.shipped.existing += 1
        else:
            self._set_aside(record.payload, outcome.status, outcome.reason)

    def _set_aside(self, payload: bytes, status: str, reason: str) -> None:
        """Keep what cannot be delivered. Its name follows from what it is, so that it is kept once."""
        name = hashlib.sha256(payload + (reason.encode() if status == "damaged" else b"")).hexdigest()
        path = self._rejected / f"{name}.json"
        if path.exists():
            return
        kept = {"at": datetime.now(UTC).isoformat(), "status": status, "reason": reason, **_as_json(payload)}
        if self._witness:
            self._witness.set_aside(payload, status, reason)
        disk.make_folder(self._rejected)
        disk.replace(path, orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")
        if status == "damaged":
            self.shipped.damaged += 1
        else:
            self.shipped.rejected += 1
        self._said(f"Set aside in {path} ({status}): {reason}")

    def _begins(self, trouble: str, error: Exception) -> None:
        if not self._trouble:
            if self._witness:
                self._witness.failed(error)
            self._said(f"{trouble} It is tried again until it succeeds.")
        self._trouble = trouble

    def _over(self) -> None:
        if self._trouble:
            if self._witness:
                self._witness.over()
            self._said("Events are delivered again.")
        self._trouble = ""


def _parsed(payload: bytes) -> Any:
    """The document; what is no JSON comes out as None, which the writer answers as invalid."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None


def _as_json(payload: bytes) -> dict[str, str]:
    """Bytes exactly, as text where they are text."""
    try:
        return {"text": payload.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(payload).decode()}
