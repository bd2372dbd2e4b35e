"""What is in the cache is a value: what a foreign client puts there is never run, and what the console puts there comes back."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st

from auditconsole.json_cache import JSONSerializer
from tests.support.foreign_pickle import pickle_that_makes

TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda within: st.lists(within, max_size=3) | st.dictionaries(TEXT, within, max_size=3),
    max_leaves=10,
)


@dataclass
class Answer:
    events: int


def test_a_pickle_that_a_foreign_client_put_into_the_cache_is_not_run(db: None, redis_url: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with redis.Redis.from_url(redis_url) as foreign:
        foreign.set(cache.make_key("worker-heartbeat"), pickle_that_makes(made))
    with pytest.raises(orjson.JSONDecodeError):
        cache.get("worker-heartbeat")
    assert not made.exists()


@given(value=JSON)
def test_what_json_has_comes_back_as_it_was(value: Any) -> None:
    assert JSONSerializer().loads(JSONSerializer().dumps(value)) == value


@pytest.mark.parametrize("value", [Answer(1), datetime(2026, 11, 1), {1}, b"bytes"])
def test_what_json_does_not_have_is_refused_and_not_changed(value: object) -> None:
    with pytest.raises(orjson.JSONEncodeError):
        JSONSerializer().dumps(value)


def test_a_number_can_be_counted_up(db: None) -> None:
    cache.set("count", 1)
    assert (cache.incr("count"), cache.get("count")) == (2, 2)
