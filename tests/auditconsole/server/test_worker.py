"""The console's own web server among clients that send nothing, half a request, or a byte now and then."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from tests.auditconsole.server.conftest import LONG, read_all
from tests.support.web_server import Prepared, Web, running
from trail.connection import Trail

SILENT, HALF, TRICKLING = 200, 40, 100
HALF_SENT = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
BODY_TO_COME = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture
def web(
    trail: Trail, node: str, prepared: Prepared, tmp_path: Path, static_files: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Web]:
    monkeypatch.setenv("WEB_CONNECTIONS_PER_ADDRESS", "300")
    (tmp_path / "static").symlink_to(settings.STATIC_ROOT)
    with running(tmp_path, node, trail.prefix, prepared) as web:
        yield web


def test_signing_in_is_answered_among_silent_half_sent_and_trickling_clients(web: Web) -> None:
    with ExitStack() as clients:
        opened = [
            clients.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=LONG))
            for _ in range(SILENT + HALF + TRICKLING)
        ]
        for client in opened[SILENT : SILENT + HALF]:
            client.sendall(HALF_SENT)
        for client in opened[SILENT + HALF :]:
            client.sendall(BODY_TO_COME)
        for _ in range(3):
            for client in opened[SILENT + HALF :]:
                client.sendall(b"x")
            with web.connection() as connection:
                connection.request("GET", "/accounts/login/")
                answer = connection.getresponse()
                assert (answer.status, b"csrfmiddlewaretoken" in answer.read()) == (200, True)


def test_the_server_ends_when_it_is_told_to_whoever_is_connected(web: Web) -> None:
    assert web.process is not None
    with web.connection() as silent:
        silent.connect()
        web.process.send_signal(signal.SIGTERM)
        assert web.process.wait(LONG) == 0
        web.process = None
        assert read_all(silent.sock) == b""
