"""Malformed bodies by the thousand (FUZZ=100000 for as many, FUZZ_FROM for others): never a 5xx, nothing lost, nothing half written."""

import gzip
import os
from typing import Any

import orjson
import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.factories.ingest import BULK, as_written
from tests.factories.keys import bearer, writer_key
from tests.ingest.malformed import Case, case
from trail.connection import Trail
from trail.events import digest
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

NUMBER = int(os.environ.get("FUZZ", "1500"))
FIRST = int(os.environ.get("FUZZ_FROM", "0"))
ALLOWED = {200, 400, 413, 415, 422}


@pytest.mark.timeout(6 * 60 * 60)
@pytest.mark.usefixtures("static_files")
def test_no_malformed_body_breaks_anything(client: Client, ada: User, trail: Trail, settings: Settings) -> None:
    settings.INGEST_RATE = 10**9
    settings.LOGGING_CONFIG = None
    _, shown = writer_key(ada, format="trail")
    durable: dict[str, str] = {}
    statuses: dict[int, int] = {}
    for number in range(FIRST, FIRST + NUMBER):
        one = case(number)
        response = client.generic(
            "POST",
            one.address, one.body, content_type=one.content_type,
            headers=bearer(shown) | {"Content-Encoding": one.encoding, "User-Agent": "fuzz"},
        )  # fmt: skip
        assert response.status_code in ALLOWED, (number, response.status_code, response.content[:1_000])
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        _note(durable, one, response.json(), number)
    print(f"{NUMBER:,} bodies: {statuses}, {len(durable):,} events durable")
    assert {200, 400, 422} <= statuses.keys()
    assert _in_the_trail(trail) == durable


def _note(durable: dict[str, str], one: Case, answer: dict[str, Any], number: int) -> None:
    """Remember each event that was answered as durable, as it was sent."""
    if "error" in answer:
        return
    body = gzip.decompress(one.body) if one.encoding == "gzip" else one.body
    by_line = "ndjson" in one.content_type or one.address == BULK
    sent = [line for line in body.split(b"\n") if line.strip(b" \t\r")] if by_line else [body]
    if "items" in answer:
        answers = [item for inner in answer["items"] for item in inner.values()]
        sent = _records(sent)
    else:
        answers = answer["events"]
    assert len(answers) == len(sent), number
    for line, said in zip(sent, answers, strict=True):
        if said["status"] in ("created", "existing", 200, 201):
            document = orjson.loads(line)
            kept = digest({**document, "writer": {"id": "tokens-1"}})
            assert said.get("id", said.get("_id")) == document["event"]["id"], number
            assert durable.setdefault(document["event"]["id"], kept) == kept, number


def _records(sent: list[bytes]) -> list[bytes]:
    """The record of each action; an action without one stands for itself."""
    rest, found = iter(sent), []
    for action in rest:
        found.append(action if "delete" in orjson.loads(action) else next(rest))
    return found


def _in_the_trail(trail: Trail) -> dict[str, str]:
    trail.client.indices.refresh(index=trail.events)
    wanted = Search(text="event.dataset:test")
    return {
        hit.document["event"]["id"]: digest(as_written(hit.document))
        for batch in execute.scan(trail, wanted, WHOLE_TRAIL)
        for hit in batch.hits
    }
