"""One incident for one outage: a real node is killed under load, and everybody who writes meets it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from auditconsole.local import opensearch
from operations.incidents import services as incidents
from operations.incidents.throttle import IncidentThrottle
from operations.maintenance import probes
from operations.maintenance.keeper import Duty, attempt_duty, list_duties, run_duties
from operations.models import Incident
from operations.sealing.folder import LogDirectory
from operations.writers.shipments import ShipmentRecorder
from tests.support import parts
from tests.support.factories.events import event
from trail.connection import Trail, connect
from trail.errors import TrailError
from trail.mapping import install
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool
from trail.writing.emitter import Emitter
from trail.writing.shipper import Shipper


@pytest.fixture
def own_node(tmp_path: Path, settings: Settings) -> Iterator[opensearch.Node]:
    node = parts.new_node(tmp_path / "node", heap="384m")
    settings.OPENSEARCH_URL, settings.TRAIL_PREFIX, settings.STATE_DIR = node.url, "outage", tmp_path
    return node


def until(what: Callable[[], object], seconds: float = 60) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
    return time.monotonic() - began


def look(probe: Callable[[], None]) -> None:
    """As the keeper does it."""
    attempt_duty(Duty("probing", 1, probe, Incident.Kind.CHECK), IncidentThrottle(), Signal())


class Work:
    """Programs that write while the test goes on, each in a thread, until they are told to stop."""

    def __init__(self, *works: Callable[[Signal], None]) -> None:
        self.stop = Signal()
        self.threads = [Thread(target=self._run, args=(work,)) for work in works]
        for thread in self.threads:
            thread.start()

    def _run(self, work: Callable[[Signal], None]) -> None:
        try:
            work(self.stop)
        finally:
            connection.close()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def emit_events(trail: Trail, state: Path, stop: Signal) -> None:
    """A service that writes to the trail itself."""

    def report(event: dict[str, Any], error: Exception) -> None:
        incidents.record_trail_outage(error, writer="service")

    with Emitter(trail, writer_id="service", state=state, failed=report) as emitter:
        while not stop.wait(0.05):
            with suppress(TrailError):
                emitter.emit(event())


def ship_events(trail: Trail, folder: Path, stop: Signal) -> None:
    """A service that writes to a spool, and the shipper that delivers it."""
    with (
        Spool(folder / "spool") as spool,
        Emitter(None, writer_id="spooled", mode="spooled", spool=spool) as emitter,
        SpoolReader(folder / "spool") as reader,
    ):
        for _ in range(50):
            emitter.emit(event())
        while not stop.is_set():
            emitter.emit(event())
            observer = ShipmentRecorder("spool")
            Shipper(trail, reader, folder / "aside", stop=stop, observer=observer).run(follow=False)


@pytest.mark.django_db(transaction=True)
def test_an_outage_under_load_is_one_incident_and_over_when_the_engine_is_back(
    own_node: opensearch.Node,
    tmp_path: Path,
    alice: User,
    client: Client,
    settings: Settings,
    static_files: None,
) -> None:
    trail = connect(own_node.url, prefix="outage", timeout=3)
    client.force_login(alice)

    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    table = [duty for duty in list_duties(LogDirectory()) if duty.name != "probing the queue"]  # no worker runs here
    with ExitStack() as ending:
        with opensearch.run_node(own_node):
            install(trail)
            work = Work(
                lambda stop: emit_events(trail, tmp_path / "service", stop),
                lambda stop: ship_events(trail, tmp_path, stop),
                lambda stop: run_duties(table, stop),
            )
            ending.callback(work.end)
            assert client.post("/cases/new/", {"title": "Before", "severity": "low"}).status_code == 302
            assert not list(Incident.objects.values_list("kind", "subject", "what"))
        assert client.post("/cases/new/", {"title": "During", "severity": "low"}).status_code == 503
        until(lambda: Incident.objects.exists(), 10)
        until(lambda: Incident.objects.get().writers.count() >= 3, 20)
        with opensearch.run_node(own_node):
            until(lambda: Incident.objects.get().state == "over")
            assert client.post("/cases/new/", {"title": "After", "severity": "low"}).status_code == 302
            work.end()
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject) == ("outage", "opensearch")
    assert {row.writer for row in incident.writers.all()} >= {"auditconsole", "service", "spool"}
    assert incident.steps.first().kind == "opened"  # type: ignore[union-attr]


def test_redis_that_is_down_is_an_incident_until_it_is_back(db: None, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    look(probes.probe_queue)
    look(probes.probe_queue)
    assert [(row.subject, row.state) for row in Incident.objects.all()] == [("redis", "failing")]
    settings.REDIS_URL = redis_url
    look(probes.probe_queue)
    assert Incident.objects.get(subject="redis").state == "over"


def test_a_worker_that_is_not_heard_of_has_a_minute(db: None, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from operations.status import health

    look(probes.probe_queue)
    assert not Incident.objects.exists()
    monkeypatch.setattr(probes, "PATIENCE", 0)
    look(probes.probe_queue)
    assert Incident.objects.get().subject == "worker"
    health.record_heartbeat()
    look(probes.probe_queue)
    assert Incident.objects.get().state == "over"
