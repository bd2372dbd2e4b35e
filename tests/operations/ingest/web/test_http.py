"""Writing over a real connection to a real server: what the test client cannot show."""

import gzip
import http.client
import socket
from typing import Any

import orjson

from tests.support.factories.events import event
from tests.support.factories.ingest import EVENTS, LINES, lines, stored
from tests.support.web_server import Web
from trail.connection import Trail


def _headers(web: Web, **headers: str) -> dict[str, str]:
    own = {"Authorization": f"Bearer {web.keys['ecs']}", "Content-Type": LINES}
    return own | {name.replace("_", "-"): value for name, value in headers.items()}


def _answer(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    response = connection.getresponse()
    content = response.read()
    return response.status, orjson.loads(content)


def _raw(web: Web, head: list[str], body: bytes) -> socket.socket:
    """A request whose bytes are ours to choose."""
    connection = socket.create_connection(("127.0.0.1", web.port), timeout=60)
    own = [f"POST {EVENTS} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in _headers(web).items())]
    connection.sendall("\r\n".join([*own, *head, "", ""]).encode() + body)
    return connection


def test_a_connection_serves_many_requests_and_what_was_refused_leaves_nothing_in_it(web: Web, trail: Trail) -> None:
    with web.connection() as connection:
        written = 0
        for number in range(12):
            body, headers = lines(event(id=f"e{number}")), {}
            if number % 4 == 1:
                body, headers = gzip.compress(body), {"Content_Encoding": "gzip"}
            elif number % 4 == 2:
                headers = {"Authorization": "Bearer tk_nobody"}
            elif number % 4 == 3:
                body, headers = b"x" * 300_000, {"Content_Encoding": "gzip"}
            connection.request("POST", EVENTS, body, _headers(web, **headers))
            status, answer = _answer(connection)
            assert status == (200, 200, 401, 400)[number % 4], answer
            written += status == 200
    assert len(stored(trail)) == written == 6


def test_a_body_without_a_length_is_read_chunk_by_chunk(web: Web, trail: Trail) -> None:
    with web.connection() as connection:
        body = lines(*(event(id=f"e{number}") for number in range(1_200)))
        pieces = (body[start : start + 10_000] for start in range(0, len(body), 10_000))
        connection.request("POST", EVENTS, pieces, _headers(web), encode_chunked=True)
        status, answer = _answer(connection)
        assert (status, answer["durable"]) == (200, 1_200)
    assert len(stored(trail)) == 1_200


def test_a_body_that_is_cut_off_writes_nothing(web: Web, trail: Trail) -> None:
    body = lines(event(id="a"), event(id="b"))
    cut = _raw(web, [f"Content-Length: {len(body) + 1}"], body)
    cut.shutdown(socket.SHUT_WR)
    assert b"400 Bad Request" in cut.recv(4_096).split(b"\r\n")[0]
    half = _raw(web, ["Transfer-Encoding: chunked"], b"%x\r\n%b\r\n" % (len(body), body))
    half.shutdown(socket.SHUT_WR)
    half.recv(4_096)
    broken = _raw(web, ["Transfer-Encoding: chunked"], b"%x\r\n%b\r\nnonsense\r\n" % (len(body), body))
    broken.recv(4_096)
    for connection in (cut, half, broken):
        connection.close()
    assert stored(trail) == {}


def test_a_caller_that_leaves_before_the_answer_finds_the_same_event_there(web: Web, trail: Trail) -> None:
    body = lines(event(id="a"))
    _raw(web, [f"Content-Length: {len(body)}"], body).close()
    with web.connection() as connection:
        connection.request("POST", EVENTS, body, _headers(web))
        status, answer = _answer(connection)
        assert (status, answer["events"][0]["status"] in ("created", "existing")) == (200, True)
    assert len(stored(trail)) == 1


def test_a_body_without_content_is_refused(web: Web) -> None:
    with web.connection() as connection:
        connection.request("POST", EVENTS, b"", _headers(web))
        assert _answer(connection) == (400, {"error": "The body is empty.", "status": 400})
