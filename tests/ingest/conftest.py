from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest import web as server
from tests.ingest.web import Web
from trail.connection import Trail


@pytest.fixture
def web(trail: Trail, node: str, tmp_path: Path) -> Iterator[Web]:
    """A real web server over this test's trail."""
    with server.running(tmp_path, node, trail.prefix, formats=("ecs", "syslog")) as running:
        yield running
