"""Whatever cuts a step of the sealer short, the next one ends it: no event is lost or sealed twice, and nobody is accused."""

import errno
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from accounts.models import User
from operations.models import Cursor, Incident, SealedRange
from operations.sealing import proofs, rows, signing_keys
from operations.sealing import services as sealing
from operations.sealing.batch import LeafBatch
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.leaf_lookup import Leaves
from operations.sealing.publication import publish_checkpoints
from operations.sealing.sealer import Sealer
from tests.support.database import database_url
from tests.support.factories.events import event, write
from trail import arrivals
from trail.canonical_form import canonicalise
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.integrity import merkle
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.publish import read_published
from trail.integrity.tiles import TileConflict
from trail.integrity.verdict import Intact

# Calls that leave something on the disk or in the database, or ask the engine.
_FILE_CALLS = {"link", "replace", "rename", "unlink", "rmdir"}
_OTHER_CALLS = {"sendall"}
if connection.vendor == "sqlite":  # another driver would be cut short in the middle of its protocol
    _OTHER_CALLS |= {"commit", "execute"}
_ERRORS: dict[str, BaseException] = {
    "locked": sqlite3.OperationalError("database is locked"),
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "gone": TrailUnavailable("The trail does not answer."),
    "killed": SystemExit(1),
}


@pytest.fixture
def log(transactional_db: None, trail: Trail, settings: Settings, tmp_path: Path) -> LogDirectory:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    return LogDirectory()


