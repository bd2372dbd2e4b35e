"""The console over HTTP, for programs that are not ours."""

import pytest
from pytest_django.live_server_helper import LiveServer


@pytest.fixture(scope="session")
def console_url(static_files: None, live_server: LiveServer) -> str:
    """Where the console of the test answers; its log is below `/log/`."""
    return live_server.url
