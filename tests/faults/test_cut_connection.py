"""The line to the engine is cut in the middle of its answers: what was written is not known, and the same again is no harm."""

from pathlib import Path

import pytest

from tests.faults.audit import FAULTS
from tests.faults.relay import relay
from tests.faults.service import Service
from trail.connection import Trail, connect
from trail.maintenance import sequences
from trail.writing.emitter import Emitter

CUTS = FAULTS * 10


@pytest.mark.parametrize("tries", [1, 1_000])
def test_whatever_is_acknowledged_over_a_line_that_is_cut_is_there_once(
    trail: Trail, tmp_path: Path, tries: int
) -> None:
    with relay(port_of(trail)) as line:
        far = connect(f"http://127.0.0.1:{line.port}", prefix=trail.prefix, timeout=20)
        with Emitter(far, writer_id="far", state=tmp_path) as emitter:
            service = Service(emitter, tries=tries)
            service.start()
            for _ in range(20):
                service.done.acquire()
            line.share = 0.3
            while line.cuts < CUTS:
                service.failed.acquire()
            line.share = 0
            for _ in range(20):
                service.done.acquire()
            service.stop()
        far.client.close()
    service.writes.check(trail)
    assert service.writes.unknown
    if tries > 1:
        assert service.writes.acknowledged.keys() == service.writes.begun
        assert list(sequences.find_gaps(trail)) == []


def port_of(trail: Trail) -> int:
    return int(trail.client.transport.hosts[0]["port"])
