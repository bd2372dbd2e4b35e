"""A client that sends or reads slowly, or opens too many connections, holds its own connection and nobody's thread."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep as pause

import pytest
from django.conf import settings
from pytest_django import Settings
from waitress.channel import HTTPChannel

from auditconsole.server.connections import Connection
from tests.auditconsole.server.conftest import LONG, Process, read_all, wait_until

HALF_SENT = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
BODY_TO_COME = b"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{"


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_half_sent_requests_take_no_thread(process: Process, clients: ExitStack) -> None:
    for sent in (b"", HALF_SENT, BODY_TO_COME) * 10:
        clients.enter_context(process.connect(sent))
    assert process.ask("/").endswith(b"hello")
    assert process.application.asked == ["/"]


@pytest.mark.parametrize("sent", [b"", HALF_SENT])
def test_who_does_not_send_the_headers_in_time_is_cut_off(process: Process, settings: Settings, sent: bytes) -> None:
    settings.WEB_HEADER_SECONDS = 0.2
    with process.connect(sent) as client:
        assert read_all(client) == b""


def test_headers_that_trickle_end_at_the_same_time(process: Process, settings: Settings) -> None:
    settings.WEB_HEADER_SECONDS = 0.5
    with process.connect(HALF_SENT) as client:
        client.settimeout(0.05)
        assert trickle(client, 1_000) < 1_000


def trickle(client: socket.socket, most: int) -> int:
    """How many bytes could be sent, one by one, before the server cut the client off."""
    for sent in range(most):
        try:
            client.sendall(b"x")
            if not client.recv(1):
                return sent
        except TimeoutError:
            continue
        except OSError:
            return sent
    return most


def test_a_body_that_comes_too_slowly_is_cut_off(process: Process, settings: Settings) -> None:
    settings.WEB_SLOW_SECONDS = 0.2
    with process.connect(BODY_TO_COME) as client:
        assert read_all(client) == b""
    assert process.application.asked == []


def test_a_body_that_comes_in_time_is_taken_whole_whatever_its_pieces(process: Process) -> None:
    with process.connect(b"POST /whole HTTP/1.0\r\nContent-Length: 300000\r\n\r\n") as client:
        for _ in range(300):
            client.sendall(b"x" * 1_000)
        assert read_all(client).endswith(b"hello")
    assert process.application.bodies == [300_000]


def test_who_does_not_read_the_answer_is_cut_off_and_its_thread_goes_on(process: Process, settings: Settings) -> None:
    settings.WEB_SLOW_SECONDS = 0.3
    ended: list[int] = []

    def endless() -> Iterator[bytes]:
        try:
            for _ in range(10_000):
                yield b"x" * 100_000
        finally:
            ended.append(1)

    process.application.answer = endless
    with process.connect(b"GET /long HTTP/1.0\r\n\r\n"):
        wait_until(lambda: ended)


def test_an_idle_connection_is_kept_for_a_while_and_then_closed(process: Process, settings: Settings) -> None:
    request = b"POST /again HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx"
    process.application.headers = [("Content-Length", "5")]
    with process.connect(request) as client:
        assert b"200 OK" in client.recv(4_096)
        client.sendall(request)
        assert b"200 OK" in client.recv(4_096)
        settings.WEB_HEADER_SECONDS, settings.WEB_IDLE_SECONDS = LONG, 0.1
        assert b"200 OK" not in read_all(client)
    assert process.application.asked == ["/again", "/again"]


REQUEST = b"GET /again HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def read_answer(client: socket.socket) -> bytes:
    """One answer to its last byte, in however many pieces it comes."""
    answer = b""
    while not answer.endswith(b"hello") and (piece := client.recv(4_096)):
        answer += piece
    return answer


def test_a_connection_is_served_again_after_a_pause_longer_than_headers_may_take(
    process: Process, settings: Settings
) -> None:
    settings.WEB_HEADER_SECONDS = 0.2
    process.application.headers = [("Content-Length", "5")]
    with process.connect(REQUEST) as client:
        for _ in range(2):
            assert b"200 OK" in read_answer(client)
            pause(2.5)  # the server looks every second for who is overdue
            client.sendall(REQUEST)
        assert b"200 OK" in read_answer(client)


def test_an_answer_that_a_thread_gives_at_once_makes_the_connection_no_new_one(
    process: Process, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread may have answered before the one that read the request goes on."""
    received = HTTPChannel.received

    def received_and_answered(self: Connection, data: bytes) -> bool:
        is_taken = bool(received(self, data))
        wait_until(lambda: not self.requests)
        return is_taken

    monkeypatch.setattr(HTTPChannel, "received", received_and_answered)
    settings.WEB_HEADER_SECONDS = 0.2
    process.application.headers = [("Content-Length", "5")]
    with process.connect(REQUEST) as client:
        assert b"200 OK" in read_answer(client)
        pause(2.5)
        client.sendall(REQUEST)
        assert b"200 OK" in read_answer(client)


