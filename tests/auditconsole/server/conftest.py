"""A web process of the console within the test's own: the real server on a real port, over an application of the test's."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django import Settings
from waitress import wasyncore

from auditconsole.server.connections import Server
from auditconsole.server.lanes import Lanes
from auditconsole.server.worker import build_server, run_round

LONG = 60  # seconds that a client waits for what must come; nothing is measured by it


def read_all(client: socket.socket) -> bytes:
    """What the server sends before it closes the connection."""
    client.settimeout(LONG)
    received = b""
    try:
        while piece := client.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@dataclass
class Application:
    """A WSGI application that writes down what it was asked, and waits at /slow until it is let go."""

    let_go: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    answer: Callable[[], Any] = lambda: [b"hello"]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked.append(environ["PATH_INFO"])
        if "/slow" in environ["PATH_INFO"]:
            assert self.let_go.wait(LONG)
        self.bodies.append(len(environ["wsgi.input"].read()))
        told = [("X-Length", environ.get("CONTENT_LENGTH", "")), ("X-From", environ["REMOTE_ADDR"])]
        start_response("200 OK", [*told, *self.headers])
        return self.answer()


@dataclass
class Process:
    """The server while it runs."""

    port: int
    application: Application
    server: Server

    def connect(self, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=LONG, source_address=(source, 0))
        client.sendall(sent)
        return client

    def ask(self, path: str, source: str = "127.0.0.1") -> bytes:
        with self.connect(f"GET {path} HTTP/1.0\r\n\r\n".encode(), source) as client:
            return read_all(client)


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    settings.WEB_THREADS = 2
    application, map, lanes = Application(), {}, Lanes()
    listener = socket.create_server(("127.0.0.1", 0))
    server = build_server(application, listener, map, lanes)
    ending = threading.Event()

    def run() -> None:
        while not ending.is_set():
            run_round([server], map, 0.05)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield Process(listener.getsockname()[1], application, server)
    finally:
        application.let_go.set()
        lanes.shutdown()
        ending.set()
        thread.join()
        wasyncore.close_all(map)
        listener.close()


def wait_until(holds: Callable[[], Any]) -> None:
    until = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < until, "never came"
        time.sleep(0.01)
