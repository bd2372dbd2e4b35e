import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest import web as server
from tests.ingest.web import Web
from trail.connection import Trail, connect


@pytest.fixture(scope="session")
def prepared(node: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A database with keys in it, made once, and the keys."""
    folder = tmp_path_factory.mktemp("prepared")
    prefix = f"prepared-{folder.parent.name}"
    keys = server.prepare(folder, node, prefix, ("ecs", "syslog"))
    trail = connect(node, prefix=prefix)
    trail.client.indices.delete(index=",".join(trail.client.indices.get(index=trail.events)))
    trail.client.close()
    return folder / "console.sqlite3", keys


@pytest.fixture
def web(trail: Trail, node: str, prepared: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Web]:
    """A real web server over this test's trail."""
    database, keys = prepared
    shutil.copy(database, tmp_path / database.name)
    with server.running(tmp_path, node, trail.prefix, keys=keys) as running:
        yield running
