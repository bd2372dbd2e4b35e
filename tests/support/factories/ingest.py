"""What programs send to the trail over HTTP, and what is in it then."""

from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from trail.connection import Trail

EVENTS = "/api/v1/events"
BULK = "/api/v1/ingest/_bulk"
LINES = "application/x-ndjson"


def lines(*documents: Any) -> bytes:
    """NDJSON; what is bytes already stands as it is."""
    return b"".join((one if isinstance(one, bytes) else orjson.dumps(one)) + b"\n" for one in documents)


def send(client: Client, headers: dict[str, str], *documents: Any, **more: Any) -> HttpResponse:
    """Several events."""
    return client.post(EVENTS, lines(*documents), content_type=LINES, headers=headers, **more)


def bulk(client: Client, headers: dict[str, str], *pairs: Any, to: str = BULK) -> HttpResponse:
    """Actions and records as a shipper sends them."""
    return client.post(to, lines(*pairs), content_type=LINES, headers=headers | {"User-Agent": "shipper/1"})


def stored(trail: Trail) -> dict[str, dict[str, Any]]:
    """Every event of a small trail by its id, but what the console itself has put on record."""
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*", params={"allow_no_indices": "true"})
    wanted = {"query": {"bool": {"must_not": {"term": {"event.dataset": "console"}}}}, "size": 10_000}
    found = trail.client.search(index=f"{trail.prefix}-events-*", body=wanted, params={"allow_no_indices": "true"})
    return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}


def as_written(document: dict[str, Any]) -> dict[str, Any]:
    """A stored event without what the trail adds."""
    return {**document, "event": {name: value for name, value in document["event"].items() if name != "ingested"}}
