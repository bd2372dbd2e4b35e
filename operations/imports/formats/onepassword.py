"""Converts 1Password's events: attempts to sign in, uses of items, and audit events.

The format: https://developer.1password.com/docs/events-api/reference/

A session is a token by its `session_uuid`.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import build_source, build_token, get_text

SIGNS = (("uuid", "session_uuid", "category"), ("item_uuid", "vault_uuid"), ("actor_uuid", "object_type"))
# A firewall rule may report a sign-in, which then has succeeded all the same.
_SUCCEEDED = (None, "success", "firewall_reported_success")
_TIMES = ("timestamp", "p_event_time")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    category, item = get_text(record, "category"), get_text(record, "item_uuid")
    action = get_text(record, "action") or get_text(record, "type") or ("item.use" if item else None)
    if action is None or get_text(record, "uuid") is None:
        raise ValueError("it has no uuid, action or type")
    who = record.get("target_user") or record.get("user") or record.get("actor_details")
    client = record.get("client") if isinstance(record.get("client"), dict) else record.get("session")
    place = record.get("location") if isinstance(record.get("location"), dict) else record
    fields = {
        "@timestamp": find_time(*(record.get(time) for time in _TIMES)),
        "event.id": get_text(record, "uuid"),
        "event.action": f"{category}.{action}" if category else action,
        "event.outcome": "success" if category in _SUCCEEDED else "failure",
        "event.reason": action if category not in _SUCCEEDED else None,
        "service.name": "1password",
        "user.id": get_text(who, "uuid") or get_text(record, "actor_uuid"),
        "user.name": get_text(who, "name"),
        "user.email": get_text(who, "email"),
        "resource.type": get_text(record, "object_type") or ("item" if item else None),
        "resource.id": get_text(record, "object_uuid") or item,
        "source.geo.country_iso_code": get_text(place, "country"),
        "user_agent.name": get_text(client, "app_name"),
        "user_agent.version": get_text(client, "app_version"),
        **build_source(get_text(client, "ip_address") or get_text(client, "ip")),
    }
    session = get_text(record, "session_uuid") or get_text(record, "session", "uuid")
    if token := build_token("session", session):
        is_sign_in = category is not None
        operation = ("token.issue" if category in _SUCCEEDED else "token.verify") if is_sign_in else "token.authorize"
        fields |= {**token, "token.operation": operation}
    return [fields]
