"""How a trail is reached: the environment's user and certificates, and an engine that does not answer."""

import socket
from pathlib import Path

import pytest
from opensearchpy.exceptions import ConnectionTimeout

from trail.connection import connect, deadline, read_engine_status


def test_user_and_certificates_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENSEARCH_USER", "console")
    monkeypatch.setenv("OPENSEARCH_PASSWORD", "secret")
    monkeypatch.setenv("OPENSEARCH_CLIENT_CERT", str(tmp_path / "client.pem"))
    (tmp_path / "client.pem").touch()
    trail = connect("https://search.example:9200", prefix="audit")
    (connection,) = trail.client.transport.connection_pool.connections
    assert connection.host == "https://search.example:9200"
    assert connection.headers["authorization"].startswith("Basic ")
    assert connection.pool.cert_file == str(tmp_path / "client.pem")
    assert trail.events == "audit-events"


def test_an_engine_that_does_not_answer_is_silent() -> None:
    assert read_engine_status(connect("http://127.0.0.1:1", timeout=1)) == "silent"


def test_after_its_deadline_no_request_is_sent_and_those_outside_go_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        trail = connect(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=30)
        with deadline(0), pytest.raises(ConnectionTimeout):
            trail.client.info()
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
        with deadline(0.1), pytest.raises(ConnectionTimeout):
            trail.client.info()
        server.accept()[0].close()
        assert read_engine_status(connect("http://127.0.0.1:1", timeout=1)) == "silent"
