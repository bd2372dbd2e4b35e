"""Converts Tailscale's configuration audit log, as its API gives it or wrapped in `event`.

The format: https://tailscale.com/kb/1203/audit-logging

Keys are tokens: making one issues it, deleting, revoking or expiring one revokes it.
"""

from typing import Any

from operations.imports.formats.values import build_token, get_first, get_text, get_value, to_time

SIGNS = (("eventGroupID", "action"), ("eventGroupID", "origin"), ("action", "actor", "target", "origin"))
OPERATIONS = {
    "CREATE": "token.issue",
    "DELETE": "token.revoke",
    "REVOKE": "token.revoke",
    "EXPIRE": "token.revoke",
    "EXPIRED": "token.revoke",
}
KEYS = ("API_KEY", "AUTH_KEY", "OAUTH_CLIENT")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    inner = record.get("event")
    entry: dict[str, Any] = inner if isinstance(inner, dict) else record
    action, time = get_text(entry, "action"), get_first(record, "eventTime", "time") or entry.get("eventTime")
    target = entry.get("target")
    kind = get_text(target, "type")
    if action is None or time is None or kind is None:
        raise ValueError("it has no action, target or time")
    changed = get_text(target, "property")
    fields = {
        "@timestamp": to_time(time),
        "event.action": ".".join(part for part in (kind, changed, action) if part),
        "event.outcome": "failure" if entry.get("error") else "success",
        "event.reason": get_text(entry, "error"),
        "service.name": "tailscale",
        "user.id": get_text(entry, "actor", "id"),
        "user.name": get_text(entry, "actor", "displayName"),
        "user.email": get_text(entry, "actor", "loginName"),
        "resource.type": kind,
        "resource.id": get_text(target, "id"),
        "resource.name": get_text(target, "name"),
        "trace.id": get_text(entry, "eventGroupID"),
    }
    is_about_key = kind in KEYS and action in OPERATIONS and not changed
    if is_about_key and (token := build_token("access_key", get_value(target, "id"))):
        fields |= {**token, "token.operation": OPERATIONS[action]}
    return [fields]
