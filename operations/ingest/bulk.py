"""The shape of OpenSearch's _bulk, as far as shippers use it: pairs of lines, an action and a record
(https://docs.opensearch.org/latest/api-reference/document-apis/bulk/).

The trail only grows: `create` and `index` both mean that an event is added; update and delete are refused. Which index an
event is in follows from its time, so the names that shippers give are only repeated in the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from operations.ingest.errors import NotTaken
from operations.ingest.writing import Answer

TAKEN = ("create", "index")
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
class Action:
    """One action: what to do, with which index and id, and the record's line; empty where none follows."""

    operation: str
    index: str
    given_id: str | None
    line: bytes = b""
    place: int = 0


def actions(lines: Iterator[bytes], index: str) -> list[Action]:
    """Every action of a body. Raises NotTaken where one cannot be understood: what follows could be anything then."""
    found = []
    for place, line in enumerate(lines, start=1):
        action = _action(line, place, index)
        if action.operation != "delete":
            record = next(lines, None)
            if record is None:
                raise NotTaken(400, f"The action {place} has no record after it; nothing was written.")
            action = Action(action.operation, action.index, action.given_id, record, place)
        found.append(action)
    return found


def _action(line: bytes, place: int, index: str) -> Action:
    try:
        ((operation, values),) = orjson.loads(line).items()
        if operation not in (*TAKEN, "update", "delete") or not isinstance(values, dict):
            raise ValueError
    except (ValueError, AttributeError) as error:
        raise NotTaken(
            400, f'The action {place} cannot be read; expected {{"create": {{}}}} or {{"index": {{}}}}, each with its '
            "record on the next line. Nothing was written.",
        ) from error  # fmt: skip
    given = values.get("_id")
    named = values.get("_index")
    return Action(operation, named if isinstance(named, str) else index, None if given in (None, "") else str(given))


def answer(asked: list[Action], answers: Iterator[Answer], took: int) -> dict[str, Any]:
    """The whole answer; `answers` are those of the actions that are taken, in order. `took` is in milliseconds."""
    items = [_item(action, next(answers) if action.operation in TAKEN else None) for action in asked]
    errors = any("error" in item for one in items for item in one.values())
    return {"took": took, "errors": errors, "items": items}


def _item(action: Action, answer: Answer | None) -> dict[str, dict[str, Any]]:
    item: dict[str, Any] = {"_index": action.index, "_id": action.given_id}
    if answer is None:
        reason = "the trail only grows: it takes create and index, never update or delete"
        return {
            action.operation: item | {"status": 400, "error": {"type": "illegal_argument_exception", "reason": reason}}
        }
    status = STATUS[answer.status]
    item |= {"_id": answer.event_id or action.given_id, "status": status}
    if status in ERRORS:
        item["error"] = {"type": ERRORS[status], "reason": answer.reason}
    else:
        item["result"] = "created" if status == 201 else "noop"
    return {action.operation: item}
