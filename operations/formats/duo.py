"""Duo's administrator and authentication logs (https://duo.com/docs/adminapi#logs).

An authentication with Duo is a check of a second factor; it names no credential, so there is no token.
"""

import json
from typing import Any

from operations.formats.values import at, first, source, text, time

DENIED = ("denied", "fraud", "failure", "error")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    action, moment = (
        text(first(record, "action", "event_type")),
        first(record, "isotimestamp", "timestamp", "p_event_time"),
    )
    if action is None or moment is None:
        raise ValueError("it has no action or event_type, or no time")
    result = text(record.get("result"))
    told = _described(record.get("description"))
    device, app = record.get("access_device"), record.get("application")
    fields = {
        "@timestamp": time(moment),
        "event.id": text(record.get("txid")),
        "event.action": action,
        "event.outcome": "failure" if result in DENIED or str(action).endswith("_error") else "success",
        "event.reason": text(record.get("reason")) or text(told.get("error")),
        "service.name": "duo",
        "user.id": text(at(record, "user", "key")) or text(at(record, "user", "name")) or text(record.get("username")),
        "user.name": text(at(record, "user", "name")) or text(record.get("username")),
        "user.email": text(record.get("email")) or text(told.get("email")),
        "resource.type": "application" if app else None,
        "resource.id": text(at(app, "key")) or text(record.get("object")),
        "resource.name": text(at(app, "name")),
        "source.geo.city_name": text(at(device, "location", "city")),
        "source.geo.region_name": text(at(device, "location", "state")),
        "user_agent.name": text(at(device, "browser")),
        "user_agent.version": text(at(device, "browser_version")),
        "message": text(record.get("description")),
        **source(at(device, "ip") or told.get("ip_address")),
    }
    return [fields]


def _described(description: Any) -> dict[str, Any]:
    """What an administrator's action says of itself is JSON within the JSON, or a sentence."""
    try:
        told = json.loads(description) if isinstance(description, str) else description
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
