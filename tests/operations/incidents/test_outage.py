"""One incident for one outage: a real node is killed under load, and everybody who writes meets it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from auditconsole.local import opensearch
from auditconsole.local.ports import free_port
from operations.keeping import duties, keep
from operations.models import Incident
from operations.sealing.log import Log
from operations.services import incidents, probes
from operations.services.shipping import OnRecord
from tests.factories.events import event
from trail.connection import connect
from trail.drain import Drain
from trail.emitter import Emitter
from trail.errors import TrailError
from trail.mapping import install
from trail.shipper import Shipper
from trail.spool import Spool


@pytest.fixture
def own_node(tmp_path: Path, settings: Settings) -> Iterator[opensearch.Node]:
    node = opensearch.Node(tmp_path / "node", http_port=free_port(), transport_port=free_port(), heap="384m")
    settings.OPENSEARCH_URL, settings.TRAIL_PREFIX, settings.STATE_DIR = node.url, "outage", tmp_path
    return node


def until(what: Callable[[], object], seconds: float = 60) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
    return time.monotonic() - began


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

    def service(stop: Signal) -> None:
        told = lambda event, error: incidents.trail_failed(error, writer="service")  # noqa: E731
        with Emitter(trail, writer_id="service", state=tmp_path / "service", failed=told) as emitter:
            while not stop.wait(0.05):
                try:
                    emitter.emit(event())
                except TrailError:
                    continue

    def shipper(stop: Signal) -> None:
        folder = tmp_path / "spool"
        with Spool(folder) as spool, Emitter(None, writer_id="spooled", mode="spooled", spool=spool) as emitter, Drain(folder) as drain:  # fmt: skip
            for _ in range(50):
                emitter.emit(event())
            while not stop.is_set():
                emitter.emit(event())
                Shipper(trail, drain, tmp_path / "aside", stop=stop, witness=OnRecord("spool")).run(follow=False)

    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    table = [duty for duty in duties(Log()) if duty.name != "probing the queue"]  # no worker runs here
    with opensearch.running(own_node):
        install(trail)
        work = Work(service, shipper, lambda stop: keep(table, stop))
        assert client.post("/cases/new/", {"title": "Before", "severity": "low"}).status_code == 302
        assert not Incident.objects.exists()
    try:
        assert client.post("/cases/new/", {"title": "During", "severity": "low"}).status_code == 503
        until(lambda: Incident.objects.exists(), 10)
        until(lambda: Incident.objects.get().writers.count() >= 3, 20)
        with opensearch.running(own_node):
            until(lambda: Incident.objects.get().state == "over")
            assert client.post("/cases/new/", {"title": "After", "severity": "low"}).status_code == 302
            work.end()
    finally:
        work.end()
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject) == ("outage", "opensearch")
    assert {one.writer for one in incident.writers.all()} >= {"auditconsole", "service", "spool"}
    assert incident.steps.first().kind == "opened"  # type: ignore[union-attr]


def test_redis_that_is_down_is_an_incident_until_it_is_back(db: None, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    probes.queue()
    probes.queue()
    assert [(one.subject, one.state) for one in Incident.objects.all()] == [("redis", "failing")]
    settings.REDIS_URL = redis_url
    probes.queue()
    assert Incident.objects.get(subject="redis").state == "over"


def test_a_worker_that_is_not_heard_of_has_a_minute(db: None, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from operations import health

    probes.queue()
    assert not Incident.objects.exists()
    monkeypatch.setattr(probes, "PATIENCE", 0)
    probes.queue()
    assert Incident.objects.get().subject == "worker"
    health.beat()
    probes.queue()
    assert Incident.objects.get().state == "over"
