"""The numbers that every page shows: read in one step, kept for some seconds, and counted where Redis is down."""

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisIsDown

from investigations.page_counts import PageCounts

pytestmark = pytest.mark.usefixtures("db")


def test_a_number_is_counted_once_and_then_read_with_the_others_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PageCounts("findings", "notices").read("findings", lambda: 3, seconds=60) == 3
    steps: list[list[str]] = []
    read = cache.get_many
    monkeypatch.setattr(cache, "get_many", lambda names: steps.append(list(names)) or read(names))
    counts = PageCounts("findings", "notices")
    assert counts.read("findings", lambda: 9, seconds=60) == 3
    assert counts.read("notices", lambda: 0, seconds=60) == 0
    assert (steps, cache.get("notices")) == ([["findings", "notices"]], 0)


def test_without_redis_it_is_counted_each_time_and_said_that_nothing_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RedisIsDown

    monkeypatch.setattr(cache, "get_many", fail)
    monkeypatch.setattr(cache, "set", fail)
    assert not PageCounts("findings").answered
    assert [PageCounts("findings").read("findings", lambda number=number: number, seconds=60) for number in (3, 4)] == [
        3,
        4,
    ]
