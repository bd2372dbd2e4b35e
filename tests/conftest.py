"""The real parts, once a session: an OpenSearch node and a Redis server. Each test gets a trail of its own on them.

With several workers the first process starts the parts and lends them; TEST_OPENSEARCH_URL lends one that runs already.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import caches
from django.core.management import call_command

from auditconsole.broker import build_broker_url
from auditconsole.local import opensearch
from core import access_spool, concurrency
from tests.support import parts, session, trails
from tests.support.parts import with_database
from tests.support.trails import Trails
from trail.connection import Trail
from trail.writing import circuit_breaker

pytest_plugins = [
    "tests.support.cast",
    "tests.support.console",
    "tests.support.coverage",
    "tests.support.durations",
    "tests.support.go_programs",
    "tests.support.scheduler",
    "tests.support.silent_engine",
    "tests.support.web_server",
    "tests.support.world",
]
# Shared machines have no deadlines, and the same examples each time keep main green for a reason.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", default=None):
        parts.lend(session.FOLDER)


def pytest_unconfigure() -> None:
    parts.stop()


@pytest.fixture(scope="session")
def node() -> str:
    """The URL of this session's OpenSearch node."""
    parts.lend(session.FOLDER)
    return os.environ["TEST_OPENSEARCH_URL"]


@pytest.fixture(scope="session")
def redis_url(node: str) -> str:
    """The URL of this session's Redis; each worker has a database of its own."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return with_database(os.environ["TEST_REDIS_URL"], number)


@pytest.fixture(autouse=True)
def _own_parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that touch the database run the console, so they get Redis too. Nobody reaches a running console's parts."""
    monkeypatch.setattr(settings, "OPENSEARCH_URL", "http://127.0.0.1:1")
    if {"db", "transactional_db"} & set(request.fixturenames):
        url = request.getfixturevalue("redis_url")
        monkeypatch.setattr(settings, "REDIS_URL", url)
        use_redis(url)
        caches["default"].clear()
        monkeypatch.setattr(concurrency, "_noted", {})  # it speaks of what stood there


@pytest.fixture(autouse=True)
def _own_access_records(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test looks at is on record on its own, and goes with it."""
    with tempfile.TemporaryDirectory(dir=settings.STATE_DIR) as folder:
        monkeypatch.setattr(settings, "ACCESS_SPOOL_DIR", folder)
        yield
        access_spool.close()


@pytest.fixture(autouse=True)
def _patient_writes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's engine may be without a sign of life for a second; only what is about that keeps the real time."""
    monkeypatch.setattr(circuit_breaker, "_breakers", {})  # what one test met is nothing to the next
    if not request.node.get_closest_marker("impatient"):
        monkeypatch.setattr(circuit_breaker, "ALIVE", 30.0)
        monkeypatch.setattr(settings, "AUDIT_RECORD_SECONDS", 30.0)


def use_redis(url: str) -> None:
    """From here on the console's caches and its queue are there; nothing goes on through a connection made before."""
    from auditconsole.celery import app

    broker_url = build_broker_url(url)
    if app.conf.broker_url != broker_url or settings.CACHES["default"]["LOCATION"] != url:
        settings.CACHES["default"]["LOCATION"], app.conf.broker_url = url, broker_url
        app._pool = app.amqp._producer_pool = None
        if hasattr(caches["default"], "_cache"):
            del caches["default"]


@pytest.fixture(scope="session")
def lone_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a node that no other process asks, for tests that change the whole engine."""
    own = parts.new_node(tmp_path_factory.mktemp("lone"))
    with opensearch.run_node(own):
        yield own.url


@pytest.fixture(scope="session")
def trails_of_session(node: str) -> Iterator[Trails]:
    """Where tests take their trails from."""
    made = Trails(node)
    yield made
    made.close()


@pytest.fixture
def trail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trail]:
    """A fresh, installed trail of this test alone, which the console of this test uses too."""
    lone = request.node.get_closest_marker("lone") is not None
    node: str = request.getfixturevalue("lone_node" if lone else "node")
    shared: Trails | None = None if lone else request.getfixturevalue("trails_of_session")
    own = shared.take() if shared else trails.make(node)
    monkeypatch.setattr(settings, "OPENSEARCH_URL", node)
    monkeypatch.setattr(settings, "TRAIL_PREFIX", own.prefix)
    yield own
    if shared:
        shared.give_back(own)
    else:
        trails.remove(own.client, [own.prefix])
        own.client.close()


@pytest.fixture(scope="session")
def static_files() -> None:
    """Pages name their style sheets by the manifest, as they do when the console runs. Workers take turns."""
    with (settings.STATE_DIR / "static.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        manifest = settings.STATIC_ROOT / "staticfiles.json"
        newest = max(path.stat().st_mtime for path in (settings.BASE_DIR / "static").rglob("*"))
        if not manifest.exists() or manifest.stat().st_mtime < newest:
            call_command("collectstatic", interactive=False, verbosity=0)
    # A test before may have asked for the manifest when there was none, which is remembered.
    staticfiles_storage.hashed_files, staticfiles_storage.manifest_hash = staticfiles_storage.load_manifest()


@pytest.fixture
def no_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the engine does not answer."""
    monkeypatch.setattr(settings, "OPENSEARCH_URL", "http://127.0.0.1:1")


@pytest.fixture
def data() -> Path:
    return Path(__file__).parent / "data"
