"""A disk that fills up at one byte after another: refused means not there, and room made is used."""

import errno
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.audit import FAULTS
from tests.trail.spool.test_spool import drained, payloads
from trail.errors import WriteRefused
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool, list_segments

SIZE = 128 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KB."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(mounted)]
    if os.geteuid() or subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def fill(spool: Spool, record: Callable[[], bytes]) -> list[bytes]:
    """Append until the disk is full; what was acknowledged."""
    promised = []
    try:
        while True:
            spool.append(one := record())
            promised.append(one)
    except WriteRefused as refused:
        assert type(refused) is WriteRefused  # certainly not there: nothing is left unknown
        assert os.strerror(errno.ENOSPC) in str(refused)
    return promised


def test_what_a_full_disk_refuses_is_not_there_and_what_is_delivered_makes_room(disk: Path) -> None:
    chance = random.Random(3)
    folder = disk / "spool"
    with Spool(folder, segment_bytes=16 * 1024) as spool, SpoolReader(folder) as drain:
        for _ in range(FAULTS * 5):
            promised = fill(spool, lambda: os.urandom(chance.randint(1, 5_000)))
            assert len(promised) > 1
            found = []
            while some := drain.read(100):
                drain.acknowledge(*some)
                found += payloads(some)
            assert found == promised


def test_a_writer_begins_again_on_a_full_disk_and_goes_on_when_there_is_room(disk: Path) -> None:
    folder, ballast = disk / "spool", disk / "ballast"
    ballast.write_bytes(bytes(SIZE // 2))
    with Spool(folder) as spool:
        promised = fill(spool, lambda: bytes(3_000))
    ((_, segment),) = list_segments(folder)
    with segment.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"half a frame" * 100)
    with Spool(folder) as spool:
        promised += fill(spool, lambda: bytes(SIZE // 2))
        ballast.unlink()
        spool.append(b"again")
    assert payloads(drained(folder)) == [*promised, b"again"]
