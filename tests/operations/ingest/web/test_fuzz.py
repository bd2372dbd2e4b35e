"""Malformed bodies by the thousand (FUZZ=100000 for as many, FUZZ_FROM for others): never a 5xx, nothing lost, nothing half written."""

import gzip
import os
from typing import Any

import orjson
import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.support.factories.ingest import BULK, as_written
from tests.support.factories.keys import bearer, writer_key
from tests.support.malformed import Case, case
from trail.canonical_form import compute_digest
from trail.connection import Trail
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
        case_sent = case(number)
        response = client.generic(
            "POST",
            case_sent.address,
            case_sent.body,
            content_type=case_sent.content_type,
            headers=bearer(shown) | {"Content-Encoding": case_sent.encoding, "User-Agent": "fuzz"},
        )
        assert response.status_code in ALLOWED, (number, response.status_code, response.content[:1_000])
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        _note(durable, case_sent, response.json(), number)
    print(f"{NUMBER:,} bodies: {statuses}, {len(durable):,} events durable")
    assert {200, 400, 422} <= statuses.keys()
    assert _in_the_trail(trail) == durable


def _note(durable: dict[str, str], case_sent: Case, answer: dict[str, Any], number: int) -> None:
    """Remember each event that was answered as durable, as it was sent."""
    if "error" in answer:
        return
    body = gzip.decompress(case_sent.body) if case_sent.encoding == "gzip" else case_sent.body
    by_line = "ndjson" in case_sent.content_type or case_sent.address == BULK
    sent = [line for line in body.split(b"\n") if line.strip(b" \t\r")] if by_line else [body]
    if "items" in answer:
        answers = [item for inner in answer["items"] for item in inner.values()]
        sent = _records(sent)
    else:
        answers = answer["events"]
    assert len(answers) == len(sent), number
    for line, answered in zip(sent, answers, strict=True):
        if answered["status"] in ("created", "existing", 200, 201):
            document = orjson.loads(line)
            sent_digest = compute_digest({**document, "writer": {"id": "tokens-1"}})
            assert answered.get("id", answered.get("_id")) == document["event"]["id"], number
            assert durable.setdefault(document["event"]["id"], sent_digest) == sent_digest, number


def _records(sent: list[bytes]) -> list[bytes]:
    """The record of each action; an action without one stands for itself."""
    remaining, records = iter(sent), []
    for action in remaining:
        records.append(action if "delete" in orjson.loads(action) else next(remaining))
    return records


def _in_the_trail(trail: Trail) -> dict[str, str]:
    trail.client.indices.refresh(index=trail.events)
    wanted = Search(text="event.dataset:test")
    return {
        hit.document["event"]["id"]: compute_digest(as_written(hit.document))
        for batch in execute.scan(trail, wanted, WHOLE_TRAIL)
        for hit in batch.hits
    }
