"""Asks each part whether it is there, with short time limits, and answers in words."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Event as Signal

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from core import access_spool
from core.connection import quick_trail
from operations.models import Checkpoint
from operations.sealing.intervals import is_keeper_silent
from trail.connection import read_engine_status
from trail.errors import TrailError
from trail.first_seen import coverage
from trail.maintenance.shards import count_shards
from trail.mapping import VERSION, read_installed_version

HEARTBEAT_SECONDS = 30
QUEUE_PATIENCE = 2.0  # seconds that Redis has for an answer
LATE_DELIVERY = 15.0  # seconds without a delivery after which what waits is worth a word
POLL = 0.2  # seconds between two questions of who waits


@dataclass(frozen=True, slots=True)
class PartState:
    """One part of the console: `state` is up, warning or down; `detail` says what to do when it is not up."""

    name: str
    state: str
    detail: str


def check_parts() -> dict[str, PartState]:
    """Every part with its state, by a short name that stays (collectors of metrics know it); never raises."""
    return {
        "opensearch": _check_search(),
        "redis": _check_queue(),
        "worker": _check_worker(),
        "keeper": _check_keeper(),
        "firsts": _check_first_seen(),  # the name that collectors have stored
        "access_records": _check_access_records(),
        "database": _check_database(),
    }


def _check_search() -> PartState:
    name = "OpenSearch, the trail"
    quick = quick_trail()
    try:
        health = quick.client.cluster.health()
        version = read_installed_version(quick)
        count = count_shards(quick)
    except Exception as error:  # noqa: BLE001  whatever it is, this page must say it
        return PartState(
            name,
            "down",
            f"does not answer at {settings.OPENSEARCH_URL} ({type(error).__name__}); "
            "searches and pins are refused until it does",
        )
    if version != VERSION:
        return PartState(name, "warning", "has no index template of this version; run manage.py install_trail")
    if health["status"] == "red":
        return PartState(name, "down", "has lost a shard: answers would be partial, so they are refused")
    if count.is_nearly_full:
        return PartState(
            name, "warning", f"has {count}; at that number no new month can be opened: run manage.py check_trail"
        )
    return PartState(name, "up", f"{health['number_of_nodes']} node, {count}, {health['status']}")


def is_search_ready() -> bool:
    """Whether OpenSearch is ready to search what it holds."""
    return read_engine_status(quick_trail()) in ("green", "yellow")


def wait_until(seconds: float, ask: Callable[[], bool], stop: Signal | None = None) -> bool:
    """Whether it comes to be so in that time; asked again and again, and not any more once `stop` is set."""
    stop = stop or Signal()
    until = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > until or stop.wait(POLL):
            return False
    return True


def is_database_ready() -> bool:
    """Whether the database answers and has the tables of this version."""
    try:
        plan = MigrationExecutor(connection)
        return not plan.migration_plan(plan.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def is_database_up() -> bool:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def is_queue_up() -> bool:
    """Whether Redis answers."""
    try:
        ask_queue()
    except redis.RedisError:
        return False
    return True


def ask_queue() -> None:
    """Ask Redis for a sign of life. Raises RedisError."""
    patience = QUEUE_PATIENCE
    redis.Redis.from_url(settings.REDIS_URL, socket_timeout=patience, socket_connect_timeout=patience).ping()


def _check_queue() -> PartState:
    try:
        ask_queue()
    except redis.RedisError as error:
        return PartState("Redis, the queue", "down", f"does not answer ({type(error).__name__}); background runs wait")
    return PartState("Redis, the queue", "up", "answers")


def _check_worker() -> PartState:
    name = "Background worker"
    try:
        beat = read_heartbeat()
    except redis.RedisError:
        return PartState(name, "warning", "cannot be asked while Redis is down")
    if is_worker_silent(beat):
        return PartState(name, "down", "has not been heard of for a minute; runs stay queued and start when it is back")
    return PartState(name, "up", "at work")


def _check_keeper() -> PartState:
    """It signs the log's size at least once a minute, so that its last signature is its sign of life."""
    name = "Keeper of the trail"
    try:
        newest = Checkpoint.objects.first()
    except DatabaseError:
        return PartState(name, "warning", "cannot be asked while the database is down")
    if newest is None:
        return PartState(name, "down", "has signed nothing yet; events are sealed once manage.py keep_trail runs")
    now = timezone.now()
    if is_keeper_silent(newest.at, now):
        minutes = (now - newest.at).total_seconds() / 60
        return PartState(name, "down", f"has signed nothing for {minutes:,.0f} minutes; events wait for their seal")
    return PartState(name, "up", f"{newest.size:,} events sealed, signed within the last minutes")


def _check_first_seen() -> PartState:
    """A process beside the keeper finds it, a little after it arrives, and says every ten seconds how far it is, though nothing
    arrives: that is its sign of life."""
    name = "First seen"
    try:
        covered = coverage.read_coverage(quick_trail())
    except TrailError:
        return PartState(name, "warning", "cannot be asked while the trail is down")
    if covered.until is None:
        return PartState(
            name,
            "warning",
            "is not known yet; it will be once manage.py keep_first_seen has read the whole trail "
            f"({covered.waiting:,} events wait)",
        )
    if covered.is_late(timezone.now()):
        return PartState(
            name,
            "warning",
            f"is known among what arrived until {covered.until[:19]}Z; {covered.waiting:,} "
            "events wait for manage.py keep_first_seen",
        )
    return PartState(name, "up", "is known of users, tokens, addresses, clients and services among all that arrived")


def _check_access_records() -> PartState:
    """Who signs in and what is looked at waits on disk for the keeper: a second or so, or as long as the trail is down."""
    name = "Access records"
    waiting = access_spool.count_waiting()
    if waiting == 0 or access_spool.was_delivered_within(LATE_DELIVERY):
        return PartState(name, "up", "are delivered to the trail as they come")
    return PartState(
        name,
        "warning",
        f"{waiting:,} of who signed in and what was looked at wait on this machine's disk; manage.py keep_trail delivers them "
        "once the trail answers",
    )


def _check_database() -> PartState:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return PartState("Database", "down", f"does not answer ({type(error).__name__})")
    return PartState("Database", "up", connection.vendor)


def is_worker_silent(heartbeat: float | None) -> bool:
    """Whether the worker whose last sign of life this is, in seconds since 1970, should have given another by now."""
    return heartbeat is None or time.time() - float(heartbeat) > 2 * HEARTBEAT_SECONDS


def record_heartbeat(now: Callable[[], float] = time.time, *, queues: Collection[str] = ()) -> None:
    """The sign of life of a worker that serves these queues; of all where none are named."""
    cache.set_many(dict.fromkeys(map(_name_heartbeat, queues or settings.QUEUES), now()), timeout=600)


def read_heartbeat() -> float | None:
    """The last sign of life, in seconds since 1970, of the queue that has been without one longest; None where it had none."""
    names = [_name_heartbeat(queue) for queue in settings.QUEUES]
    beats = cache.get_many(names)
    return min(map(float, beats.values())) if len(beats) == len(names) else None


def _name_heartbeat(queue: str) -> str:
    return f"worker-heartbeat:{queue}"
