"""The real parts, once a session: an OpenSearch node and a Redis server. Each test gets a trail of its own on them."""

import itertools
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from auditconsole.local import opensearch
from auditconsole.local import redis as local_redis
from auditconsole.local.ports import free_port
from trail.connection import Trail, connect
from trail.mapping import install

pytest_plugins = ["tests.cast"]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of this session's OpenSearch node; TEST_OPENSEARCH_URL lends one that runs already."""
    if lent := os.environ.get("TEST_OPENSEARCH_URL"):
        yield lent
        return
    one = opensearch.Node(
        state_dir=tmp_path_factory.mktemp("node"), http_port=free_port(), transport_port=free_port(), heap="512m"
    )
    with opensearch.running(one):
        yield one.url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = local_redis.Server(state_dir=tmp_path_factory.mktemp("redis"), port=free_port())
    with local_redis.running(server):
        yield server.url


@pytest.fixture(autouse=True)
def _own_parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that touch the database run the console, so they get Redis too; nobody reaches a running console's parts."""
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        url = request.getfixturevalue("redis_url")
        monkeypatch.setattr(settings, "REDIS_URL", url)
        _point_caches_at(url)


def _point_caches_at(url: str) -> None:
    from django.core.cache import caches

    from auditconsole.celery import app

    if settings.CACHES["default"]["LOCATION"] != url:
        settings.CACHES["default"]["LOCATION"] = url
        caches.settings["default"]["LOCATION"] = url
        app.conf.broker_url = url
        app.pool.force_close_all()
        if hasattr(caches["default"], "_cache"):
            del caches["default"]
    caches["default"].clear()


@pytest.fixture
def trail(node: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trail]:
    """A fresh, installed trail of this test alone, which the console of this test uses too."""
    prefix = f"t{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
    monkeypatch.setattr(settings, "OPENSEARCH_URL", node)
    monkeypatch.setattr(settings, "TRAIL_PREFIX", prefix)
    own = connect(node, prefix=prefix)
    install(own)
    yield own
    for index in own.client.indices.get(index=f"{prefix}-events-*", params={"allow_no_indices": "true"}):
        own.client.indices.delete(index=index)
    own.client.indices.delete_index_template(name=f"{prefix}-events")
    own.client.close()


@pytest.fixture
def data() -> Path:
    return Path(__file__).parent / "data"
