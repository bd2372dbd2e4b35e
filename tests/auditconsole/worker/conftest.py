"""A real Celery worker in a process of its own: on the session's node, a Redis that can go down, and the test's database."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from auditconsole.local import redis as local_redis
from tests.conftest import use_redis
from tests.support import parts
from tests.support.database import database_url
from tests.support.factories.events import event
from trail.connection import Trail, connect
from trail.mapping import install
from trail.writing.writer import write_many

# Enough for a run of many chunks, so that it can be met half way.
EVENTS = 24_000


def wait_until(holds: Callable[[], Any], what: str, patience: float = 60) -> None:
    """Until it holds; the patience is for a broken test, not a measure."""
    until = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < until, f"never came: {what}"
        time.sleep(0.005)


class Queue:
    """A Redis server that a test may stop and start; what it holds stays."""

    def __init__(self) -> None:
        self.server = parts.new_redis()
        self.running = ExitStack()

    def start(self) -> None:
        if not local_redis.is_answering(self.server):
            self.running.enter_context(local_redis.run_server(self.server))

    def stop(self) -> None:
        self.running.close()


class Worker:
    """A worker for all queues, or as its command says, with its pool in one process group."""

    def __init__(self, log: Path, environment: dict[str, str], command: Sequence[str] = ()) -> None:
        self.log, self.environment = log, environment
        self.command = command or ("worker", "--concurrency", "2", "--without-mingle")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the worker takes work."""
        if self.process is not None and self.process.poll() is None:
            return
        self.log.unlink(missing_ok=True)
        self.process = celery(*self.command, log=self.log, env=self.environment)
        wait_until(lambda: " ready." in self.log.read_text() or self.process.poll() is not None, "a worker")
        assert self.process.poll() is None, self.log.read_text()

    def end(self, with_signal: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, with_signal)
            self.process.wait()


def celery(*arguments: str, log: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "auditconsole", *arguments, "--loglevel", "INFO"],
            cwd=settings.BASE_DIR,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@pytest.fixture(scope="session")
def queue() -> Iterator[Queue]:
    queue = Queue()
    queue.start()
    yield queue
    queue.stop()


@pytest.fixture(scope="session")
def long_trail(node: str) -> Iterator[Trail]:
    """A trail of EVENTS events, `event-0` the first in time."""
    trail = connect(node, prefix=f"worker-{uuid.uuid4().hex[:8]}")
    install(trail)
    events = (event(id=f"event-{n}", at=f"2026-11-01T00:00:00.{n:09d}Z") for n in range(EVENTS))
    assert {outcome.status for outcome in write_many(trail, events, batch=2_000)} == {"created"}
    trail.client.indices.refresh(index=trail.events)
    yield trail
    trail.client.indices.delete(index=",".join(trail.client.indices.get(index=f"{trail.prefix}-events-*")))
    trail.client.indices.delete_index_template(name=trail.events)
    trail.client.close()


@pytest.fixture(scope="session")
def environment(node: str, queue: Queue, long_trail: Trail, django_db_setup: None) -> dict[str, str]:
    """What makes another process a part of this test's console."""
    return os.environ | {
        "OPENSEARCH_URL": node,
        "REDIS_URL": queue.server.url,
        "TRAIL_PREFIX": long_trail.prefix,
        "CONSOLE_STATE_DIR": str(settings.STATE_DIR),
        "DATABASE_URL": database_url(),
    }


@pytest.fixture(scope="session")
def _worker(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = Worker(tmp_path_factory.mktemp("worker") / "worker.log", environment)
    yield worker
    worker.end(signal.SIGTERM)


@pytest.fixture(autouse=True)
def _own_parts(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is this folder's own, and nobody empties it: the worker's bindings are in it. Up, whatever came before."""
    queue.start()
    monkeypatch.setattr(settings, "REDIS_URL", queue.server.url)
    use_redis(queue.server.url)


@pytest.fixture
def trail(long_trail: Trail, node: str, monkeypatch: pytest.MonkeyPatch) -> Trail:
    monkeypatch.setattr(settings, "OPENSEARCH_URL", node)
    monkeypatch.setattr(settings, "TRAIL_PREFIX", long_trail.prefix)
    return long_trail


@pytest.fixture
def worker(_worker: Worker, trail: Trail, transactional_db: None) -> Worker:
    """A worker that is at work, whatever the last test did to it."""
    _worker.start()
    return _worker


@pytest.fixture
def schedule(environment: dict[str, str], tmp_path: Path) -> Callable[[], Any]:
    """Run beat for a while: `with schedule():`."""

    @contextmanager
    def running() -> Iterator[Path]:
        log = tmp_path / "beat.log"
        process = celery("beat", "--pidfile=", "--schedule", str(tmp_path / "schedule"), log=log, env=environment)
        try:
            yield log
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    return running


@pytest.fixture(autouse=True)
def _pages(static_files: None) -> None:
    """Pages are looked at here too."""
