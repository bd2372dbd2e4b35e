"""Delivers access records from the spools of this machine's processes to the trail, equal ones of a minute as one with a count.

A spool is acknowledged up to the first record whose minute is not on record whole, so a keeper that is killed reads on
there: what it had written is written again under the same ids, which changes nothing.
"""

import fcntl
import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from core import access_spool
from core.access_counts import AccessCounter, build_count
from core.audit import complete
from core.connection import trail
from operations.writers.shipments import ShipmentRecorder
from trail import files
from trail.documents import get
from trail.errors import SpoolBusy, TrailError
from trail.spool.reader import SpoolReader
from trail.spool.slot_file import SlotFile
from trail.spool.spool import Damage
from trail.writing.writer import Outcome, attempt_writes

AT_ONCE = 1_000  # records of one spool
LEAST_AGE = 60  # seconds; a younger folder may belong to a process that is about to write its first record
NAME = "access records"


@dataclass(slots=True)
class _OpenSpool:
    """A spool that is being read. `following` is the number after the last record that was read.

    `is_abandoned`: the process that wrote it had ended before it was last read, so that nothing more comes.
    """

    reader: SpoolReader
    is_abandoned: bool = False
    following: int = 0
    shipped: int = 0
    acknowledged: int = 0


@dataclass(slots=True)
class AccessDelivery:
    """What one keeper has read and not acknowledged yet."""

    spools: dict[Path, _OpenSpool] = field(default_factory=dict)
    counter: AccessCounter = field(default_factory=AccessCounter)
    unwritten: list[dict[str, Any]] = field(default_factory=list)

    def step(self, now: datetime | None = None) -> None:
        """Deliver what waits. Raises TrailUnavailable, WriteRefused or OSError; then it is tried again by the next step."""
        self._write_waiting()
        self._open_spools()
        while self._read_records():
            self._write_waiting()
        self._write_counts(now or datetime.now(UTC))
        self._acknowledge()

    def close(self) -> None:
        """Let another keeper deliver."""
        for spool in self.spools.values():
            spool.reader.close()
        self.spools.clear()

    def _open_spools(self) -> None:
        for folder in access_spool.list_folders():
            if folder not in self.spools:
                try:
                    self.spools[folder] = _OpenSpool(SpoolReader(folder))
                except SpoolBusy:  # somebody delivers it by hand
                    continue
        for folder, spool in self.spools.items():
            spool.is_abandoned = spool.is_abandoned or _is_abandoned(folder)

    def _read_records(self) -> bool:
        """Take in what the spools hold, in the order of time; whether there was anything."""
        records: list[tuple[str, tuple[str, int], dict[str, Any]]] = []
        read_any = False
        for folder, spool in self.spools.items():
            for item in spool.reader.read(AT_ONCE):
                read_any = True
                if isinstance(item, Damage):
                    ShipmentRecorder(NAME).set_aside(item.content, "damaged", str(item))
                    spool.following = item.last + 1
                    continue
                spool.following = item.number + 1
                record = orjson.loads(item.payload)
                records.append((record["document"]["@timestamp"], (str(folder), item.number), record))
        for _, place, record in sorted(records, key=lambda entry: entry[:2]):
            document = self.counter.add(place, record["equal"], record["document"])
            if document is not None:
                self.unwritten.append(document)
        return read_any

    def _write_waiting(self) -> None:
        self.unwritten = _write_all(self.unwritten)
        for folder, spool in self.spools.items():
            if spool.following > spool.shipped:
                SlotFile(folder / access_spool.SHIPPED).write(spool.following, sync=False)
                spool.shipped = spool.following

    def _write_counts(self, now: datetime) -> None:
        over = self.counter.list_over(now)
        _write_all([complete(build_count(window)) for _, window in over if window.count])
        self.counter.forget(name for name, _ in over)

    def _acknowledge(self) -> None:
        for folder, spool in list(self.spools.items()):
            number = self.counter.find_first_open(str(folder), spool.following)
            if number > spool.acknowledged:
                spool.reader.acknowledge_below(number)
                spool.acknowledged = number
            if number == spool.following and spool.is_abandoned:
                self.spools.pop(folder).reader.close()
                shutil.rmtree(folder)


def deliver_once(now: datetime | None = None) -> None:
    """Deliver what waits, and leave what is being counted to the next keeper."""
    delivery = AccessDelivery()
    try:
        delivery.step(now)
    finally:
        delivery.close()


def _write_all(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write events, and set aside what the trail will never take; nothing is left. Raises TrailError, OSError."""
    for document, outcome in zip(documents, attempt_writes(trail(), documents, by_console=True), strict=True):
        if isinstance(outcome, TrailError):
            raise outcome
        if _is_refused_for_ever(document, outcome):
            ShipmentRecorder(NAME).set_aside(orjson.dumps(document), outcome.status, outcome.reason)
    return []


def _is_refused_for_ever(document: dict[str, Any], outcome: Outcome) -> bool:
    """A count that is on record already stays as it is: what came later than its minute is an event of its own."""
    is_count = get(document, "labels.further") is not None
    return outcome.status == "invalid" or (outcome.status == "conflict" and not is_count)


def _is_abandoned(folder: Path) -> bool:
    """Whether the process that wrote there has ended. No other ever writes to its folder."""
    if time.time() - (folder / "writer.lock").stat().st_mtime < LEAST_AGE:
        return False
    try:
        os.close(files.lock(folder / "writer.lock", fcntl.LOCK_EX))
    except SpoolBusy:
        return False
    return True
