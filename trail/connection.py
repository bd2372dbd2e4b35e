"""The only place that constructs an OpenSearch client. Settings come in as arguments or from OPENSEARCH_*."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import orjson
from opensearchpy import OpenSearch, Urllib3HttpConnection
from opensearchpy.exceptions import ConnectionError as EngineConnectionError
from opensearchpy.exceptions import TransportError
from opensearchpy.serializer import JSONSerializer

from trail.errors import TrailUnavailable


class FastSerializer(JSONSerializer):
    """JSON by orjson: the client's own `json` costs as much as the engine's answer on a long scan."""

    def loads(self, s: str | bytes) -> Any:
        return orjson.loads(s)

    def dumps(self, data: Any) -> Any:
        if isinstance(data, (str, bytes)):
            return data  # a bulk body, serialised line by line already
        return orjson.dumps(data, default=self.default).decode()


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Whatever the client meets is TrailUnavailable; `what` begins its sentence, and says what could not be had."""
    try:
        yield
    except TransportError as error:
        raise TrailUnavailable(f"{what}: {error}.") from error


class WholeAnswers(Urllib3HttpConnection):
    """A connection that takes no answer for one that was cut off among its headers.

    Python's `http.client` takes the end of the stream for the end of the headers, so that a body that never came would be
    an empty one. The engine always says how long its answer is (RFC 9112, 6.3).
    """

    def perform_request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        status, headers, body = super().perform_request(method, url, *args, **options)
        if not {"content-length", "transfer-encoding"} & {name.lower() for name in headers}:
            raise EngineConnectionError("N/A", "the answer was cut off", None)
        return status, headers, body


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail: a client and the prefix that all of its indices share.

    `patience` is how many seconds the engine may take for one answer. `shards` and `replicas` are of the months that are
    made from now on. `known` holds the indices that this process has seen, `recent` what it need not ask each time.
    """

    client: OpenSearch
    prefix: str
    patience: float = 30
    shards: int = 1
    replicas: int = 0
    known: set[str] = field(default_factory=set, compare=False, repr=False)
    recent: dict[str, tuple[float, Any]] = field(default_factory=dict, compare=False, repr=False)
    making: Lock = field(default_factory=Lock, compare=False, repr=False)

    @property
    def events(self) -> str:
        """The alias that every index of events carries."""
        return f"{self.prefix}-events"


def connect(url: str | None = None, *, prefix: str = "trail", timeout: float = 30,
            shards: int = 1, replicas: int = 0) -> Trail:  # fmt: skip
    """A trail at `url` (default: OPENSEARCH_URL). User, password and certificates come from OPENSEARCH_*."""
    url = url or os.environ.get("OPENSEARCH_URL") or "http://127.0.0.1:8401"
    options: dict[str, Any] = {}
    if user := os.environ.get("OPENSEARCH_USER"):
        options["http_auth"] = (user, os.environ.get("OPENSEARCH_PASSWORD", ""))
    for option, name in {"ca_certs": "CA_CERTS", "client_cert": "CLIENT_CERT", "client_key": "CLIENT_KEY"}.items():
        if value := os.environ.get(f"OPENSEARCH_{name}"):
            options[option] = value
    client = OpenSearch(
        [url],
        serializer=FastSerializer(),
        connection_class=WholeAnswers,
        timeout=timeout,
        max_retries=0,  # a write that is sent again by the transport could be counted twice; callers decide
        http_compress=False,
        pool_maxsize=16,
        **options,
    )
    return Trail(client=client, prefix=prefix, patience=timeout, shards=shards, replicas=replicas)


def engine_status(trail: Trail) -> str:
    """The engine's own word for its health: green, yellow or red; `silent` when it does not answer."""
    try:
        return str(trail.client.cluster.health()["status"])
    except TransportError:
        return "silent"