def test_a_connection_outlives_a_person_s_pause_and_an_office_s_browsers_have_room() -> None:
    """Minutes of reading, and fifty people behind one address with six connections each."""
    assert settings.WEB_IDLE_SECONDS >= 300
    assert settings.WEB_CONNECTIONS_PER_ADDRESS >= 50 * 6


def test_of_too_many_connections_of_one_address_the_longest_waiting_gives_way(
    process: Process, settings: Settings, clients: ExitStack
) -> None:
    settings.WEB_CONNECTIONS_PER_ADDRESS = 20
    other = clients.enter_context(process.connect(HALF_SENT, source="127.0.0.2"))
    trickling = [clients.enter_context(process.connect(HALF_SENT)) for _ in range(60)]
    assert process.ask("/").endswith(b"hello")
    wait_until(lambda: len(process.server.by_address["127.0.0.1"]) <= 20)
    assert read_all(trickling[0]) == b""
    other.sendall(b"1\r\n\r\n")
    assert b"200 OK" in other.recv(4_096)


def test_the_connections_of_a_trusted_proxy_are_everybodys_and_none_gives_way(
    process: Process, settings: Settings, clients: ExitStack
) -> None:
    settings.WEB_CONNECTIONS_PER_ADDRESS, settings.TRUSTED_PROXIES = 5, ["127.0.0.0/24"]
    halves = [clients.enter_context(process.connect(HALF_SENT)) for _ in range(20)]
    assert process.ask("/").endswith(b"hello")
    for half in halves:
        half.sendall(b"1\r\n\r\n")
        assert b"200 OK" in half.recv(4_096)


def test_a_request_that_is_answered_is_not_what_gives_way(
    process: Process, settings: Settings, clients: ExitStack
) -> None:
    settings.WEB_CONNECTIONS_PER_ADDRESS = 3
    at_work = clients.enter_context(process.connect(b"GET /slow HTTP/1.0\r\n\r\n"))
    wait_until(lambda: process.application.asked == ["/slow"])
    for _ in range(10):
        clients.enter_context(process.connect(HALF_SENT))
    process.application.let_go.set()
    assert read_all(at_work).endswith(b"hello")


def test_the_address_of_the_client_is_that_of_its_connection(process: Process) -> None:
    assert b"X-From: 127.0.0.3" in process.ask("/", source="127.0.0.3")


def test_what_half_sent_bodies_hold_in_memory_is_bounded(
    process: Process, clients: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditconsole.server.connections.MOST_HELD", 3_000_000)
    sending = [clients.enter_context(process.connect(BODY_TO_COME.replace(b"100000", b"9000000"))) for _ in range(6)]
    for client in sending:
        _send_or_lose(client, b"x" * 1_000_000)
    assert process.server.count_bytes_held() <= 3_100_000
    assert process.ask("/").endswith(b"hello")


def _send_or_lose(client: socket.socket, body: bytes) -> None:
    try:
        client.sendall(body)
    except OSError:
        return
