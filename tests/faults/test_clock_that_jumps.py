"""The clock of writer, shipper and web server jumps by hours and years, either way, while they work."""

import random
import subprocess
import sys
from pathlib import Path

from tests.faults.audit import FAULTS, Writes
from tests.faults.clock import Clock
from tests.faults.sender import Sender
from tests.faults.test_killed_writer import ROOT, kill
from tests.support import web_server as server
from tests.support.web_server import Prepared
from trail.connection import Trail
from trail.maintenance import sequences
from trail.spool.spool import Spool

JUMPS = ["-3s", "+2h", "-400d", "+3d", "+0", "-1d", "+900d", "-20y"]
# A server whose clock is more than a day behind an event's time keeps the event for a person to decide, which is another test.
SERVER_JUMPS = ["-3s", "+2h", "-20d", "+3d", "+0", "-1d", "+900d", "-6h"]


def test_whatever_is_emitted_while_the_clock_jumps_is_in_the_trail_once(
    trail: Trail, node: str, tmp_path: Path
) -> None:
    chance, clock, writes = random.Random(4), Clock(tmp_path), Writes()
    folder = tmp_path / "spool"
    Spool(folder).close()
    environment = clock.environment | {"OPENSEARCH_URL": node, "TRAIL_PREFIX": trail.prefix}
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.writer", str(folder)],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    ship = [sys.executable, "manage.py", "ship", str(folder)]
    shipper = subprocess.Popen(ship, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert writer.stdout
    for jump in range(FAULTS * 2):
        until = len(writes.acknowledged) + chance.randint(1, 300)
        while len(writes.acknowledged) < until:
            line = writer.stdout.readline()
            assert line, f"the writer ended by itself: {writer.wait()}"
            writes.hear(line)
        clock.jump(JUMPS[jump % len(JUMPS)])
    writer.kill()
    for line in writer.stdout:
        writes.hear(line)
    kill(writer)
    shipper.terminate()
    shipper.wait()
    done = subprocess.run(
        [*ship, "--once"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    assert done.returncode == 0
    writes.check(trail)
    assert list(sequences.find_gaps(trail)) == []


def test_whatever_is_acknowledged_over_http_while_the_clock_jumps_is_there_once(
    trail: Trail, node: str, prepared: Prepared, tmp_path: Path
) -> None:
    chance, clock = random.Random(5), Clock(tmp_path)
    with server.running(tmp_path, node, trail.prefix, prepared) as web:
        web.kill()
        # Not gunicorn: its master sleeps by a call that this library answers with an error.
        serve = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{web.port}"]
        with web.log.open("ab") as log:
            web.process = subprocess.Popen(
                serve, cwd=ROOT, env=clock.environment | web.environment, stdout=log, stderr=log, start_new_session=True
            )
        sender = Sender(web)
        sender.start()
        for jump in range(FAULTS * 2):
            for _ in range(chance.randint(1, 10)):
                sender.done.acquire()
            clock.jump(SERVER_JUMPS[jump % len(SERVER_JUMPS)])
        sender.done.acquire()
        sender.stop()
    assert sender.writes.acknowledged.keys() == sender.writes.begun
    sender.writes.check(trail)
