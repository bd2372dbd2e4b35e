"""An engine that takes every connection and never replies."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def silent_engine() -> Iterator[str]:
    """Its URL. The kernel accepts what comes; nobody reads it."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