class Written:
    """What was written to the trail, and what the log must hold of it."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.leaves: dict[str, bytes] = {}

    def write(self, count: int = 2) -> None:
        documents = [event(at=f"2026-{10 + number % 2}-01T00:00:00Z") for number in range(count)]
        write(self.trail, *documents)
        self.leaves |= {document["event"]["id"]: merkle.leaf_hash(canonicalise(document)) for document in documents}

    def expect_sealed(self, log: LogDirectory, *, twice: int = 0) -> None:
        """Every event has its leaf, as many have one more as are said, and rows, ids and tree say the same."""
        signed = log.newest()
        assert signed is not None
        assert signed.size == len(self.leaves) + twice
        ids = list(log.ids(0, signed.size))
        assert set(ids) == self.leaves.keys()
        assert signed.root == merkle.root(self.leaves[event_id] for event_id in ids)
        assert rows.count_covered() == signed.size
        for sealed in SealedRange.objects.all():
            assert Cursor.objects.get(index=sealed.index, shard=sealed.shard).seq >= sealed.last_seq
        assert log.pending() is None


def _leaves_something(called: Any) -> bool:
    name = called.__name__
    return name in _OTHER_CALLS or (name in _FILE_CALLS and called.__module__ == "posix")


@contextmanager
def interrupt(step: int, error: BaseException) -> Iterator[Callable[[], bool]]:
    """Raise at the nth call that could leave something half done; whether there were as many."""
    count = 0

    def watch(frame: FrameType, what: str, called: Any) -> None:
        nonlocal count
        if what == "c_call" and _leaves_something(called):
            count += 1
            if count == step:
                raise error

    sys.setprofile(watch)
    try:
        yield lambda: count >= step
    finally:
        sys.setprofile(None)


def is_cut_short(sealer: Sealer, step: int, error: BaseException) -> bool:
    """Whether a step of the sealer had as many such calls, at the last of which it met the error: no accusation comes of it."""
    try:
        with interrupt(step, error) as is_interrupted:
            sealer.step()
        return is_interrupted()
    except BaseException as raised:  # noqa: BLE001  whatever is made of the error on its way
        assert not isinstance(raised, LogDamaged), raised
        return True


@pytest.mark.parametrize("error", _ERRORS.values(), ids=_ERRORS.keys())
def test_an_error_at_any_step_leaves_nothing_that_the_next_step_does_not_end(
    error: BaseException, log: LogDirectory, trail: Trail
) -> None:
    written, sealer, step = Written(trail), Sealer(log), 1
    while True:
        written.write(2)
        if not is_cut_short(sealer, step, error):
            break
        if step % 2:  # by turns the same process and the next
            sealer = Sealer(LogDirectory(log.folder))
        step += 5 if step > 12 else 1
    assert step > 12
    sealer.step()
    written.expect_sealed(log)
    assert not Incident.objects.exists()


@pytest.mark.parametrize("error", [_ERRORS["full"], _ERRORS["killed"]], ids=["full", "killed"])
def test_a_rotation_that_is_cut_short_at_any_step_is_ended_by_the_next(
    error: BaseException, log: LogDirectory, trail: Trail, ada: User, settings: Settings, tmp_path: Path
) -> None:
    settings.CHECKPOINTS_TO = str(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    sealer, step, rotated = Sealer(log), 1, 1
    sealer.step()
    while True:
        sealing.rotate_key(by=ada)
        rotated += 1
        waiting = log.keys.waiting()
        assert waiting is not None
        if not is_cut_short(sealer, step, error):
            break
        if step % 2:
            sealer = Sealer(LogDirectory(log.folder))
        sealer.step()
        assert log.keys.current() == waiting.verifiers
        assert log.keys.waiting() is None
        publish_checkpoints()
        step += 3 if step < 40 else 29  # the history of keys grows with each, and is read whole
    assert step > 30
    history = log.keys.history()
    assert len(history.keys) == rotated
    assert all(isinstance(history.open_checkpoint(note), Checkpoint) for note in read_published(tmp_path / "elsewhere"))
    assert not list(signing_keys.find_foreign_rows(history))
    assert not Incident.objects.exists()


@contextmanager
def hold_database() -> Iterator[None]:
    """Another program holds the lock for writing, and the sealer waits only a little for it."""
    if connection.vendor == "sqlite":
        other: Any = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        connection.cursor().execute("PRAGMA busy_timeout = 50")
    else:
        import psycopg

        other = psycopg.connect(database_url())
        other.execute("LOCK TABLE operations_sealedrange, operations_cursor IN EXCLUSIVE MODE")
        connection.cursor().execute("SET lock_timeout = 50")
    try:
        yield
    finally:
        other.close()


@pytest.mark.parametrize("restarted", [False, True], ids=["the same process", "the next process"])
def test_a_locked_database_is_not_a_forged_log(
    restarted: bool, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.intake.AT_ONCE", 250)
    written, sealer = Written(trail), Sealer(log)
    written.write(300)
    sealer.step()
    written.write(600)
    with hold_database():
        for _ in range(3):
            with pytest.raises(OperationalError):
                sealer.step()
    if restarted:
        sealer = Sealer(LogDirectory(log.folder))
    sealer.step()
    written.expect_sealed(log)
    assert not Incident.objects.exists()


# --- What the sealer left behind before it ended a pending batch first ----------------------------------------------------


class OldSealer(Sealer):
    """As it was: after an error it began another batch over the pending one, and saw only afterwards that rows are missing."""

    def seal(self, trail: Trail, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(rows, "expect_place_for", lambda batch: None)
        patch.setattr(rows, "keep_batch", self.keep_rows)
        batch, _ = self._arriving.take(trail, self._size())
        (self._log.folder / "pending").unlink(missing_ok=True)
        self._log.begin(batch)
        self._finish(batch)

    def keep_rows(self, batch: LeafBatch) -> None:
        _expect_place_for(batch)
        _keep_batch(batch)


_keep_batch, _expect_place_for = rows.keep_batch, rows.expect_place_for


def _fail_locked(*_: Any) -> None:
    raise OperationalError("database is locked")


def _fail_full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


# Where the fault was met, with how many batches were begun over each other, and what the log said from then on.
_FAULTS = {
    "rows": (OldSealer, "keep_rows", _fail_locked, 1, "The rows know 300 events"),
    "rows of many batches": (OldSealer, "keep_rows", _fail_locked, 3, "The rows know 300 events"),
    "ids": (LogDirectory, "append_ids", _fail_full, 1, "which says which events are there, is missing"),
    "checkpoint": (LogDirectory, "put", _fail_full, 1, "that this process signed last: it has 300 now"),
}


@pytest.mark.parametrize("fault", _FAULTS.values(), ids=_FAULTS.keys())
def test_a_keeper_mends_what_the_fault_left_behind(
    fault: tuple[type, str, Any, int, str], log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.intake.AT_ONCE", 250)
    part, method, fail, times, what = fault
    written, old = Written(trail), OldSealer(log)
    written.write(300)
    Sealer(log).step()
    with monkeypatch.context() as patch:
        patch.setattr(part, method, fail)
        for _ in range(times):
            written.write(301)
            with pytest.raises((OperationalError, OSError)):
                old.seal(trail, patch)
    written.write(301)
    with monkeypatch.context() as patch, pytest.raises((LogDamaged, TileConflict), match=what):
        old.seal(trail, patch)
    sealer = Sealer(LogDirectory(log.folder))
    sealer.step()
    written.write(5)
    sealer.step()
    signed = log.newest()
    assert signed is not None
    written.expect_sealed(log, twice=signed.size - len(written.leaves))
    assert (signed.size > len(written.leaves)) == (method != "put")  # what was signed twice has two leaves for ever
    assert not Incident.objects.exists()
    expect_proofs(list(written.leaves)[::97], trail, signed.size)
    call_command("verify_trail", stdout=(said := StringIO()), stderr=StringIO())
    assert said.getvalue().startswith("Intact: ")


def expect_proofs(event_ids: list[str], trail: Trail, size: int) -> None:
    """An event that has two leaves is proved by either."""
    places = {event_id: arrivals.find_event(trail, event_id)[0][:2] for event_id in event_ids}
    assert Leaves(size).of(places).keys() == set(event_ids)
    for event_id in event_ids:
        proof = proofs.prove_event(event_id)
        assert isinstance(proof, proofs.Proof)
        assert isinstance(proof.verdict, Intact)


def test_leaves_that_are_no_event_of_the_trail_are_not_mended(
    log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, old = Written(trail), OldSealer(log)
    written.write(20)
    with monkeypatch.context() as patch:
        Sealer(log).step()
        patch.setattr(OldSealer, "keep_rows", _fail_locked)
        written.write(20)
        with pytest.raises(OperationalError):
            old.seal(trail, patch)
    log.finished()  # and the batch is lost
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    with pytest.raises(LogDamaged, match="10 leaves are signed and are no event of the trail"):
        Sealer(log).step()
    assert Incident.objects.get(kind="tampered", subject="log").state == "failing"
