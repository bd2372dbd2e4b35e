"""The real parts, once a session: an OpenSearch node and a Redis server. Each test gets a trail of its own on them.

With several workers the first process starts the parts and lends them; TEST_OPENSEARCH_URL lends one that runs already.
"""

import fcntl
import itertools
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# Before the settings are read: tests leave no state in the work tree.
os.environ.setdefault("CONSOLE_STATE_DIR", tempfile.mkdtemp(prefix="console-tests-"))
# The nodes of tests live for minutes: a compiler that thinks longer costs more than it gives back.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from xdist.scheduler import LoadFileScheduling

from auditconsole.local import opensearch
from auditconsole.local import redis as local_redis
from auditconsole.local.ports import free_port
from trail.connection import Trail, connect
from trail.mapping import install
from trail.novelty.index import drop

pytest_plugins = ["tests.cast"]
# Shared machines have no deadlines, and the same examples each time keep main green for a reason.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("ours")
BROWSER = "tests/browser/"
_numbers = itertools.count()
_parts = ExitStack()


def _lend_parts(tmp: Path) -> None:
    """Start what is not lent, and say where it is by the environment, which workers inherit."""
    if "TEST_OPENSEARCH_URL" not in os.environ:
        node = opensearch.Node(tmp / "node", http_port=free_port(), transport_port=free_port(), heap="1g")
        _parts.enter_context(opensearch.running(node))
        os.environ["TEST_OPENSEARCH_URL"] = node.url
    if "TEST_REDIS_URL" not in os.environ:
        server = local_redis.Server(tmp / "redis", port=free_port())
        _parts.enter_context(local_redis.running(server))
        os.environ["TEST_REDIS_URL"] = server.url


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", default=None):
        _lend_parts(Path(tempfile.mkdtemp(prefix="console-tests-parts-")))


class ByFileAndConsole(LoadFileScheduling):
    """A file stays in one process, and so does all that needs a browser, for it shares a console."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileAndConsole:
    return ByFileAndConsole(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no process waits for another at the end.

    Only what tries trail/ by itself is measured for how much of it is tried: measuring doubles what a test takes.
    """
    long, measured = ("browser", "faults", "worker", "local", "ingest"), (("trail",), ("unit", "trail"))

    def folders(item: pytest.Item) -> tuple[str, ...]:
        return item.path.relative_to(Path(__file__).parent).parts

    items.sort(key=lambda item: long.index(folders(item)[0]) if folders(item)[0] in long else len(long))
    for item in items:
        if not any(folders(item)[: len(one)] == one for one in measured):
            item.add_marker(pytest.mark.no_cover)


def pytest_unconfigure(config: pytest.Config) -> None:
    _parts.close()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of this session's OpenSearch node."""
    _lend_parts(tmp_path_factory.mktemp("parts"))
    return os.environ["TEST_OPENSEARCH_URL"]


@pytest.fixture(scope="session")
def redis_url(node: str) -> str:
    """The URL of this session's Redis; each worker has a database of its own."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return os.environ["TEST_REDIS_URL"].rpartition("/")[0] + f"/{number}"


@pytest.fixture(autouse=True)
def _own_parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that touch the database run the console, so they get Redis too. Nobody reaches a running console's parts."""
    monkeypatch.setattr(settings, "OPENSEARCH_URL", "http://127.0.0.1:1")
    if {"db", "transactional_db"} & set(request.fixturenames):
        url = request.getfixturevalue("redis_url")
        monkeypatch.setattr(settings, "REDIS_URL", url)
        use_redis(url)
        caches["default"].clear()


def use_redis(url: str) -> None:
    """From here on the console's caches and its queue are there; nothing goes on through a connection made before."""
    from auditconsole.celery import app

    if app.conf.broker_url != url or settings.CACHES["default"]["LOCATION"] != url:
        settings.CACHES["default"]["LOCATION"] = app.conf.broker_url = url
        app._pool = app.amqp._producer_pool = None
        if hasattr(caches["default"], "_cache"):
            del caches["default"]


@pytest.fixture(scope="session")
def lone_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a node that no other process asks, for tests that change the whole engine."""
    own = opensearch.Node(
        tmp_path_factory.mktemp("lone"), http_port=free_port(), transport_port=free_port(), heap="256m"
    )
    with opensearch.running(own):
        yield own.url


@pytest.fixture
def trail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trail]:
    """A fresh, installed trail of this test alone, which the console of this test uses too."""
    node = request.getfixturevalue("lone_node" if request.node.get_closest_marker("lone") else "node")
    prefix = f"t{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
    monkeypatch.setattr(settings, "OPENSEARCH_URL", node)
    monkeypatch.setattr(settings, "TRAIL_PREFIX", prefix)
    own = connect(node, prefix=prefix)
    install(own)
    yield own
    if made := list(own.client.indices.get(index=f"{prefix}-events-*", params={"allow_no_indices": "true"})):
        own.client.indices.delete(index=made)
    drop(own)
    own.client.indices.delete_index_template(name=f"{prefix}-events")
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


@pytest.fixture
def no_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the engine does not answer."""
    monkeypatch.setattr(settings, "OPENSEARCH_URL", "http://127.0.0.1:1")


@pytest.fixture
def data() -> Path:
    return Path(__file__).parent / "data"
