"""A request is bounded in its first line, its headers and its body, and what is refused is said."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from pytest_django import Settings

from auditconsole.server import requests
from auditconsole.server.requests import FORM_BYTES, LARGE_PATH, MOST_LARGE, _FileBuffer
from investigations.search_url import MAX_REQUEST_LINE
from tests.auditconsole.server.conftest import Process, read_all, wait_until


@pytest.fixture(autouse=True)
def no_body_is_left(process: Process) -> Iterator[None]:
    """Who has gone gives up the file before the server ends."""
    yield
    wait_until(lambda: not _FileBuffer.waiting)


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
    with ExitStack() as clients:
        for number in range(MOST_LARGE):
            begin_large(process, clients, source=f"127.0.0.{number + 2}")
        assert_not_taken(process, settings)
    wait_until(lambda: not _FileBuffer.waiting)  # who has gone gives up the place
    assert b"X-Length: 2000000" in send_large(process)


def test_one_address_has_one_place_for_them_and_a_trusted_proxy_all(process: Process, settings: Settings) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    with ExitStack() as clients:
        begin_large(process, clients, source="127.0.0.2")
        assert_not_taken(process, settings, source="127.0.0.2")
        assert b"X-Length: 2000000" in send_large(process, source="127.0.0.3")
        settings.TRUSTED_PROXIES = ["127.0.0.2"]
        assert b"X-Length: 2000000" in send_large(process, source="127.0.0.2")


def test_what_the_others_still_bring_is_counted_as_taken(process: Process, settings: Settings) -> None:
    settings.INGEST_BODY_BYTES = 1_000_000
    settings.ATTACHMENTS_DISK_RESERVE = shutil.disk_usage(settings.STATE_DIR).free - 1_000_000_000
    with ExitStack() as clients:
        begin_large(process, clients, source="127.0.0.2", size=999_000_000)
        assert_not_taken(process, settings)


def test_a_disk_that_fills_up_meanwhile_ends_one_body_with_a_sentence_and_no_process(
    process: Process, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    monkeypatch.setattr(requests, "open_unnamed_file", partial(open, "/dev/full", "r+b"))
    assert_not_taken(process, settings)
    with ExitStack() as clients:  # one that goes away in the middle
        begin_large(process, clients, first=100)
    wait_until(lambda: not _FileBuffer.waiting)
    assert process.ask("/").endswith(b"hello")


def test_the_reserve_of_the_disk_is_kept_while_they_come(
    process: Process, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    monkeypatch.setattr(requests, "LOOK_EVERY", 500_000)
    with ExitStack() as clients:
        client = begin_large(process, clients)
        settings.ATTACHMENTS_DISK_RESERVE = 1 << 60
        client.sendall(b"x" * 1_899_999)
        assert names_too_much(read_all(client), settings)


def test_one_that_comes_slowly_gives_up_its_place(process: Process, settings: Settings) -> None:
    settings.INGEST_BODY_BYTES, settings.ATTACHMENTS_DISK_RESERVE = 1_000_000, 0
    settings.WEB_SLOW_SECONDS = 1
    with ExitStack() as clients:
        begin_large(process, clients)
        wait_until(lambda: not _FileBuffer.waiting)


def begin_large(
    process: Process, clients: ExitStack, source: str = "127.0.0.1", size: int = 2_000_000, first: int = 100_001
) -> socket.socket:
    """Send the head of a case bundle and its first bytes, which are waited for."""
    count = len(_FileBuffer.waiting)
    head = f"POST {LARGE_PATH} HTTP/1.0\r\nContent-Length: {size}\r\n\r\n".encode()
    client = clients.enter_context(process.connect(head + b"x" * first, source))
    wait_until(lambda: len(_FileBuffer.waiting) == count + 1)
    return client


def send_large(process: Process, source: str = "127.0.0.1") -> bytes:
    """Send a whole one; the answer."""
    head = f"POST {LARGE_PATH} HTTP/1.0\r\nContent-Length: 2000000\r\n\r\n".encode()
    with process.connect(head, source) as client:
        client.sendall(b"x" * 2_000_000)
        return read_all(client)


def assert_not_taken(process: Process, settings: Settings, source: str = "127.0.0.1") -> None:
    assert names_too_much(send_large(process, source), settings)
    assert process.application.bodies[-1] == 0


def names_too_much(answer: bytes, settings: Settings) -> bool:
    """Whether the view was told of a length that it refuses with a sentence."""
    return f"X-Length: {settings.CASE_BUNDLE_BYTES + FORM_BYTES + 1}".encode() in answer
