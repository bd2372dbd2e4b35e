"""Holds what a planned part of the demonstration is made of: events at known numbers of the trail."""

import json
from dataclasses import dataclass
from typing import Any

from operations.demonstration.world import DemoToken


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One planned event: at which number of the trail, with which fields."""

    number: int
    fields: dict[str, Any]


def number_apart(steps: list[PlannedEvent]) -> list[PlannedEvent]:
    """No two steps at one number: a later one moves on."""
    numbered: list[PlannedEvent] = []
    for step in steps:
        number = max(step.number, numbered[-1].number + 1) if numbered else step.number
        numbered.append(PlannedEvent(number, step.fields))
    return numbered


def operation_fields(operation: str, service: str) -> dict[str, Any]:
    """A token operation that succeeded, at a service."""
    return {
        "event.action": operation,
        "token.operation": operation,
        "event.outcome": "success",
        "service.name": service,
        "service.type": "platform",
    }


def token_fields(token: DemoToken) -> dict[str, Any]:
    """A token as an event names it."""
    return {
        "token.id": token.id,
        "token.fingerprint": token.fingerprint,
        "token.parent_fingerprint": token.parent,
        "token.kind": token.kind,
        "token.key_id": "key_1",
        "token.location": "https://api.platform.example",
        "token.caveats.count": len(token.caveats),
        "token.caveats.types": [c.partition(":")[0] for c in token.caveats],
        "token.caveats.json": json.dumps(token.caveats),
    }
