"""Celery and the Redis client are told of the same server and the same database."""

import pytest

from auditconsole.broker import build_broker_url


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://:secret@queue.example:6379/3", "redis://:secret@queue.example:6379/3"),
        ("rediss://queue.example/0", "rediss://queue.example/0"),
        ("unix:///var/console/redis/socket?db=2", "redis+socket:///var/console/redis/socket?virtual_host=2"),
        ("unix:///with%20blank/socket", "redis+socket:///with%20blank/socket?virtual_host=0"),
        ("unix://user:secret@/socket?db=1", "redis+socket://user:secret@/socket?virtual_host=1"),
    ],
)
def test_the_queue_is_where_the_cache_is(redis_url: str, broker_url: str) -> None:
    assert build_broker_url(redis_url) == broker_url
