"""Probes the engine, the queue with its worker, and the database; the end of an outage is recorded here.

What does not answer raises, and operations.maintenance.keeper records it.
"""

import time

from django.conf import settings
from django.core.cache import cache

from core.connection import quick_trail
from operations.incidents import services as incidents
from operations.incidents.services import DATABASE, ENGINE, QUEUE, WORKER, IncidentKind
from operations.status import health
from trail.errors import WriteRefused
from trail.maintenance import probe

AWAITED = "worker-awaited"
RETRY = 20.0  # seconds between two tries to have the engine open what it gave up
_next_retry = float("-inf")  # by the monotonic clock
PATIENCE = 60  # seconds for a worker to be heard of, after a start too


class WorkerSilent(Exception):
    """The worker gives no sign of life though Redis answers."""


def probe_engine() -> None:
    """OpenSearch: it answers, no shard is lost, and the index of this month is open to writing.

    Raises TrailUnavailable, WriteRefused.
    """
    if trouble := probe.find_trouble(quick_trail()):
        _retry_failed_shards()
        raise WriteRefused(trouble)
    incidents.record_recovery(IncidentKind.OUTAGE, ENGINE, "The trail takes events again.")


def _retry_failed_shards() -> None:
    """Of the own engine; another one has an admin, and the right to do this is not the console's."""
    global _next_retry
    if settings.OWN_ENGINE and time.monotonic() >= _next_retry:
        _next_retry = time.monotonic() + RETRY
        probe.retry_failed_shards(quick_trail())


def probe_queue() -> None:
    """Redis, and the worker that lives by it, of which nothing is known while Redis is down. Raises RedisError, WorkerSilent."""
    health.ask_queue()
    incidents.record_recovery(IncidentKind.OUTAGE, QUEUE, "Redis answers again.")
    _probe_worker()


def probe_database() -> None:
    """That it answers is all that is asked: whoever met it silent has said so."""
    incidents.record_recovery(IncidentKind.OUTAGE, DATABASE, "The database answers again.")


def _probe_worker() -> None:
    if not health.is_worker_silent(health.read_heartbeat()):
        cache.delete(AWAITED)
        incidents.record_recovery(IncidentKind.OUTAGE, WORKER, "The background worker is heard of again.")
        return
    cache.add(AWAITED, time.time(), timeout=None)
    if time.time() - float(cache.get(AWAITED, time.time())) >= PATIENCE:
        raise WorkerSilent("The background worker has not been heard of for a minute; runs wait.")
