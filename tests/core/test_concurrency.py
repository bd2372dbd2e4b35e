"""So much may be under way at once and no more, over all processes, and while Redis is down in each of them."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis
from django.conf import settings as django_settings
from pytest_django import Settings

from core import concurrency
from core.concurrency import count_others, hold_place, note_active
from core.errors import Busy
from tests.support.concurrency import at_once

FULL = Busy("Full.")


@pytest.fixture
def queue(redis_url: str, settings: Settings) -> Iterator["redis.Redis"]:
    settings.REDIS_URL = redis_url
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def no_queue(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(concurrency, "_redis_silent_until", 0.0)


@pytest.fixture(params=["queue", "no_queue"])
def _with_and_without_redis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "_redis_silent_until", 0.0)
    request.getfixturevalue(request.param)


@pytest.mark.usefixtures("_with_and_without_redis")
def test_as_many_places_as_there_are_can_be_held_and_one_that_is_given_back_is_free() -> None:
    with ExitStack() as held:
        held.enter_context(hold_place("alice", 2, refusal=FULL))
        with (
            hold_place("alice", 2, refusal=FULL),
            pytest.raises(Busy, match="Full"),
            hold_place("alice", 2, refusal=FULL),
        ):
            pass
        held.enter_context(hold_place("alice", 2, refusal=FULL))
        held.enter_context(hold_place("bob", 1, refusal=FULL))


@pytest.mark.usefixtures("_with_and_without_redis")
def test_of_many_who_ask_at_the_same_time_only_so_many_get_in() -> None:
    ending, inside, refused = threading.Event(), [], []

    def ask() -> None:
        try:
            with hold_place("costly", 3, refusal=FULL):
                inside.append(1)
                assert ending.wait(60)
        except Busy:
            refused.append(1)
            if len(refused) == 7:
                ending.set()

    at_once(*[ask] * 10)
    assert (len(inside), len(refused)) == (3, 7)


@pytest.mark.usefixtures("_with_and_without_redis")
def test_who_waits_gets_the_place_that_becomes_free() -> None:
    entered = threading.Event()

    def wait() -> None:
        with hold_place("costly", 1, refusal=FULL, wait=60):
            entered.set()

    with hold_place("costly", 1, refusal=FULL):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not entered.wait(0.2)
    waiting.join(60)
    assert entered.is_set()


def test_a_place_is_given_back_when_what_held_it_fails(queue: "redis.Redis") -> None:
    with pytest.raises(ValueError, match="broken"), hold_place("alice", 1, refusal=FULL):
        raise ValueError("broken")
    with hold_place("alice", 1, refusal=FULL):
        pass


def test_a_place_that_rests_stays_taken_for_a_time_that_follows_how_long_it_was_held(queue: "redis.Redis") -> None:
    with hold_place("costly:alice", 1, refusal=FULL, rest=lambda held: held + 60):
        pass
    with pytest.raises(Busy), hold_place("costly:alice", 1, refusal=FULL):
        pass
    (ends_at,) = (score for _, score in queue.zrange("under-way:costly:alice", 0, -1, withscores=True))
    assert 0 < ends_at - queue.time()[0] < concurrency.LEASE


def test_who_was_there_a_while_ago_is_nobody_else_now(queue: "redis.Redis") -> None:
    assert [count_others("asking", name) for name in ("alice", "alice", "bob", "alice")] == [0, 0, 1, 1]
    queue.zadd("under-way:active:asking", {"bob": queue.time()[0] - concurrency.ACTIVE - 1})
    assert count_others("asking", "alice") == 0


def test_who_asks_often_is_noted_once_in_some_seconds(queue: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "_noted", {})
    for name in ("alice", "alice", "bob"):
        note_active("asking", name)
        queue.zrem("under-way:active:asking", "alice")
    assert count_others("asking", "charlie") == 1
    monkeypatch.setattr(concurrency, "NOTED_EVERY", 0)
    note_active("asking", "alice")
    assert count_others("asking", "charlie") == 2


def test_the_place_of_a_process_that_was_killed_becomes_free_after_its_lease(
    queue: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.zadd("under-way:alice", {"of a killed process": 1.0})
    with hold_place("alice", 1, refusal=FULL):
        assert queue.zcard("under-way:alice") == 1
        assert 0 < queue.ttl("under-way:alice") <= concurrency.LEASE


def test_while_redis_is_down_it_is_not_asked_for_every_place(no_queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []
    connect = concurrency._connect
    monkeypatch.setattr(concurrency, "_connect", lambda url: connected.append(url) or connect(url))
    for _ in range(5):
        with hold_place("alice", 1, refusal=FULL):
            pass
    assert connected == [django_settings.REDIS_URL]
