"""A request is bounded in its first line, its headers and its body, and what is refused is said."""

from pytest_django import Settings

from investigations.search_url import MAX_REQUEST_LINE
from tests.auditconsole.server.conftest import Process, read_all


def test_an_address_of_the_longest_length_is_taken_and_a_longer_one_refused(process: Process) -> None:
    frame = len("GET / HTTP/1.0")
    assert process.ask("/" + "x" * (MAX_REQUEST_LINE - frame)).endswith(b"hello")
    refused = process.ask("/" + "x" * (MAX_REQUEST_LINE - frame + 1))
    assert refused.startswith(b"HTTP/1.0 400 ")
    assert b"Request line is too large" in refused


def test_headers_without_end_are_refused(process: Process) -> None:
    with process.connect(b"GET / HTTP/1.0\r\n" + b"X-Long: x\r\n" * 8_000) as client:
        assert read_all(client).startswith(b"HTTP/1.0 431 ")
    assert process.application.asked == []


def test_of_a_body_that_is_too_large_the_view_gets_the_length_alone(process: Process, settings: Settings) -> None:
    settings.INGEST_BODY_BYTES = 20 * 1024 * 1024
    large = settings.INGEST_BODY_BYTES + 1
    with process.connect(f"POST /large HTTP/1.0\r\nContent-Length: {large}\r\n\r\n".encode()) as client:
        for _ in range(20):
            client.sendall(b"x" * 1024 * 1024)
        client.sendall(b"x")
        answer = read_all(client)
    assert f"X-Length: {large}".encode() in answer
    assert process.application.bodies == [0]


def test_a_body_that_ends_before_its_end_is_refused(process: Process) -> None:
    with process.connect(b"POST /cut HTTP/1.0\r\nContent-Length: 100\r\n\r\nhalf") as client:
        client.shutdown(1)
        assert b"The body was cut off on its way" in read_all(client)
    assert process.application.asked == []
