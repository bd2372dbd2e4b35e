"""An index that takes no writes, as a disk that is nearly full leaves it: refused for certain, and taken again afterwards."""

from pathlib import Path

import pytest

from tests.faults.service import Service
from trail.connection import Trail
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool
from trail.writing.emitter import Emitter
from trail.writing.shipper import Shipper

BLOCKS = ["index.blocks.read_only_allow_delete", "index.blocks.read_only"]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_read_only_index_refuses_for_certain_and_costs_a_service_with_a_spool_nothing(
    trail: Trail, tmp_path: Path, block: str
) -> None:
    with (
        Spool(tmp_path / "spool") as spool,
        Emitter(trail, writer_id="alone", state=tmp_path) as without,
        Emitter(trail, writer_id="spooling", spool=spool) as spooling,
    ):
        services = [Service(without), Service(spooling)]
        for service in services:
            service.start()
            service.done.acquire()
        trail.client.indices.put_settings(index=trail.events, body={block: True})
        for service in services:
            for _ in range(30):
                service.failed.acquire()
        trail.client.indices.put_settings(index=trail.events, body={block: None})
        for service in services:
            while service.failed.acquire(blocking=False):
                pass
            for _ in range(30):
                service.done.acquire()
            service.stop()
    alone, spooling_writes = services[0].writes, services[1].writes
    assert alone.refused
    assert not alone.unknown
    assert spooling_writes.acknowledged.keys() == spooling_writes.begun
    with SpoolReader(tmp_path / "spool") as drain:
        assert Shipper(trail, drain, tmp_path / "rejected").run(follow=False).rejected == 0
    alone.add(spooling_writes)
    alone.check(trail)
