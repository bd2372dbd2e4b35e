"""Is each part there? One question each, short time limits, an answer in words."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Signal

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.journal import quick_trail
from operations.models import Checkpoint
from trail import novelty
from trail.connection import engine_status
from trail.errors import TrailError
from trail.mapping import VERSION, installed_version

HEARTBEAT = "worker-heartbeat"
HEARTBEAT_SECONDS = 30
POLL = 0.2  # seconds between two questions of who waits
SIGNED_EVERY = 60  # seconds


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the console: `state` is up, warning or down; `detail` says what to do when it is not up."""

    name: str
    state: str
    detail: str


def parts() -> list[Part]:
    """Every part with its state; never raises."""
    return [_search(), _queue(), _worker(), _keeper(), _firsts(), _database()]


def _search() -> Part:
    name = "OpenSearch, the trail"
    quick = quick_trail()
    try:
        health = quick.client.cluster.health()
        version = installed_version(quick)
    except Exception as error:  # noqa: BLE001  whatever it is, this page must say it
        return Part(name, "down", f"does not answer at {settings.OPENSEARCH_URL} ({type(error).__name__}); "
                    "searches and pins are refused until it does")  # fmt: skip
    if version != VERSION:
        return Part(name, "warning", "has no index template of this version; run manage.py install_trail")
    if health["status"] == "red":
        return Part(name, "down", "has lost a shard: answers would be partial, so they are refused")
    return Part(name, "up", f"{health['number_of_nodes']} node, {health['active_shards']} shards, {health['status']}")


def search_answers() -> bool:
    """Whether OpenSearch is ready to search what it holds."""
    return engine_status(quick_trail()) in ("green", "yellow")


def within(seconds: float, ask: Callable[[], bool], stop: Signal | None = None) -> bool:
    """Whether it comes to be so in that time; asked again and again, and not any more once `stop` is set."""
    stop = stop or Signal()
    until = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > until or stop.wait(POLL):
            return False
    return True


def database_is_ready() -> bool:
    """Whether the database answers and has the tables of this version."""
    try:
        plan = MigrationExecutor(connection)
        return not plan.migration_plan(plan.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def queue_answers() -> bool:
    """Whether Redis answers."""
    try:
        return bool(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping())
    except redis.RedisError:
        return False


def _queue() -> Part:
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        return Part("Redis, the queue", "down", f"does not answer ({type(error).__name__}); background runs wait")
    return Part("Redis, the queue", "up", "answers")


def _worker() -> Part:
    name = "Background worker"
    try:
        beat = cache.get(HEARTBEAT)
    except redis.RedisError:
        return Part(name, "warning", "cannot be asked while Redis is down")
    if beat is None or time.time() - float(beat) > HEARTBEAT_SECONDS * 2:
        return Part(name, "down", "has not been heard of for a minute; runs stay queued and start when it is back")
    return Part(name, "up", "at work")


def _keeper() -> Part:
    """It signs the log's size at least once a minute, so that its last signature is its sign of life."""
    name = "Keeper of the trail"
    try:
        newest = Checkpoint.objects.first()
    except DatabaseError:
        return Part(name, "warning", "cannot be asked while the database is down")
    if newest is None:
        return Part(name, "down", "has signed nothing yet; events are sealed once manage.py keep_trail runs")
    silent = (timezone.now() - newest.at).total_seconds()
    if silent > SIGNED_EVERY * 2.5:
        return Part(name, "down", f"has signed nothing for {silent / 60:,.0f} minutes; events wait for their seal")
    return Part(name, "up", f"{newest.size:,} events sealed, signed within the last minutes")


def _firsts() -> Part:
    """Which events are firsts is found by the keeper too, a little after they arrive."""
    name = "Firsts"
    try:
        covered = novelty.covered(quick_trail())
    except TrailError:
        return Part(name, "warning", "cannot be asked while the trail is down")
    if covered.until is None:
        return Part(name, "warning", "are not known yet; they will be once manage.py keep_trail has read the whole trail "
                    f"({covered.waiting:,} events wait)")  # fmt: skip
    if covered.is_late(timezone.now()):
        return Part(name, "warning", f"are known among what arrived until {covered.until[:19]}Z; {covered.waiting:,} "
                    "events wait for manage.py keep_trail")  # fmt: skip
    return Part(name, "up", "of users, tokens, addresses, clients and services are known among all that arrived")


def _database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Part("Database", "down", f"does not answer ({type(error).__name__})")
    return Part("Database", "up", connection.vendor)


def beat(now: Callable[[], float] = time.time) -> None:
    """The worker's sign of life."""
    cache.set(HEARTBEAT, now(), timeout=600)
