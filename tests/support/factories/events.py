"""Events of every kind, valid unless a test makes them otherwise."""

import itertools
from typing import Any

from trail.connection import Trail
from trail.documents import nest
from trail.writing.writer import Outcome
from trail.writing.writer import write as write_to

_numbers = itertools.count(1)


def event(**fields: Any) -> dict[str, Any]:
    """An event; fields by their dotted names with `__` for the dot, `at` for the time."""
    number = next(_numbers)
    flat = {
        "@timestamp": fields.pop("at", f"2026-11-01T00:00:00.{number:09d}Z"),
        "event.id": fields.pop("id", f"event-{number}"),
        "event.action": "token.authorize",
        "event.outcome": "success",
        "event.dataset": "test",
        "raw": fields.pop("raw", None),
    }
    flat |= {name.replace("__", "."): value for name, value in fields.items()}
    return nest(flat)


def _of(operation: str, fields: dict[str, Any]) -> dict[str, Any]:
    return event(**({"event__action": operation, "token__operation": operation} | fields))


def issue(token: str, user: str, **fields: Any) -> dict[str, Any]:
    return _of("token.issue", {"token__id": token, "user__id": user, "token__kind": "user"} | fields)


def use(token: str, **fields: Any) -> dict[str, Any]:
    return _of("token.authorize", {"token__id": token, "source__ip": "192.0.2.7"} | fields)


def revoke(token: str, **fields: Any) -> dict[str, Any]:
    return _of("token.revoke", {"token__id": token, "token__revocation__scope": "token"} | fields)


def write(trail: Trail, *documents: dict[str, Any]) -> list[Outcome]:
    """Write events so that they can be found at once; every one must be new. Some stand for the console's own records."""
    outcomes = write_to(trail, documents, by_console=True)
    trail.client.indices.refresh(index=trail.events)
    assert {outcome.status for outcome in outcomes} <= {"created"}, outcomes
    return outcomes
