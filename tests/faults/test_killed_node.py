"""kill -9 of the node while services emit to the index, one with a spool to fall back to and one without."""

import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from auditconsole.local import opensearch
from tests.faults.audit import Writes
from tests.faults.service import Service
from tests.support import parts
from trail.connection import connect
from trail.mapping import install
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool
from trail.writing.emitter import Emitter
from trail.writing.shipper import Shipper

AFTERWARDS = 20


@pytest.fixture
def own_node(tmp_path: Path) -> opensearch.Node:
    return parts.new_node(tmp_path / "node", heap="256m")


def test_a_node_that_is_killed_costs_no_event_that_was_acknowledged(own_node: opensearch.Node, tmp_path: Path) -> None:
    trail = connect(own_node.url, prefix="faults", timeout=10)
    with ExitStack() as opened:
        spool = opened.enter_context(Spool(tmp_path / "spool"))
        services = [
            Service(opened.enter_context(Emitter(trail, writer_id="alone", state=tmp_path))),
            Service(opened.enter_context(Emitter(trail, writer_id="with a spool", spool=spool))),
        ]
        with opensearch.run_node(own_node) as process:
            install(trail)
            for service in services:
                service.start()
            for service in services:
                for _ in range(random.Random(5).randint(1, 60)):
                    service.done.acquire()
            process.kill()
            for service in services:
                for _ in range(AFTERWARDS):
                    service.failed.acquire()
                service.stop()
        alone, spooling = services
        assert not spooling.writes.refused
        assert len(spooling.writes.begun) == len(spooling.writes.acknowledged)
        assert len(alone.writes.acknowledged) < len(alone.writes.begun)
        with opensearch.run_node(own_node), SpoolReader(spool.folder) as drain:
            assert Shipper(trail, drain, tmp_path / "rejected").run(follow=False).rejected == 0
            both = Writes()
            for service in services:
                both.add(service.writes)
            both.check(trail)
        trail.client.close()
