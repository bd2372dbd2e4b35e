"""Connects to the engine: the only place that constructs an OpenSearch client, from arguments or OPENSEARCH_*."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import orjson
from opensearchpy import OpenSearch, Urllib3HttpConnection
from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import ConnectionTimeout, TransportError
from opensearchpy.serializer import JSONSerializer
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from trail.errors import TrailUnavailable


class FastSerializer(JSONSerializer):
    """JSON by orjson: the client's own `json` costs as much as the engine's answer on a long scan."""

    def loads(self, s: str | bytes) -> Any:
        """JSON as Python values. Raises orjson.JSONDecodeError."""
        return orjson.loads(s)

    def dumps(self, data: Any) -> Any:
        """Python values as JSON; text and bytes as they are."""
        if isinstance(data, (str, bytes)):
            return data  # a bulk body, serialised line by line already
        return orjson.dumps(data, default=self.default).decode()


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Raise TrailUnavailable for every error of the client. `what` begins its sentence: "The trail could not be read"."""
    try:
        yield
    except TransportError as error:
        raise TrailUnavailable(f"{what}: {error}.") from error


def is_time_out(error: BaseException) -> bool:
    """Whether an error says only that no answer came in time, which a busy machine can cause as well as a dead engine."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionTimeout):
            return True
        if isinstance(cause, EngineConnectionError):
            # The client's class for a connection that was refused is one of time-outs too.
            return isinstance(cause.info, ConnectTimeoutError) and not isinstance(cause.info, NewConnectionError)
        cause = cause.__cause__
    return False


NO_PIPELINE = "_none"  # what a request asks for so that an index's own pipeline, of searches or of writes, is left out

_answered_at: dict[str, float] = {}  # by the host's URL, by the monotonic clock


def read_last_answer(url: str) -> float:
    """When the engine there last answered this process anything, by the monotonic clock; -inf where it never did."""
    return _answered_at.get(url.rstrip("/"), float("-inf"))


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)  # by the monotonic clock


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give all requests of this thread together at most so many seconds; a later one ends as if the engine did not answer."""
    before = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(before)


_shards: ContextVar[int | None] = ContextVar("shards", default=None)


@contextmanager
def limit_shards(count: int) -> Iterator[None]:
    """Have the engine work at so many shards at a time for each request of this thread, so that others find it free."""
    before = _shards.set(count)
    try:
        yield
    finally:
        _shards.reset(before)


def read_shard_limit() -> int | None:
    """At how many shards at a time the engine may work for a request of this thread; None where it chooses itself."""
    return _shards.get()


class DeadlineOver(ConnectionTimeout):
    """The time that a thread's requests had together is over. It says nothing of the engine."""


class CompleteResponses(Urllib3HttpConnection):
    """A connection that keeps to the deadline, and refuses a response that was cut off among its headers.

    Python's `http.client` takes the end of the stream for the end of the headers, so that a body that never came
    would be an empty one. The engine always says how long its response is (RFC 9112, 6.3).
    """

    def perform_request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        """As the client's own. Raises DeadlineOver once the deadline is over."""
        if (until := _deadline.get()) is not None:
            left = until - time.monotonic()
            if left <= 0:
                raise DeadlineOver("TIMEOUT", "the time for this is over", None)
            options["timeout"] = min(options.get("timeout") or self.timeout, left)
        try:
            status, headers, body = super().perform_request(method, url, *args, **options)
        except TransportError as error:
            if isinstance(error.status_code, int):
                _answered_at[self.host] = time.monotonic()
            if until is not None and isinstance(error, ConnectionTimeout) and time.monotonic() >= until:
                raise DeadlineOver("TIMEOUT", "the time for this is over", error) from error
            raise
        _answered_at[self.host] = time.monotonic()
        if not {"content-length", "transfer-encoding"} & {name.lower() for name in headers}:
            raise EngineConnectionError("N/A", "the answer was cut off", None)
        return status, headers, body


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail: a client and the prefix that all of its indices share.

    `patience` is how many seconds the engine may take for one response. `shards` and `replicas` are those of the months that
    are made from now on. `known_indices` holds those that this process has seen, `recent` what it need not ask each time, and
    `making` lets one thread at a time make an index. `read_sealed` says of each index how many events are sealed in it and must
    be found there (trail.search.completeness); without it nothing is known of that, and nothing is compared. `find_sealed`
    says of each id in which indices it is sealed, or None of all where that is not known just now (trail.writing.taken_ids).
    `read_doubt` says why events may not be found by a field, and is empty where nothing speaks for that.
    `announce_write` is called after each request that added events: it returns at once and never raises.
    """

    client: OpenSearch
    prefix: str
    patience: float = 30
    shards: int = 1
    replicas: int = 0
    read_sealed: Callable[[], Mapping[str, int]] | None = field(default=None, compare=False, repr=False)
    find_sealed: Callable[[Sequence[str]], Sequence[tuple[str, ...]] | None] | None = field(
        default=None, compare=False, repr=False
    )
    read_doubt: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    announce_write: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    known_indices: set[str] = field(default_factory=set, compare=False, repr=False)
    recent: dict[str, tuple[float, Any]] = field(default_factory=dict, compare=False, repr=False)
    making: Lock = field(default_factory=Lock, compare=False, repr=False)

    @property
    def events(self) -> str:
        """The alias that every index of events carries."""
        return f"{self.prefix}-events"


def connect(
    url: str | None = None,
    *,
    prefix: str = "trail",
    timeout: float = 30,
    shards: int = 1,
    replicas: int = 0,
    credentials: tuple[str, str] | None = None,
) -> Trail:
    """A trail at `url` (default: OPENSEARCH_URL). Certificates, and credentials that are not given, come from OPENSEARCH_*."""
    url = url or os.environ.get("OPENSEARCH_URL") or "http://127.0.0.1:8401"
    options: dict[str, Any] = {}
    if credentials is None and (user := os.environ.get("OPENSEARCH_USER")):
        credentials = (user, os.environ.get("OPENSEARCH_PASSWORD", ""))
    if credentials is not None:
        options["http_auth"] = credentials
    for option, name in {"ca_certs": "CA_CERTS", "client_cert": "CLIENT_CERT", "client_key": "CLIENT_KEY"}.items():
        if value := os.environ.get(f"OPENSEARCH_{name}"):
            options[option] = value
    client = OpenSearch(
        [url],
        serializer=FastSerializer(),
        connection_class=CompleteResponses,
        timeout=timeout,
        max_retries=0,  # a write that is sent again by the transport could be counted twice; callers decide
        http_compress=False,
        pool_maxsize=16,
        **options,
    )
    return Trail(client=client, prefix=prefix, patience=timeout, shards=shards, replicas=replicas)


def read_engine_status(trail: Trail) -> str:
    """The engine's own word for its health: green, yellow or red; `silent` when it does not answer. Raises nothing."""
    try:
        return str(trail.client.cluster.health()["status"])
    except TransportError:
        return "silent"
