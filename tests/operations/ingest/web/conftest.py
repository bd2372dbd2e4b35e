from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import web_server as server
from tests.support.web_server import Prepared, Web
from trail.connection import Trail


@pytest.fixture
def web(trail: Trail, node: str, prepared: Prepared, tmp_path: Path) -> Iterator[Web]:
    """A real web server over this test's trail."""
    with server.running(tmp_path, node, trail.prefix, prepared) as running:
        yield running
