"""How a trail is reached: the environment's user and certificates, and an engine that does not answer."""

from pathlib import Path

import pytest

from trail.connection import connect, engine_status


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
    assert engine_status(connect("http://127.0.0.1:1", timeout=1)) == "silent"
