"""Converts Duo's authentication, administrator, activity and telephony logs, of both versions (https://duo.com/docs/adminapi#logs).

An authentication with Duo is a check of a second factor; it names no credential, so there is no token.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import (
    build_source,
    build_user_agent,
    get_first,
    get_text,
    get_value,
    parse_object,
    to_text,
)

SIGNS = (
    ("txid", "event_type"),
    ("isotimestamp", "timestamp"),
    ("activity_id", "ts"),
    ("telephony_id", "ts"),
    ("access_device", "application"),
    ("phone", "credits"),
)
DENIED = ("denied", "fraud", "failure", "error")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    action = get_text(record, "action", "name") or to_text(get_first(record, "action", "event_type"))
    if action is None and (record.get("phone") or record.get("telephony_id")):
        action = get_text(record, "type")
    if action is None:
        raise ValueError("it has no action, event_type or type of a message")
    result = (get_text(record, "result") or get_text(record, "outcome", "result") or "").lower()
    description = parse_object(record.get("description"))
    device, app, target = record.get("access_device"), record.get("application"), record.get("target")
    actor = record.get("user") if isinstance(record.get("user"), dict) else record.get("actor")
    fields = {
        "@timestamp": find_time(*(record.get(name) for name in ("isotimestamp", "ts", "timestamp", "p_event_time"))),
        "event.id": get_text(record, "activity_id") or get_text(record, "telephony_id") or get_text(record, "txid"),
        "event.action": action,
        "event.outcome": "failure" if result in DENIED or action.endswith("_error") else "success",
        "event.reason": get_text(record, "reason") or get_text(description, "error"),
        "service.name": "duo",
        "user.id": get_text(actor, "key") or get_text(actor, "name") or get_text(record, "username"),
        "user.name": get_text(actor, "name") or get_text(record, "username"),
        "user.email": get_text(record, "email") or get_text(description, "email"),
        "resource.type": get_text(target, "type") or ("application" if app else None),
        "resource.id": get_text(target, "key") or get_text(app, "key") or get_text(record, "object"),
        "resource.name": get_text(target, "name") or get_text(app, "name"),
        "trace.id": get_text(record, "txid"),
        "source.geo.city_name": get_text(device, "location", "city"),
        "source.geo.region_name": get_text(device, "location", "state"),
        "user_agent.name": get_text(device, "browser"),
        "user_agent.version": get_text(device, "browser_version"),
        "message": get_text(record, "description") or get_text(record, "context"),
        **build_source(get_value(device, "ip") or description.get("ip_address")),
        **build_user_agent(get_value(record, "user_agent")),
    }
    return [fields]
