"""Every published checkpoint is compared with all before it, and the log with all of them, whatever folder and database say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from operations.models import Checkpoint, Incident, Publication
from operations.sealing import services as sealing
from operations.sealing import verification
from operations.sealing.folder import LogDirectory
from operations.sealing.publication import publish_checkpoints
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.rewritten_log import rewrite_history
from tests.support.verify_command import run_verify_trail
from trail.connection import Trail
from trail.integrity.publish import FolderPublisher, read_published


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    made = tmp_path / "elsewhere"
    made.mkdir()
    settings.CHECKPOINTS_TO = str(made)
    return made


def seal(sealer: Sealer, trail: Trail, *documents: dict[str, Any]) -> None:
    """Seal these events, and keep a checkpoint as each minute leaves one."""
    write(trail, *documents)
    sealer._signed = float("-inf")
    sealer.step()
    sealer._signed = float("-inf")
    sealer.step()


def make_anew(trail: Trail, *documents: dict[str, Any]) -> None:
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    write(trail, *documents)


def verify() -> dict[str, Any]:
    status, answer = run_verify_trail()
    assert status in (0, 2)
    return answer


def sizes(folder: Path) -> Sequence[int]:
    return [int(message.split(b"\n")[1]) for message in read_published(folder)]


def test_history_that_was_rewritten_is_not_published_beside_the_one_that_was(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    documents = [event() for _ in range(20)]
    seal(sealer, trail, *documents)
    publish_checkpoints()
    before = sizes(folder)
    make_anew(trail, event(id="forged"), *documents[1:], event())
    rewrite_history(log, trail)
    assert publish_checkpoints() == 0
    assert sizes(folder) == before
    incident = Incident.objects.get(kind=Incident.Kind.TAMPERED, subject="published checkpoints")
    assert "the first 20 events of the log are not those of then" in incident.what
    assert incident.over_at is None


def test_both_histories_published_are_found_by_the_command_and_by_the_schedule(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    documents = [event() for _ in range(20)]
    seal(sealer, trail, *documents)
    publish_checkpoints()
    make_anew(trail, event(id="forged"), *documents[1:], event())
    signed = rewrite_history(log, trail)
    FolderPublisher(folder).publish(log.note() or b"", signed.size)  # with the operator's own hands
    answer = verify()
    assert not answer["intact"]
    assert {finding["kind"] for finding in answer["findings"]} == {"checkpoint"}
    assert "20 events" in answer["findings"][0]["what"]
    Incident.objects.all().update(over_at=None, resolved_at=Incident.objects.latest("opened_at").opened_at)
    done = sealing.verify_next_part()
    assert done is not None
    assert {finding["kind"] for finding in done.findings} == {"checkpoint"}
    assert Incident.objects.filter(kind="tampered", subject="verification", resolved_at=None).exists()


def test_a_log_that_was_rolled_back_publishes_nothing(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    documents = [event() for _ in range(20)]
    seal(sealer, trail, *documents)
    publish_checkpoints()
    make_anew(trail, *documents[:10])
    rewrite_history(log, trail)
    assert publish_checkpoints() == 0
    assert "the log has 10 events, and had 20 then" in Incident.objects.get(subject="published checkpoints").what


def test_a_row_that_the_log_never_signed_is_not_published(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    seal(sealer, trail, event(), event())
    publish_checkpoints()
    before = sizes(folder)
    last = Checkpoint.objects.latest()
    Checkpoint.objects.create(size=2, root="11" * 32, at=last.at, note=last.note.replace("\n2\n", "\n3\n"))
    assert publish_checkpoints() == 0
    assert sizes(folder) == before
    assert Incident.objects.get(subject="published checkpoints").kind == "tampered"


def test_rows_that_say_more_was_published_than_was_leave_nothing_out(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    seal(sealer, trail, event())
    publish_checkpoints()
    for _ in range(3):
        seal(sealer, trail, event())
    Publication.objects.update(last=Checkpoint.objects.latest())
    publish_checkpoints()
    assert set(sizes(folder)) == set(Checkpoint.objects.values_list("size", flat=True))


def test_what_was_compared_before_is_not_read_again(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication costs what is new, however much there is already."""
    read: list[str] = []
    before = FolderPublisher.read_after

    def count(self: FolderPublisher, position: str = "") -> Any:
        for note in before(self, position):
            read.append(note.position)
            yield note

    for _ in range(5):
        seal(sealer, trail, event())
        publish_checkpoints()
    monkeypatch.setattr(FolderPublisher, "read_after", count)
    seal(sealer, trail, event())
    publish_checkpoints()
    assert len(read) <= 2
    (log.folder / "progress").rename(log.folder / "gone")  # and whoever takes that away has all of them compared again
    read.clear()
    publish_checkpoints()
    assert len(read) == len(sizes(folder))


def test_a_verification_that_goes_on_after_a_newer_publication_accuses_nobody(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.verification.LEAVES", 8)
    seal(sealer, trail, *(event() for _ in range(20)))
    publish_checkpoints()
    comparison = verification.begin_verification(log, "command", verification.choose_whole_log(log))

    def cut_short(events: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verification.run_verification(log, comparison, report=cut_short)
    seal(sealer, trail, *(event() for _ in range(5)))
    publish_checkpoints()
    answer = verify()
    assert answer["findings"] == []
    assert (answer["size"], answer["intact"]) == (20, True)
    assert not Incident.objects.exists()


def test_what_is_published_while_a_long_verification_goes_on_accuses_nobody(
    sealer: Sealer, log: LogDirectory, trail: Trail, folder: Path
) -> None:
    seal(sealer, trail, *(event() for _ in range(20)))
    publish_checkpoints()

    def publish_more(events: int) -> None:
        seal(sealer, trail, event())
        publish_checkpoints()

    comparison = verification.begin_verification(log, "command", verification.choose_whole_log(log))
    assert verification.run_verification(log, comparison, report=publish_more).intact
    assert not Incident.objects.exists()
