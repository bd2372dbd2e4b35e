"""Slack's audit logs (https://docs.slack.dev/admins/audit-logs-api/).

A session is a token by its `session_id`: signing in issues it, signing out revokes it, other records with it are uses.
"""

from typing import Any

from operations.formats.values import agent, at, first, source, text, time, token

OPERATIONS = {"user_login": "token.issue", "user_logout": "token.revoke"}


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    action, moment = text(record.get("action")), first(record, "date_create", "p_event_time")
    if action is None or moment is None:
        raise ValueError("it has no action or date_create")
    context, who = record.get("context"), at(record, "actor", "user")
    kind = text(at(record, "entity", "type"))
    entity = at(record, "entity", kind) if kind else None
    fields = {
        "@timestamp": time(moment),
        "event.id": text(record.get("id")),
        "event.action": action,
        "event.outcome": "failure" if action == "user_login_failed" else "success",
        "service.name": "slack",
        "user.id": text(at(who, "id")),
        "user.name": text(at(who, "name")),
        "user.email": text(at(who, "email")),
        "organization.id": text(at(context, "location", "id")),
        "organization.name": text(at(context, "location", "name")),
        "resource.type": kind,
        "resource.id": text(at(entity, "id")),
        "resource.name": text(at(entity, "name")) or text(at(entity, "title")),
        **source(at(context, "ip_address")),
        **agent(at(context, "ua")),
    }
    if found := token("session", at(context, "session_id")):
        fields |= {**found, "token.operation": OPERATIONS.get(action, "token.authorize")}
    return [fields]
