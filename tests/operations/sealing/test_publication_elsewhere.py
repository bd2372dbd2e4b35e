"""Checkpoints go into a bucket with object lock and into another console, and what lies there is compared as in a folder."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from operations.models import Checkpoint, Incident, KeyScope, Publication
from operations.sealing.folder import LogDirectory
from operations.sealing.publication import build_publisher, find_contradictions_in, publish_checkpoints
from operations.sealing.sealer import Sealer
from tests.support import s3_servers
from tests.support.factories.events import event, write
from tests.support.factories.keys import writer_key
from tests.support.log_keys import read_key, sign_checkpoint
from tests.trail.integrity.test_log_client import serving
from trail.connection import Trail
from trail.integrity.checkpoint import Checkpoint as Signed
from trail.integrity.other_console import ConsolePublisher, build_event
from trail.integrity.publish import FolderPublisher, NotPublished, PublishedUnreadable

NOTE = b"a note\n"


def seal(sealer: Sealer, trail: Trail, count: int) -> bytes:
    """Seal so many events more; the checkpoint that is kept."""
    write(trail, *(event() for _ in range(count)))
    sealer.step()
    sealer._signed = float("-inf")
    sealer.step()
    return Checkpoint.objects.order_by("size", "pk").last().note.encode()


def forge(log: LogDirectory, size: int) -> bytes:
    """Another history, signed with the log's own key."""
    key = read_key(log)
    return sign_checkpoint(Signed(key.origin, size, b"\x07" * 32), [key], int(timezone.now().timestamp()))


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("botocore", reason="botocore is not installed: make up does that")
    from trail.integrity import s3_bucket

    for name, value in s3_servers.ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with s3_servers.run_server("moto", tmp_path) as url:
        settings.CHECKPOINTS_S3_ENDPOINT, settings.CHECKPOINTS_TO = url, "s3://checkpoints/console"
        s3_bucket._build_client(url).create_bucket(Bucket="checkpoints", ObjectLockEnabledForBucket=True)
        yield "s3://checkpoints/console"


def test_checkpoints_go_into_a_bucket_and_a_rewritten_history_contradicts_it(
    sealer: Sealer, log: LogDirectory, trail: Trail, bucket: str
) -> None:
    first = seal(sealer, trail, 3)
    assert publish_checkpoints() > 0
    second = seal(sealer, trail, 2)
    publish_checkpoints()
    read = [note.message for note in build_publisher(bucket).read_after()]
    assert (first in read, read[-1]) == (True, second)
    assert find_contradictions_in(bucket) == []
    build_publisher(bucket).publish(forge(log, 4), 4)
    assert ["not of this log's history" in sentence for sentence in find_contradictions_in(bucket)] == [True]
    seal(sealer, trail, 1)
    assert publish_checkpoints() == 0
    assert Incident.objects.filter(kind=Incident.Kind.TAMPERED, subject="published checkpoints", over_at=None).exists()


