"""Converts Slack's audit logs (https://docs.slack.dev/admins/audit-logs-api/).

A session is a token by its `session_id`: signing in issues it, signing out revokes it, other records with it are uses.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import (
    build_source,
    build_token,
    build_user_agent,
    get_first,
    get_text,
    get_value,
)

SIGNS = (("date_create", "action"), ("actor", "action", "entity", "context"))
OPERATIONS = {"user_login": "token.issue", "user_logout": "token.revoke"}


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    action = get_text(record, "action")
    if action is None or get_first(record, "date_create", "p_event_time") is None:
        raise ValueError("it has no action or date_create")
    context, who = record.get("context"), get_value(record, "actor", "user")
    kind = get_text(record, "entity", "type")
    entity = get_value(record, "entity", kind) if kind else None
    fields = {
        "@timestamp": find_time(record.get("date_create"), record.get("p_event_time")),
        "event.id": get_text(record, "id"),
        "event.action": action,
        "event.outcome": "failure" if action.endswith(("_failed", "_failure", "_denied")) else "success",
        "service.name": "slack",
        "user.id": get_text(who, "id"),
        "user.name": get_text(who, "name"),
        "user.email": get_text(who, "email"),
        "organization.id": get_text(context, "location", "id"),
        "organization.name": get_text(context, "location", "name"),
        "resource.type": kind,
        "resource.id": get_text(entity, "id"),
        "resource.name": get_text(entity, "name") or get_text(entity, "title"),
        **build_source(get_value(context, "ip_address")),
        **build_user_agent(get_value(context, "ua")),
    }
    if token := build_token("session", get_value(context, "session_id")):
        fields |= {**token, "token.operation": OPERATIONS.get(action, "token.authorize")}
    return [fields]
