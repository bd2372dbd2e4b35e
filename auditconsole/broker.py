"""Spells the address of the queue as Celery does: a socket is `unix://` to the Redis client and `redis+socket://` to Celery."""

from urllib.parse import parse_qs, urlsplit


def build_broker_url(redis_url: str) -> str:
    """The same server and database for Celery."""
    where = urlsplit(redis_url)
    if where.scheme != "unix":
        return redis_url
    (database,) = parse_qs(where.query).get("db", ["0"])
    return f"redis+socket://{where.netloc}{where.path}?virtual_host={database}"
