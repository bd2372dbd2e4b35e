"""Ending a search that is under way, and seeing how far it is: one's own alone."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import User
from investigations.questions import progress
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.search import execute

KEY = "0123456789abcdef"
SLOW = "double x = 0; for (int i = 0; i < 300000; ++i) { x += Math.sin(i); } return Math.abs(x);"


@pytest.fixture
def slow(trail: Trail, alice: User) -> Iterator[list[str]]:
    """A search of alice's page that takes its time, and how it ended."""
    write(trail, *(use("t", at=f"2026-{month:02d}-01T00:00:00Z") for month in range(1, 10) for _ in range(20)))
    ended: list[str] = []
    query = {"script_score": {"query": {"match_all": {}}, "script": {"source": SLOW}}}

    def ask() -> None:
        try:
            execute.ask(trail, {"query": query, "size": 1}, opaque_id=progress.name_task(alice, KEY))
            ended.append("whole")
        except TrailUnavailable as error:
            ended.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    yield ended
    thread.join(60)


def test_one_sees_and_ends_ones_own_search_and_nobody_elses(
    client: Client, alice: User, charlie: User, slow: list[str]
) -> None:
    client.force_login(alice)
    until = time.monotonic() + 30
    while not (seen := client.get("/search/progress/", {"key": KEY}).json())["parts"] and time.monotonic() < until:
        pass
    assert seen["running"]
    assert 0 < seen["parts"] <= seen["of"] == 9
    assert set(seen["months"]) <= {f"2026.{month:02d}" for month in range(1, 10)}
    client.force_login(charlie)
    nothing = {"months": [], "parts": 0, "of": 9, "running": False}
    assert client.get("/search/progress/", {"key": KEY}).json() == nothing
    assert client.post("/search/cancel/", {"key": KEY}).json() == {"ended": 0}
    client.force_login(alice)
    assert client.post("/search/cancel/", {"key": KEY}).json() == {"ended": 1}
    while client.get("/search/progress/", {"key": KEY}).json()["running"] and time.monotonic() < until:
        pass
    assert client.post("/search/cancel/", {"key": KEY}).json() == {"ended": 0}
    while not slow and time.monotonic() < until:
        time.sleep(0.01)
    assert "cancelled" in slow[0]


def test_a_comparison_and_a_list_are_under_ones_own_name_too(client: Client, alice: User, names: list[str]) -> None:
    client.force_login(alice)
    client.get("/compare/?a.q=user.id:ann&b.q=user.id:bob", headers={"X-Search-Key": KEY})
    assert names.count(progress.name_task(alice, KEY) or "") == 1
    client.post("/indicators/", {"indicators": "ann"}, headers={"X-Search-Key": KEY})
    assert names.count(progress.name_task(alice, KEY) or "") == 2


@pytest.mark.parametrize("key", ["", "*", "short", "x" * 41, "page-1-0123456789abcdef"])
def test_a_key_that_is_none_names_no_search(client: Client, alice: User, trail: Trail, key: str) -> None:
    client.force_login(alice)
    assert client.post("/search/cancel/", {"key": key}).json() == {"ended": 0}
    assert not client.get("/search/progress/", {"key": key}).json()["running"]


def test_a_trail_that_is_down_is_said_to_be_so(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    for answer in (client.post("/search/cancel/", {"key": KEY}), client.get("/search/progress/", {"key": KEY})):
        assert answer.status_code == 503
        assert answer.json()["problem"]


def test_anonymous_goes_to_sign_in_and_only_the_right_method_is_answered(client: Client, db: None, alice: User) -> None:
    assert at_sign_in(client.post("/search/cancel/", {"key": KEY}))
    client.force_login(alice)
    assert client.get("/search/cancel/").status_code == 405
    assert client.post("/search/progress/").status_code == 405
