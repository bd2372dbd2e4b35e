"""kill -9 of the web server, of Redis and of the engine while services write over HTTP, again and again."""

import random
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings

from auditconsole.local import opensearch
from auditconsole.local import redis as local_redis
from tests.faults.audit import FAULTS
from tests.faults.sender import Sender
from tests.support import parts
from tests.support import web_server as server
from tests.support.web_server import Prepared, Web
from trail.connection import Trail, connect
from trail.mapping import install

WITHIN = 10  # seconds from the first write that failed to its incident


def test_what_a_web_server_acknowledged_before_a_kill_is_there_once(
    trail: Trail, node: str, prepared: Prepared, tmp_path: Path
) -> None:
    chance = random.Random(1)
    with server.running(tmp_path, node, trail.prefix, prepared, workers=2) as web:
        sender = Sender(web)
        sender.start()
        for _ in range(FAULTS):
            for _ in range(chance.randint(1, 60)):
                sender.done.acquire()
            web.kill()
            sender.failed.acquire()
            web.start(workers=2)
            sender.drain()
        sender.done.acquire()
        sender.stop()
    assert sender.writes.acknowledged.keys() == sender.writes.begun
    sender.writes.check(trail)


def test_writing_does_not_need_redis(
    trail: Trail, node: str, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(2)
    redis = parts.new_redis()
    monkeypatch.setenv("REDIS_URL", redis.url)
    with server.running(tmp_path, node, trail.prefix, prepared) as web:
        sender = Sender(web)
        sender.start()
        for _ in range(FAULTS):
            with local_redis.run_server(redis) as process:
                for _ in range(chance.randint(1, 30)):
                    sender.done.acquire()
                process.kill()
                process.wait()
                for _ in range(chance.randint(1, 30)):
                    sender.done.acquire()
        sender.stop()
    assert not sender.writes.unknown
    sender.writes.check(trail)


def test_each_outage_of_the_engine_is_one_incident_and_costs_no_event(prepared: Prepared, tmp_path: Path) -> None:
    chance = random.Random(3)
    own = parts.new_node(tmp_path / "node", heap="256m")
    trail = connect(own.url, prefix="faults", timeout=10)
    with ExitStack() as stack:
        with opensearch.run_node(own):
            install(trail)
            web = stack.enter_context(server.running(tmp_path, own.url, trail.prefix, prepared))
            sender = Sender(web)
            sender.start()
            sender.done.acquire()
        for _ in range(FAULTS):
            with opensearch.run_node(own) as process:
                for _ in range(chance.randint(1, 30)):
                    sender.done.acquire()
                resolve_all(web)
                sender.drain()
                process.kill()
                process.wait()
                for _ in range(10):
                    sender.failed.acquire()
                expect_one_incident(tmp_path, since=sender.first_failure or 0)
        with opensearch.run_node(own):
            sender.stop()
            sender.writes.check(trail)
            resolve_all(web)
    assert sender.writes.acknowledged.keys() == sender.writes.begun
    assert len(incidents(tmp_path)) == FAULTS + 1
    trail.client.close()


def incidents(folder: Path, condition: str = "1") -> list[tuple[str, str]]:
    """When outages of the engine were opened and over, as the console has them."""
    asked = f"SELECT opened_at, over_at FROM operations_incident WHERE kind = 'outage' AND subject = 'opensearch' AND {condition}"
    with closing(sqlite3.connect(folder / "console.sqlite3", timeout=20)) as database:
        return database.execute(asked).fetchall()


def expect_one_incident(folder: Path, *, since: float) -> None:
    (standing,) = incidents(folder, "resolved_at IS NULL")
    opened, over = standing
    assert over is None
    assert datetime.fromisoformat(f"{opened}+00:00").timestamp() - since < WITHIN


def resolve_all(web: Web) -> None:
    """A person resolves what is over."""
    subprocess.run(
        [sys.executable, "-m", "tests.faults.resolve_incidents"], cwd=settings.BASE_DIR, env=web.environment, check=True
    )
