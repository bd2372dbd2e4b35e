"""Converts GitHub's audit log.

The format: https://docs.github.com/en/organizations/keeping-your-organization-secure/reviewing-the-audit-log

The token that a call was made with is one by its `token_id` or the hash GitHub gives of it: what a record says of it is
a use. (Which token a grant or a revocation is about, GitHub says by other numbers, which no later call carries.)
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import build_source, build_token, build_user_agent, get_text

SIGNS = (
    ("action", "actor", "_document_id"),
    ("action", "actor", "created_at"),
    ("action", "actor", "@timestamp"),
    ("action", "actor", "at_sign_timestamp"),
    ("action", "_document_id"),
)
_TIMES = ("@timestamp", "created_at", "at_sign_timestamp", "p_event_time")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    action = get_text(record, "action")
    if action is None or not any(record.get(name) for name in _TIMES):
        raise ValueError("it has no action or no time")
    fields = {
        "@timestamp": find_time(*(record.get(name) for name in _TIMES)),
        "event.id": get_text(record, "_document_id"),
        "event.action": action,
        "event.outcome": "failure" if record.get("conclusion") == "failure" else "success",
        "service.name": "github",
        "user.id": get_text(record, "actor"),
        "user.name": get_text(record, "actor"),
        "organization.id": get_text(record, "org") or get_text(record, "business"),
        "source.geo.country_iso_code": get_text(record, "actor_location", "country_code"),
        "resource.type": "repository" if record.get("repo") else None,
        "resource.id": get_text(record, "repo") or get_text(record, "user") or get_text(record, "name"),
        "http.request.id": get_text(record, "request_id"),
        **build_source(record.get("actor_ip")),
        **build_user_agent(record.get("user_agent")),
    }
    token = build_token("access_key", record.get("token_id") or record.get("hashed_token"))
    if token:
        fields |= {**token, "token.operation": "token.authorize"}
    return [fields]