def test_a_target_that_does_not_answer_holds_up_no_other(
    sealer: Sealer, trail: Trail, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    note = seal(sealer, trail, 3)
    settings.CHECKPOINTS_TO = f"{tmp_path / 'absent'}, {tmp_path / 'elsewhere'}"
    with pytest.raises(PublishedUnreadable, match="absent"):
        publish_checkpoints()
    assert FolderPublisher(tmp_path / "elsewhere").read_newest() == note
    assert [row.target for row in Publication.objects.all()] == [f"folder {tmp_path / 'elsewhere'}"]


@pytest.mark.django_db(transaction=True)
class TestAnotherConsole:
    """The other console is this test's own, over real HTTP: its trail takes the checkpoints as events."""

    @pytest.fixture
    def address(self, static_files: None, live_server: LiveServer, ada: User, settings: Settings, trail: Trail) -> str:
        _, settings.CHECKPOINTS_KEY = writer_key(ada, writer="console-a", dataset="checkpoints", format="trail")
        _, settings.CHECKPOINTS_READ_KEY = writer_key(ada, scope=KeyScope.TRAIL, writer="", dataset="")
        settings.CHECKPOINTS_TO = live_server.url
        return live_server.url

    def test_checkpoints_are_events_of_its_trail_and_a_rewritten_history_contradicts_them(
        self, sealer: Sealer, log: LogDirectory, trail: Trail, address: str
    ) -> None:
        seal(sealer, trail, 3)
        assert publish_checkpoints() > 0
        note = seal(sealer, trail, 2)
        publish_checkpoints()
        trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
        assert build_publisher(address).read_newest() == note
        assert find_contradictions_in(address) == []
        build_publisher(address).publish(forge(log, 4), 4)
        trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
        assert ["not of this log's history" in one for one in find_contradictions_in(address)] == [True]

    def test_the_same_again_is_one_event_and_positions_are_in_order(
        self, trail: Trail, address: str, log: LogDirectory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("trail.integrity.other_console.PAGE", 2)
        log.keys.ensure(new=True)
        key, now = read_key(log), int(timezone.now().timestamp())
        notes = [
            sign_checkpoint(Signed(key.origin, size, bytes([size]) * 32), [key], now + size // 2)
            for size in range(1, 8)
        ]
        publisher = build_publisher(address)
        for _ in range(2):
            for size, note in enumerate(notes, 1):
                publisher.publish(note, size)
        trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
        published = list(publisher.read_after())
        assert [one.message for one in published] == notes
        assert [one.position for one in published] == sorted(one.position for one in published)
        for at, one in enumerate(published):
            assert [later.message for later in publisher.read_after(one.position)] == notes[at + 1 :]

    def test_a_key_that_does_not_fit_is_told(self, address: str, settings: Settings) -> None:
        settings.CHECKPOINTS_KEY, settings.CHECKPOINTS_READ_KEY = settings.CHECKPOINTS_READ_KEY, "tk_of_nobody"
        with pytest.raises(NotPublished, match="403"):
            build_publisher(address).publish(NOTE, 1)
        with pytest.raises(PublishedUnreadable, match="401"):
            list(build_publisher(address).read_after())
        settings.CHECKPOINTS_KEY = settings.CHECKPOINTS_READ_KEY = ""
        with pytest.raises(NotPublished, match="set CHECKPOINTS_KEY"):
            build_publisher(address).publish(NOTE, 1)
        with pytest.raises(PublishedUnreadable, match="set CHECKPOINTS_READ_KEY"):
            build_publisher(address).read_newest()


@pytest.mark.parametrize(
    "answer",
    [(200, b"hello"), (200, b"[]"), (200, b"{}"), (200, b'{"hits": [], "next": null, "partial": true}'), (302, b"")],
)
def test_an_answer_that_is_none_is_no_answer(answer: tuple[int, bytes]) -> None:
    with serving(lambda request, body: answer) as address:
        publisher = ConsolePublisher(address, write_key="tk_x", read_key="tk_x")
        with pytest.raises(NotPublished):
            publisher.publish(NOTE, 1)
        with pytest.raises(PublishedUnreadable):
            list(publisher.read_after())


def test_a_checkpoint_of_long_ago_is_dated_by_its_publication(log: LogDirectory) -> None:
    log.keys.ensure(new=True)
    key, now = read_key(log), datetime(2026, 11, 27, tzinfo=UTC)
    for age, dated in ((timedelta(days=1), "2026-11-26T00:00:00Z"), (timedelta(days=400), "2026-11-27T00:00:00Z")):
        at = int((now - age).timestamp())
        note = sign_checkpoint(Signed(key.origin, 1, b"\x01" * 32), [key], at)
        assert build_event(note, 1, now)["@timestamp"] == dated
    assert build_event(NOTE, 1, now)["@timestamp"] == "2026-11-27T00:00:00Z"
