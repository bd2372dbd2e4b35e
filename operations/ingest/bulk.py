"""Parses and answers the part of OpenSearch's _bulk that shippers use: pairs of lines, an action and a record.

The format: https://docs.opensearch.org/latest/api-reference/document-apis/bulk/

The trail only grows: `create` and `index` both mean that an event is added; update and delete are refused. Which index an
event is in follows from its time, so the names that shippers give are only repeated in the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from operations.ingest.errors import RequestRefused
from operations.ingest.outcomes import EntryOutcome

ADDING = ("create", "index")
# What shippers go by: 200 and 201 are done, 400 and 409 are given up, 429 and 503 are sent again.
STATUS = {
    "created": 201,
    "existing": 200,
    "conflict": 409,
    "invalid": 400,
    "busy": 429,
    "unavailable": 503,
    "unknown": 503,
}
ERRORS = {
    400: "mapper_parsing_exception",
    409: "version_conflict_engine_exception",
    429: "rejected_execution_exception",
    503: "unavailable_shards_exception",
}


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One action: what to do, with which index and id, and the record's line; each empty where there is none."""

    operation: str
    index: str
    given_id: str
    line: bytes = b""
    place: int = 0


def parse_actions(lines: Iterator[bytes], index: str) -> list[BulkAction]:
    """Every action of a body; `index` is that of the address, for actions that name none.

    Raises RequestRefused where one cannot be understood: what follows could be anything then.
    """
    actions = []
    for place, line in enumerate(lines, start=1):
        action = _parse_action(line, place, index)
        if action.operation != "delete":
            record = next(lines, None)
            if record is None:
                raise RequestRefused(400, f"The action {place} has no record after it; nothing was written.")
            action = replace(action, line=record, place=place)
        actions.append(action)
    return actions


def _parse_action(line: bytes, place: int, index: str) -> BulkAction:
    try:
        ((operation, values),) = orjson.loads(line).items()
        if operation not in (*ADDING, "update", "delete") or not isinstance(values, dict):
            raise ValueError
    except (ValueError, AttributeError) as error:
        sentence = (
            f'The action {place} cannot be read; expected {{"create": {{}}}} or {{"index": {{}}}}, each with its '
            "record on the next line. Nothing was written."
        )
        raise RequestRefused(400, sentence) from error
    given_id, own_index = values.get("_id"), values.get("_index")
    return BulkAction(
        operation,
        own_index if isinstance(own_index, str) else index,
        "" if given_id is None else str(given_id),
    )


def build_response(actions: list[BulkAction], outcomes: Iterator[EntryOutcome], took: int) -> dict[str, Any]:
    """The whole answer; `outcomes` are those of the actions that add, in order. `took` is in milliseconds."""
    items = [_build_item(action, next(outcomes) if action.operation in ADDING else None) for action in actions]
    errors = any("error" in answer for item in items for answer in item.values())
    return {"took": took, "errors": errors, "items": items}


def _build_item(action: BulkAction, outcome: EntryOutcome | None) -> dict[str, dict[str, Any]]:
    item: dict[str, Any] = {"_index": action.index, "_id": action.given_id or None}
    if outcome is None:
        reason = "the trail only grows: it takes create and index, never update or delete"
        error = {"type": "illegal_argument_exception", "reason": reason}
        return {action.operation: item | {"status": 400, "error": error}}
    status = STATUS[outcome.status]
    item |= {"_id": outcome.event_id or action.given_id or None, "status": status}
    if status in ERRORS:
        item["error"] = {"type": ERRORS[status], "reason": outcome.reason}
    else:
        item["result"] = "created" if status == 201 else "noop"
    return {action.operation: item}
