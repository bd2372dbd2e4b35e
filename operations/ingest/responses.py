"""Builds the JSON answers of ingest, and the statuses that make a shipper do the right thing."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpResponse

from core.responses import RETRY_SECONDS
from operations.ingest.outcomes import DURABLE, REFUSED, EntryOutcome

JSON = "application/json"


def json_response(content: dict[str, Any], status: int = 200, *, retry_after: int | None = None) -> HttpResponse:
    """`retry_after` is in seconds, and is set for 429 and 503 in any case."""
    response = HttpResponse(orjson.dumps(content), content_type=JSON, status=status)
    if status in (429, 503):
        response["Retry-After"] = str(retry_after or RETRY_SECONDS)
    return response


def retry_status(outcomes: Sequence[EntryOutcome]) -> int:
    """429 or 503 while something is not known to be durable and has to be sent again, else 0."""
    waiting = {outcome.status for outcome in outcomes} - DURABLE - REFUSED
    return 0 if not waiting else 429 if waiting == {"busy"} else 503


def describe_outcome(outcome: EntryOutcome) -> dict[str, str]:
    """What became of one event, as the answer to its writer has it."""
    description = {"id": outcome.event_id, "status": str(outcome.status)}
    if outcome.field:
        return description | {"field": outcome.field, "expected": outcome.expected}
    return description | {"reason": outcome.reason} if outcome.reason else description
