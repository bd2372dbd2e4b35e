"""`manage.py ship`: a spool, a file and a stream, once or until a signal, going on where it stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import orjson
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from operations.models import Incident, RejectedEvent
from tests.support.database import database_url
from tests.support.factories.events import event
from trail.connection import Trail
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool
from trail.writing.emitter import Emitter

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "STATE_DIR", tmp_path / "state")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ship(*arguments: str) -> str:
    out = StringIO()
    call_command("ship", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def lines(*ids: str) -> bytes:
    return b"".join(orjson.dumps(event(id=event_id)) + b"\n" for event_id in ids)


def ids(trail: Trail) -> set[str]:
    trail.client.indices.refresh(index=trail.events)
    return {hit["_id"] for hit in trail.client.search(index=trail.events, body={"size": 1000})["hits"]["hits"]}


def test_a_spool_is_shipped_once_and_then_there_is_nothing_more(trail: Trail, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder) as spool, Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        emitter.emit_all([event(id="one"), event(id="two")])
    assert ship(str(folder), "--once").startswith("2 events delivered")
    assert ship(str(folder), "--once").startswith("0 events delivered")
    assert ids(trail) == {"one", "two"}


def test_a_file_is_shipped_from_where_it_stopped_through_its_rotation(trail: Trail, tmp_path: Path) -> None:
    log = tmp_path / "audit.ndjson"
    log.write_bytes(lines("one"))
    assert ship(str(log), "--once").startswith("1 events delivered")
    log.write_bytes(log.read_bytes() + lines("two"))
    log.rename(tmp_path / "audit.ndjson.1")
    log.write_bytes(lines("three"))
    assert ship(str(log), "--once").startswith("2 events delivered, 0 were there already")
    assert ids(trail) == {"one", "two", "three"}


@pytest.mark.django_db
def test_what_the_trail_will_never_take_is_kept_and_told_by_the_status(trail: Trail, tmp_path: Path) -> None:
    log = tmp_path / "audit.ndjson"
    log.write_bytes(b"no event\n" + lines("one"))
    with pytest.raises(SystemExit) as ended:
        ship(str(log), "--once", "--rejected", str(tmp_path / "rejected"))
    assert ended.value.code == 3
    (file,) = (tmp_path / "rejected").iterdir()
    assert orjson.loads(file.read_bytes())["text"] == "no event"
    assert ids(trail) == {"one"}


def test_a_spool_that_another_ships_is_an_error(trail: Trail, tmp_path: Path) -> None:
    Spool(tmp_path / "spool").close()
    with SpoolReader(tmp_path / "spool"), pytest.raises(CommandError, match="Another process"):
        ship(str(tmp_path / "spool"), "--once")


def run(trail: Trail, node: str, tmp_path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {
        "OPENSEARCH_URL": node,
        "TRAIL_PREFIX": trail.prefix,
        "CONSOLE_STATE_DIR": str(tmp_path / "state"),
        "DATABASE_URL": database_url(),
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "ship", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_stream_is_shipped_to_its_end(trail: Trail, node: str, tmp_path: Path) -> None:
    process = run(trail, node, tmp_path, "-")
    out, err = process.communicate(lines("one", "two"))
    assert (process.returncode, out.startswith(b"2 events delivered")) == (0, True), err
    assert ids(trail) == {"one", "two"}


@pytest.mark.django_db(transaction=True)
def test_it_follows_a_file_until_a_signal_and_ends_in_order(trail: Trail, node: str, tmp_path: Path) -> None:
    log = tmp_path / "audit.ndjson"
    log.write_bytes(b"this one is set aside, and that is said\n")
    process = run(trail, node, tmp_path, str(log))
    assert process.stderr
    assert b"Set aside" in process.stderr.readline()
    with log.open("ab") as file:
        file.write(lines("one") + b"and this one too\n")
    assert b"Set aside" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate()
    assert process.returncode == 3
    assert out.startswith(b"1 events delivered")
    assert ids(trail) == {"one"}


@pytest.mark.django_db
def test_what_is_set_aside_is_a_rejected_event_of_its_writer_and_an_incident(trail: Trail, tmp_path: Path) -> None:
    log = tmp_path / "audit.ndjson"
    log.write_bytes(orjson.dumps(event(at="yesterday", service__name="billing")) + b"\nno json\n")
    with pytest.raises(SystemExit):
        ship(str(log), "--once")
    rows = {(row.writer, row.field, row.status) for row in RejectedEvent.objects.all()}
    assert rows == {("billing", "@timestamp", "invalid"), (str(log), "event", "invalid")}
    assert {incident.subject for incident in Incident.objects.all()} == {"billing", str(log)}
