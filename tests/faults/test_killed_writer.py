"""kill -9 of a service that emits to its spool, and of the shipper that drains it, again and again under load."""

import os
import random
import subprocess
import sys
from pathlib import Path

from tests.faults.audit import FAULTS, Writes
from trail.connection import Trail
from trail.maintenance import sequences
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool
from trail.writing.shipper import Shipper

ROOT = Path(__file__).parents[2]


def start(*command: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def test_whatever_was_acknowledged_before_a_kill_is_in_the_trail_once_byte_for_byte(
    trail: Trail, node: str, tmp_path: Path
) -> None:
    chance = random.Random(7)
    folder, writes = tmp_path / "spool", Writes()
    Spool(folder).close()
    for _ in range(FAULTS):
        shipper = start("manage.py", "ship", str(folder), OPENSEARCH_URL=node, TRAIL_PREFIX=trail.prefix)
        writer = start("-m", "tests.faults.writer", str(folder))
        assert writer.stdout
        until = len(writes.acknowledged) + chance.randint(1, 1_500)
        while len(writes.acknowledged) < until:
            line = writer.stdout.readline()
            assert line, f"the writer ended by itself: {writer.wait()}"
            writes.hear(line)
        first, second = chance.sample([writer, shipper], 2)
        first.kill()
        second.kill()
        for line in writer.stdout:  # what it had said before it died
            writes.hear(line)
        kill(writer)
        kill(shipper)
        if chance.random() < 0.5:  # else the shipper is the first to find what was left
            with Spool(folder) as spool:
                assert spool.damage == []
    with SpoolReader(folder) as drain:
        shipped = Shipper(trail, drain, folder / "rejected").run(follow=False)
    assert (shipped.rejected, shipped.damaged) == (0, 0)
    assert not (folder / "rejected").exists()
    writes.check(trail)
    # A torn frame's number goes to the next event, so a kill leaves no gap.
    assert list(sequences.find_gaps(trail)) == []
