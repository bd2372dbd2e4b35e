"""Notes in Redis who looks at something now, and tells who else does."""

import time

import redis

from core.concurrency import connect_redis

# Seconds after which who does not ask any more has left.
PRESENT = 8
_KEY = "present:"


def note_present(subject: str, name: str) -> list[str]:
    """Note that somebody looks at it now; the names of the others who do, in order. Nobody while Redis does not answer."""
    key, now = _KEY + subject, time.time()
    try:
        with connect_redis().pipeline() as pipeline:
            pipeline.zremrangebyscore(key, "-inf", now - PRESENT)
            pipeline.zadd(key, {name: now})
            pipeline.expire(key, PRESENT)
            pipeline.zrange(key, 0, -1)
            members = pipeline.execute()[-1]
    except redis.RedisError:
        return []
    return sorted(member.decode() for member in members if member.decode() != name)
