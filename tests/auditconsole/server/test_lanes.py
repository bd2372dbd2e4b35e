"""However many slow pages are asked for, signing in, health and writers are answered."""

from contextlib import ExitStack

import pytest
from django.urls import reverse

from auditconsole.server.lanes import Lanes
from tests.auditconsole.server.conftest import Process, wait_until


def test_slow_pages_leave_threads_for_signing_in_and_for_writers(process: Process) -> None:
    with ExitStack() as clients:
        for _ in range(8):
            clients.enter_context(process.connect(b"GET /slow HTTP/1.0\r\n\r\n"))
        wait_until(lambda: process.application.asked == ["/slow", "/slow"])
        for path in ("/accounts/login/", "/static/site.css", "/api/v1/events", "/search/cancel/", "/healthz"):
            assert process.ask(path).endswith(b"hello")


def test_however_many_read_the_log_pages_are_answered(process: Process) -> None:
    with ExitStack() as clients:
        for _ in range(8):
            clients.enter_context(process.connect(b"GET /log/tile/slow HTTP/1.0\r\n\r\n"))
        wait_until(lambda: process.application.asked == ["/log/tile/slow", "/log/tile/slow"])
        for path in ("/accounts/login/", "/search/", "/log/", "/api/v1/events", "/healthz"):
            assert process.ask(path).endswith(b"hello")


def test_a_request_whose_client_has_gone_before_its_turn_is_not_answered(process: Process) -> None:
    with ExitStack() as clients:
        for _ in range(2):
            clients.enter_context(process.connect(b"GET /slow HTTP/1.0\r\n\r\n"))
        wait_until(lambda: len(process.application.asked) == 2)
        waiting = process.connect(b"GET /abandoned HTTP/1.0\r\n\r\n")
        wait_until(lambda: process.server.task_dispatcher.pages.queue)
        waiting.close()
        wait_until(lambda: len(process.server.active_channels) == 2)
        process.application.let_go.set()
    assert process.ask("/next").endswith(b"hello")
    assert process.application.asked == ["/slow", "/slow", "/next"]


@pytest.mark.parametrize(
    "name", ["account_login", "account_logout", "healthz", "readyz", "search_progress", "search_cancel"]
)
def test_what_must_be_answered_at_once_has_threads_of_its_own(name: str) -> None:
    lanes = Lanes()
    try:
        assert lanes.choose(reverse(name)) is lanes.quick
    finally:
        lanes.shutdown()


@pytest.mark.parametrize("name", ["ingest_events", "ingest_bulk", "ingest_version", "ingest_health"])
def test_writers_have_threads_of_their_own(name: str) -> None:
    lanes = Lanes()
    try:
        assert lanes.choose(reverse(name)) is lanes.ingest
        assert lanes.choose(reverse("search")) is lanes.choose(reverse("api_document")) is lanes.pages
    finally:
        lanes.shutdown()
