"""Every few seconds: is each part there, and would the trail take an event? An outage is an incident, and its end is said."""

import time

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.journal import quick_trail
from operations import health
from operations.services import incidents
from operations.services.incidents import DATABASE, ENGINE, QUEUE, WORKER, Kind
from trail import probe

AWAITED = "worker-awaited"
PATIENCE = 60  # seconds for a worker to be heard of, after a start too


def engine() -> None:
    """OpenSearch: it answers, no shard is lost, and the index of this month is open to writing."""
    trouble = probe.trouble(quick_trail())
    if trouble:
        incidents.failed(Kind.OUTAGE, ENGINE, trouble)
    else:
        incidents.over(Kind.OUTAGE, ENGINE, "The trail takes events again.")


def queue() -> None:
    """Redis, and the worker that lives by it, of which nothing is known while Redis is down."""
    if not health.queue_answers():
        incidents.queue_failed()
        return
    incidents.over(Kind.OUTAGE, QUEUE, "Redis answers again.")
    try:
        _worker()
    except RedisError:  # gone between two questions; the next look says so
        return


def database() -> None:
    """That it answers is all that is asked: whoever met it silent has said so."""
    incidents.over(Kind.OUTAGE, DATABASE, "The database answers again.")


def _worker() -> None:
    beat = cache.get(health.HEARTBEAT)
    if beat is not None and time.time() - float(beat) <= 2 * health.HEARTBEAT_SECONDS:
        cache.delete(AWAITED)
        incidents.over(Kind.OUTAGE, WORKER, "The background worker is heard of again.")
        return
    cache.add(AWAITED, time.time(), timeout=None)
    if time.time() - float(cache.get(AWAITED, time.time())) >= PATIENCE:
        incidents.failed(Kind.OUTAGE, WORKER, "The background worker has not been heard of for a minute; runs wait.")
