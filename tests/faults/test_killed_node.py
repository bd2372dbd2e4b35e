"""kill -9 of the node while services emit to the index, one with a spool to fall back to and one without."""

import random
import threading
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from auditconsole.local import opensearch
from auditconsole.local.ports import free_port
from tests.factories.events import event
from tests.faults.audit import Writes
from trail.connection import connect
from trail.drain import Drain
from trail.emitter import Durable, Emitter
from trail.errors import TrailUnavailable, WriteRefused, WriteUnknown
from trail.events import digest
from trail.mapping import install
from trail.shipper import Shipper
from trail.spool import Spool

THREADS = 4
AFTERWARDS = 20


class Service:
    """Emits from several threads, and writes down what became of each event."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter
        self.writes = Writes()
        self.failed = threading.Semaphore(0)  # released for each event that the index did not take
        self.done = threading.Semaphore(0)
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(THREADS)]

    def _run(self) -> None:
        while not self.stop.is_set():
            one = event(id=str(uuid.uuid4()))
            event_id = one["event"]["id"]
            self.writes.begun.add(event_id)
            try:
                durable = self.emitter.emit(one)
            except (WriteUnknown, TrailUnavailable):
                self.failed.release()
            except WriteRefused:
                self.writes.refused.add(event_id)
                self.failed.release()
            else:
                self._acknowledged(one, durable)

    def _acknowledged(self, one: dict[str, dict[str, object]], durable: Durable) -> None:
        own = {"event": {**one["event"], "sequence": durable.sequence}, "writer": {"id": self.emitter.writer_id}}
        self.writes.acknowledged[durable.event_id] = digest({**one, **own})
        (self.done if durable.where == "index" else self.failed).release()


@pytest.fixture
def own_node(tmp_path: Path) -> opensearch.Node:
    return opensearch.Node(tmp_path / "node", http_port=free_port(), transport_port=free_port(), heap="256m")


def test_a_node_that_is_killed_costs_no_event_that_was_acknowledged(own_node: opensearch.Node, tmp_path: Path) -> None:
    trail = connect(own_node.url, prefix="faults", timeout=10)
    with ExitStack() as opened:
        spool = opened.enter_context(Spool(tmp_path / "spool"))
        services = [
            Service(opened.enter_context(Emitter(trail, writer_id="alone", state=tmp_path))),
            Service(opened.enter_context(Emitter(trail, writer_id="with a spool", spool=spool))),
        ]
        with opensearch.running(own_node) as process:
            install(trail)
            for service in services:
                for thread in service.threads:
                    thread.start()
            for service in services:
                for _ in range(random.Random(5).randint(1, 60)):
                    service.done.acquire()
            process.kill()
            for service in services:
                for _ in range(AFTERWARDS):
                    service.failed.acquire()
                service.stop.set()
                for thread in service.threads:
                    thread.join()
        alone, spooling = services
        assert not spooling.writes.refused
        assert len(spooling.writes.begun) == len(spooling.writes.acknowledged)
        assert len(alone.writes.acknowledged) < len(alone.writes.begun)
        with opensearch.running(own_node), Drain(spool.folder) as drain:
            assert Shipper(trail, drain, tmp_path / "rejected").run(follow=False).rejected == 0
            both = Writes()
            for service in services:
                both.begun |= service.writes.begun
                both.refused |= service.writes.refused
                both.acknowledged |= service.writes.acknowledged
            both.check(trail)
        trail.client.close()
