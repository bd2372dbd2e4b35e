"""Whoever starts the console asks whether it lives and whether it can serve; a stranger learns no more, and loads no part by asking."""

from threading import Event, Thread

import pytest
from django.test import Client
from pytest_django import Settings

from operations.status.readiness import Readiness, check_needed_parts
from trail.connection import Trail

NOBODY = "127.0.0.1:1"


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.status.views.readiness", Readiness(check_needed_parts))


def test_a_process_that_lives_says_so_without_any_part(client: Client) -> None:
    # Without `db`: a query would be an error.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (
        200,
        b"ok\n",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert not answer.cookies


def test_with_every_part_it_is_ready_for_anybody(client: Client, trail: Trail, db: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "parts": {"opensearch": "up", "redis": "up", "database": "up"}},
    )


def test_a_part_that_is_down_is_named_and_nothing_else_is(
    client: Client, trail: Trail, db: None, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = f"http://{NOBODY}"
    settings.REDIS_URL = f"redis://user:secret@{NOBODY}/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "parts": {"opensearch": "down", "redis": "down", "database": "up"}},
    )


def test_however_many_ask_the_parts_are_asked_once_a_second() -> None:
    asked, now = [], [0.0]

    def check() -> dict[str, bool]:
        asked.append(now[0])
        return {"database": True}

    probe = Readiness(check, clock=lambda: now[0])
    for now[0] in (0.0, 0.5, 0.9, 1.0, 1.9, 2.0):
        assert probe.read() == {"database": True}
    assert asked == [0.0, 1.0, 2.0]


def test_a_part_that_hangs_holds_up_one_who_asks_and_no_other() -> None:
    hangs, goes_on = Event(), Event()

    def check() -> dict[str, bool]:
        hangs.set()
        assert goes_on.wait(60)
        return {"database": True}

    probe = Readiness(check)
    first = Thread(target=probe.read)
    first.start()
    assert hangs.wait(60)
    assert probe.read() == {}  # not known yet, which is not ready
    goes_on.set()
    first.join()
    assert probe.read() == {"database": True}


def test_both_are_only_read(client: Client, db: None) -> None:
    assert [client.post(path).status_code for path in ("/healthz", "/readyz")] == [405, 405]
