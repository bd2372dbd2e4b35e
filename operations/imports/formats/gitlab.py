"""Converts GitLab's audit events, by its API, as it streams them, and as it writes them to `audit_json.log`.

The format: https://docs.gitlab.com/user/compliance/audit_event_schema/

An access token is one by its number: making it issues it, revoking it revokes it.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import (
    build_source,
    build_token,
    get_text,
    get_value,
    parse_object,
)

SIGNS = (("author_id", "entity_type"), ("author_id", "entity_id"), ("entity_type", "target_details"))
_TIMES = ("created_at", "time", "p_event_time")
_TOKENS = ("PersonalAccessToken", "ProjectAccessToken", "GroupAccessToken", "DeployToken")
_CHANGES = ("custom_message", "change", "add", "remove", "with", "event_name", "event_type")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of an audit event. Raises ValueError."""
    details = parse_object(record.get("details")) or record
    if "author_id" not in record or not any(record.get(time) for time in _TIMES):
        raise ValueError("it has no author_id, created_at or time")
    change = next((text for name in _CHANGES if (text := get_text(details, name))), None)
    action = (
        get_text(record, "event_type") or get_text(record, "event_name") or get_text(details, "event_name") or change
    )
    failed = "failed" in details or "fail" in (action or "").lower() or get_text(record, "severity") == "ERROR"
    fields = {
        "@timestamp": find_time(*(record.get(time) for time in _TIMES)),
        "event.id": get_text(record, "id"),
        "event.action": action or "audit_event",
        "event.outcome": "failure" if failed else "success",
        "service.name": "gitlab",
        "organization.id": get_text(record, "entity_path") or get_text(details, "entity_path"),
        "user.id": get_text(record, "author_id"),
        "user.name": get_text(record, "author_name") or get_text(details, "author_name"),
        "user.email": get_text(details, "author_email"),
        "resource.type": get_text(details, "target_type") or get_text(record, "entity_type"),
        "resource.id": get_text(details, "target_id") or get_text(record, "entity_id"),
        "resource.name": get_text(record, "target_details") or get_text(details, "target_details"),
        "trace.id": get_text(record, "correlation_id"),
        "message": change,
        **build_source(record.get("ip_address") or details.get("ip_address")),
    }
    return [fields | _build_token(fields)]


def _build_token(fields: dict[str, Any]) -> dict[str, Any]:
    change = f"{fields['event.action']} {fields['message']}".lower()
    if fields["resource.type"] not in _TOKENS or not fields["resource.id"]:
        return {}
    operation = "token.revoke" if "revoke" in change else "token.issue" if "creat" in change else None
    token = build_token("access_key", get_value(fields, "resource.id")) if operation else {}
    return token | {"token.operation": operation} if token else {}
