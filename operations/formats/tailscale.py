"""Tailscale's configuration audit log (https://tailscale.com/kb/1203/audit-logging), as its API gives it or wrapped in `event`.

Keys are tokens: making one issues it, deleting, revoking or expiring one revokes it.
"""

from typing import Any

from operations.formats.values import at, first, text, time, token

OPERATIONS = {
    "CREATE": "token.issue",
    "DELETE": "token.revoke",
    "REVOKE": "token.revoke",
    "EXPIRE": "token.revoke",
    "EXPIRED": "token.revoke",
}
KEYS = ("API_KEY", "AUTH_KEY", "OAUTH_CLIENT")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    inner = record.get("event")
    entry: dict[str, Any] = inner if isinstance(inner, dict) else record
    action, moment = text(entry.get("action")), first(record, "eventTime", "time") or entry.get("eventTime")
    target = entry.get("target")
    kind = text(at(target, "type"))
    if action is None or moment is None or kind is None:
        raise ValueError("it has no action, target or time")
    changed = text(at(target, "property"))
    fields = {
        "@timestamp": time(moment),
        "event.action": ".".join(part for part in (kind, changed, action) if part),
        "event.outcome": "failure" if entry.get("error") else "success",
        "event.reason": text(entry.get("error")),
        "service.name": "tailscale",
        "user.id": text(at(entry, "actor", "id")),
        "user.name": text(at(entry, "actor", "displayName")),
        "user.email": text(at(entry, "actor", "loginName")),
        "resource.type": kind,
        "resource.id": text(at(target, "id")),
        "resource.name": text(at(target, "name")),
        "trace.id": text(entry.get("eventGroupID")),
    }
    found = token("access_key", at(target, "id")) if kind in KEYS and action in OPERATIONS and not changed else {}
    if found:
        fields |= {**found, "token.operation": OPERATIONS[action]}
    return [fields]
