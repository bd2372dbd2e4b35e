"""Every checkpoint is published, in order; a failure is an incident of its own, and nothing is skipped after it."""

from io import StringIO
from pathlib import Path
from threading import Event as Signal

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from operations.incidents.throttle import IncidentThrottle
from operations.maintenance.keeper import attempt_duty, list_duties
from operations.models import Checkpoint, Incident, Publication
from operations.sealing import publication, signing_keys
from operations.sealing.folder import LogDirectory
from operations.sealing.publication import find_contradictions_in, publish_checkpoints
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.log_keys import read_key, sign_checkpoint
from trail.connection import Trail
from trail.integrity import merkle
from trail.integrity.checkpoint import Checkpoint as Signed
from trail.integrity.publish import FolderPublisher, PublishedUnreadable, read_published


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    made = tmp_path / "elsewhere"
    made.mkdir()
    settings.CHECKPOINTS_TO = str(made)
    return made


def sign(log: LogDirectory, *sizes: int) -> None:
    """Checkpoints as each minute leaves one, of a log that grows."""
    log.keys.ensure(new=True)
    key = read_key(log)
    for size in sizes:
        signed = log.newest()
        tree = log.tree(signed.size if signed else 0)
        what = Signed(key.origin, *tree.append([merkle.leaf_hash(b"event")] * (size - tree.size)))
        note = sign_checkpoint(what, [key], size)
        log.put(note)
        Checkpoint.objects.create(size=size, root=what.root.hex(), at=timezone.now(), note=note.decode())


def sizes(folder: Path) -> list[int]:
    return [int(message.split(b"\n")[1]) for message in read_published(folder)]


def test_each_minutes_checkpoint_is_published_once(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    write(trail, event(), event())
    sealer.step()
    row = Checkpoint.objects.get()
    assert (publish_checkpoints(), publish_checkpoints()) == (1, 0)
    assert list(read_published(folder)) == [row.note.encode()]
    assert signing_keys.open_checkpoint(row.note.encode()) == Signed(
        read_key(log).origin, row.size, bytes.fromhex(row.root)
    )


def test_after_a_failure_it_goes_on_where_it_stood(log: LogDirectory, folder: Path) -> None:
    (duty,) = [one for one in list_duties(log) if one.name == "publishing"]
    sign(log, 1, 2)
    trouble = IncidentThrottle()
    attempt_duty(duty, trouble, Signal())
    folder.rename(folder.with_name("away"))
    sign(log, 3, 4)
    attempt_duty(duty, trouble, Signal())
    incident = Incident.objects.get(kind=Incident.Kind.NOT_SEALED, subject="publishing")
    assert "cannot be read" in incident.what
    assert incident.over_at is None
    folder.with_name("away").rename(folder)
    sign(log, 5)
    attempt_duty(duty, trouble, Signal())
    assert sizes(folder) == [1, 2, 3, 4, 5]
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_what_failed_half_way_is_not_left_out(log: LogDirectory, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there, and the process died before it could write that down."""
    sign(log, 1, 2)
    publish_checkpoints()
    Publication.objects.update(last=Checkpoint.objects.get(size=1))
    assert publish_checkpoints() == 1
    assert sizes(folder) == [1, 2]


def test_many_that_wait_are_published_lot_by_lot(
    log: LogDirectory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "AT_ONCE", 2)
    sign(log, 1, 2, 3)
    assert [publish_checkpoints() for _ in range(3)] == [2, 1, 0]
    assert sizes(folder) == [1, 2, 3]


def test_another_place_gets_all_of_them(log: LogDirectory, folder: Path, settings: Settings, tmp_path: Path) -> None:
    sign(log, 1, 2)
    publish_checkpoints()
    settings.CHECKPOINTS_TO = str(tmp_path / "other")
    with pytest.raises(PublishedUnreadable):
        publish_checkpoints()
    (tmp_path / "other").mkdir()
    assert publish_checkpoints() == 2
    assert sizes(tmp_path / "other") == [1, 2]


def test_nowhere_is_no_failure(log: LogDirectory, settings: Settings) -> None:
    settings.CHECKPOINTS_TO = ""
    sign(log, 1)
    assert publish_checkpoints() == 0


def test_a_log_that_goes_on_from_all_that_was_published_is_intact(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    write(trail, event(), event())
    sealer.step()
    FolderPublisher(folder).publish(log.note() or b"", 2)
    publish_checkpoints()
    write(trail, event())
    sealer.step()
    assert find_contradictions_in(str(folder)) == []
    call_command("verify_trail", "--published", str(folder), stdout=StringIO(), stderr=StringIO())


def test_a_log_that_was_written_anew_contradicts_what_was_published(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    """All of it fits, signed with the log's own key; only what was kept elsewhere does not."""
    write(trail, event(), event())
    sealer.step()
    key = read_key(log)
    for _ in range(2):  # of another minute, and the same all the same
        FolderPublisher(folder).publish(
            sign_checkpoint(Signed(key.origin, 2, b"\x07" * 32), [key], len(list(read_published(folder)))),
            2,
        )
    (folder / "2026-11").mkdir(exist_ok=True)
    said = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("verify_trail", "--published", str(folder), stdout=said, stderr=StringIO())
    assert left.value.code == 2
    assert said.getvalue().count("TAMPERED: A checkpoint published into") == 1
    assert Incident.objects.filter(kind=Incident.Kind.TAMPERED, subject="published checkpoints").exists()
