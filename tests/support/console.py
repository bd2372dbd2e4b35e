"""Provides what tests of pages stand on: the style sheets, a case, a sealed log, the requests that pass by."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts.models import User
from investigations.models import Case
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.cases import open_case
from trail.connection import Trail


@pytest.fixture(autouse=True)
def _pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that touches the database looks at pages, and waits for them however busy the machine is."""
    if {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("static_files")
        monkeypatch.setattr(django_settings, "PAGE_SECONDS", 30)
        # Or each test's client reads every style sheet first.
        monkeypatch.setattr(django_settings, "WHITENOISE_AUTOREFRESH", True, raising=False)


@pytest.fixture
def case(trail: Trail, alice: User, bob: User, rae: User) -> Case:
    """alice leads it, bob is a member, rae reads; charlie knows nothing of it."""
    return open_case(alice, members=(bob,), readers=(rae,))


@pytest.fixture
def seal(trail: Trail, settings: Settings, tmp_path: Path) -> Callable[[], object]:
    """A log of this test alone; called, it seals what has arrived."""
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    return Sealer(LogDirectory()).step


@pytest.fixture
def wire(node: str, trail: Trail, settings: Settings) -> Iterator[list[str]]:
    """Every request that the console makes to the engine from here on, as it passes by: `POST /_bulk`."""
    with _passing_by(node, settings, lambda asked: f"{asked.command} {urlsplit(asked.path).path}") as seen:
        yield seen


@pytest.fixture
def names(node: str, trail: Trail, settings: Settings) -> Iterator[list[str]]:
    """The name under which the engine shows each request from here on among its tasks; empty without one."""
    with _passing_by(node, settings, lambda asked: asked.headers.get("X-Opaque-Id", "")) as seen:
        yield seen


@contextmanager
def _passing_by(node: str, settings: Settings, noted: Callable[[BaseHTTPRequestHandler], str]) -> Iterator[list[str]]:
    seen: list[str] = []
    engine = urlsplit(node)

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            seen.append(noted(self))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            beyond = http.client.HTTPConnection(engine.hostname or "", engine.port)
            beyond.request(self.command, self.path, body, dict(self.headers))
            answer = beyond.getresponse()
            content = answer.read()
            beyond.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type") or "")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = pass_on  # noqa: N815  http.server's names

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    settings.OPENSEARCH_URL = f"http://127.0.0.1:{server.server_port}"
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
