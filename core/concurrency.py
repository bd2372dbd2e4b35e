"""Bounds how much is under way at once under a name, over all processes of the console, and answers what is refused.

Places are counted in Redis, so that one bound holds for all processes; while it does not answer each counts for itself.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Lock

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import Busy
from core.htmx import is_partial
from core.responses import is_for_program, respond_in_json

# Seconds after which a place is free again though nobody gave it back: its process was killed.
LEASE = 180
PATIENCE = 1.0  # seconds that Redis may take
ACTIVE = 15  # seconds after which who asked is no longer there
NOTED_EVERY = 5.0  # seconds for which a process does not say again who is there
RETRY_REDIS = 5.0  # seconds for which a process counts for itself after Redis did not answer
STEP = 0.1  # seconds between two looks for a free place
_KEY = "under-way:"

# One step for all who ask, by Redis's own clock: what has ended its lease is dropped, then there is a place or not.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""

# A place stays taken for so many seconds more.
_REST = """
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', tonumber(time[1]) + tonumber(time[2]) / 1000000 + tonumber(ARGV[1]), ARGV[2])
"""

# Who was there within the last seconds, and how many others.
_NOTE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('ZCARD', KEYS[1]) - 1
"""


class _LocalPlaces:
    """Counts the places of this process alone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    def take(self, name: str, most: int) -> bool:
        """Take a place, if one of `most` is free."""
        with self._lock:
            if self._taken[name] >= most:
                return False
            self._taken[name] += 1
            return True

    def give_back(self, name: str) -> None:
        """Give a place back."""
        with self._lock:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]


_local = _LocalPlaces()
_noted: dict[tuple[str, str], float] = {}  # by group and member, as many as there are people
_redis_silent_until = 0.0  # by the monotonic clock


def connect_redis() -> "redis.Redis":
    """The console's Redis; each call of it may raise redis.RedisError, after PATIENCE seconds at the latest."""
    return _connect(settings.REDIS_URL)


@cache
def _connect(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)


def _run_script(script: str, key: str, *arguments: object) -> int | None:
    """What a script of Redis answers; None while Redis does not."""
    global _redis_silent_until
    if time.monotonic() < _redis_silent_until:
        return None
    try:
        return int(connect_redis().eval(script, 1, _KEY + key, *map(str, arguments)) or 0)
    except redis.RedisError:
        _redis_silent_until = time.monotonic() + RETRY_REDIS
        return None


def _take(name: str, most: int) -> Callable[[float], object] | None:
    """What gives the place back after so many seconds of rest (a process by itself knows none); None where no place is free."""
    place = uuid.uuid4().hex
    taken = _run_script(_TAKE, name, most, LEASE, place)
    if taken is None:
        return (lambda _rest: _local.give_back(name)) if _local.take(name, most) else None
    if not taken:
        return None
    return lambda rest: _give_back(name, place, rest)


def _give_back(name: str, place: str, rest: float) -> None:
    """Let Redis have a place again; while it does not answer its lease ends by itself."""
    with suppress(redis.RedisError):
        if rest:
            _run_script(_REST, name, rest, place)
        else:
            connect_redis().zrem(_KEY + name, place)


def note_active(group: str, member: str) -> None:
    """Note that a member of a group is there now; a process says it once in NOTED_EVERY seconds."""
    now = time.monotonic()
    if now - _noted.get((group, member), -NOTED_EVERY) >= NOTED_EVERY:
        _noted[group, member] = now
        count_others(group, member)


def count_others(group: str, member: str) -> int:
    """How many others of a group were there within the last ACTIVE seconds, as far as Redis tells; the member is now."""
    return _run_script(_NOTE, f"active:{group}", ACTIVE, member) or 0


@contextmanager
def hold_place(
    name: str, most: int, *, refusal: Busy, wait: float = 0.0, rest: Callable[[float], float] = lambda _seconds: 0.0
) -> Iterator[None]:
    """Hold one of `most` places under a name while the block lasts, after at most `wait` seconds.

    `rest` says of the seconds that the place was held for how many more it stays taken. Raises `refusal` where none
    becomes free in time.
    """
    until = time.monotonic() + wait
    while (give_back := _take(name, most)) is None:
        if time.monotonic() >= until:
            raise refusal
        time.sleep(STEP)
    since = time.monotonic()
    try:
        yield
    finally:
        give_back(rest(time.monotonic() - since))


class BusyMiddleware:
    """Answers with 429 where a view did not answer for it that too much is under way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 429 and "Retry-After" not in response:
            response["Retry-After"] = str(Busy.RETRY_SECONDS)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """429 as a page, for htmx as an alert at the top of the page, so that what was typed stays, for a program in JSON."""
        if not isinstance(error, Busy):
            return None
        if is_for_program(request):
            return respond_in_json(error.sentence, 429)
        if not is_partial(request):
            return render(request, "429.html", {"sentence": error.sentence}, status=429)
        response = render(request, "components/_alert.html", {"kind": "error", "text": error.sentence}, status=429)
        response["HX-Retarget"], response["HX-Reswap"] = "#alerts", "innerHTML"
        return response
