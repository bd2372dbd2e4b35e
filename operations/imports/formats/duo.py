"""Converts Duo's administrator and authentication logs (https://duo.com/docs/adminapi#logs).

An authentication with Duo is a check of a second factor; it names no credential, so there is no token.
"""

import json
from typing import Any

from operations.imports.formats.values import build_source, get_first, get_text, get_value, to_text, to_time

DENIED = ("denied", "fraud", "failure", "error")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    action = to_text(get_first(record, "action", "event_type"))
    time = get_first(record, "isotimestamp", "timestamp", "p_event_time")
    if action is None or time is None:
        raise ValueError("it has no action or event_type, or no time")
    result = get_text(record, "result")
    description = _parse_description(record.get("description"))
    device, app = record.get("access_device"), record.get("application")
    fields = {
        "@timestamp": to_time(time),
        "event.id": get_text(record, "txid"),
        "event.action": action,
        "event.outcome": "failure" if result in DENIED or str(action).endswith("_error") else "success",
        "event.reason": get_text(record, "reason") or get_text(description, "error"),
        "service.name": "duo",
        "user.id": get_text(record, "user", "key") or get_text(record, "user", "name") or get_text(record, "username"),
        "user.name": get_text(record, "user", "name") or get_text(record, "username"),
        "user.email": get_text(record, "email") or get_text(description, "email"),
        "resource.type": "application" if app else None,
        "resource.id": get_text(app, "key") or get_text(record, "object"),
        "resource.name": get_text(app, "name"),
        "source.geo.city_name": get_text(device, "location", "city"),
        "source.geo.region_name": get_text(device, "location", "state"),
        "user_agent.name": get_text(device, "browser"),
        "user_agent.version": get_text(device, "browser_version"),
        "message": get_text(record, "description"),
        **build_source(get_value(device, "ip") or description.get("ip_address")),
    }
    return [fields]


def _parse_description(description: Any) -> dict[str, Any]:
    """What an administrator's action says of itself is JSON within the JSON, or a sentence."""
    try:
        values = json.loads(description) if isinstance(description, str) else description
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
