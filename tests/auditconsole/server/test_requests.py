"""A request is bounded in its first line, its headers and its body, and what is refused is said."""

from contextlib import ExitStack

import pytest
from pytest_django import Settings

from auditconsole.server.requests import FORM_BYTES, LARGE_PATH, MOST_LARGE, _FileBuffer
from investigations.search_url import MAX_REQUEST_LINE
from tests.auditconsole.server.conftest import Process, read_all, wait_until


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


def test_a_case_bundle_that_memory_is_too_small_for_comes_whole_by_the_disk(
    process: Process, settings: Settings
) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    size = 5_000_000
    with process.connect(f"POST {LARGE_PATH} HTTP/1.0\r\nContent-Length: {size}\r\n\r\n".encode()) as client:
        client.sendall(b"x" * size)
        answer = read_all(client)
    assert f"X-Length: {size}".encode() in answer
    assert process.application.bodies == [size]


@pytest.mark.parametrize(
    "words", [{"CASE_BUNDLE_BYTES": 2_000_000}, {"ATTACHMENTS_DISK_RESERVE": 1 << 60}], ids=["too long", "no room"]
)
def test_one_that_is_too_long_or_has_no_room_is_not_taken_and_the_view_says_so(
    process: Process, settings: Settings, words: dict[str, int]
) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    for name, value in words.items():
        setattr(settings, name, value)
    size = 3_000_000
    with process.connect(f"POST {LARGE_PATH} HTTP/1.0\r\nContent-Length: {size}\r\n\r\n".encode()) as client:
        client.sendall(b"x" * size)
        answer = read_all(client)
    assert f"X-Length: {settings.CASE_BUNDLE_BYTES + FORM_BYTES + 1}".encode() in answer
    assert process.application.bodies == [0]


def test_more_of_them_at_once_than_one_process_takes_are_not_taken(process: Process, settings: Settings) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    head = f"POST {LARGE_PATH} HTTP/1.0\r\nContent-Length: 2000000\r\n\r\n".encode()
    with ExitStack() as clients:
        for _ in range(MOST_LARGE):
            clients.enter_context(process.connect(head + b"x")).sendall(b"x" * 100_000)
        with process.connect(head) as client:
            client.sendall(b"x" * 2_000_000)
            assert f"X-Length: {settings.CASE_BUNDLE_BYTES + FORM_BYTES + 1}".encode() in read_all(client)
    wait_until(lambda: not _FileBuffer.waiting)  # who has gone gives up the place
    with process.connect(head) as client:
        client.sendall(b"x" * 2_000_000)
        assert b"X-Length: 2000000" in read_all(client)
