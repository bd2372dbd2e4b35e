"""Who looks at something now."""

import pytest
from pytest_django import Settings

from core import presence
from core.presence import note_present


@pytest.fixture(autouse=True)
def _with_redis(redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = redis_url


def test_each_sees_the_others_in_order_and_not_themselves() -> None:
    assert [note_present("case", name) for name in ("Rae", "Bob", "Alice", "Rae")] == [
        [],
        ["Rae"],
        ["Bob", "Rae"],
        ["Alice", "Bob"],
    ]
    assert note_present("another case", "Alice") == []


def test_who_asks_no_more_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    note_present("left", "Rae")
    now = presence.time.time()
    monkeypatch.setattr(presence.time, "time", lambda: now + presence.PRESENT + 1)
    assert note_present("left", "Alice") == []


def test_nobody_is_there_while_redis_does_not_answer(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert note_present("case", "Alice") == []
