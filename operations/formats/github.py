"""GitHub audit log (https://docs.github.com/en/organizations/keeping-your-organization-secure/reviewing-the-audit-log).

The token that a call was made with is one by its `token_id` or the hash GitHub gives of it: what a record says of it is
a use. (Which token a grant or a revocation is about, GitHub says by other numbers, which no later call carries.)
"""

from typing import Any

from operations.formats.values import agent, at, first, source, text, time, token


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    action = text(record.get("action"))
    moment = first(record, "@timestamp", "created_at", "at_sign_timestamp", "p_event_time")
    if action is None or moment is None:
        raise ValueError("it has no action or no time")
    fields = {
        "@timestamp": time(moment),
        "event.id": text(record.get("_document_id")),
        "event.action": action,
        "event.outcome": "failure" if record.get("conclusion") == "failure" else "success",
        "service.name": "github",
        "user.id": text(record.get("actor")),
        "user.name": text(record.get("actor")),
        "organization.id": text(record.get("org")) or text(record.get("business")),
        "source.geo.country_iso_code": text(at(record, "actor_location", "country_code")),
        "resource.type": "repository" if record.get("repo") else None,
        "resource.id": text(record.get("repo")) or text(record.get("user")) or text(record.get("name")),
        "http.request.id": text(record.get("request_id")),
        **source(record.get("actor_ip")),
        **agent(record.get("user_agent")),
    }
    found = token("access_key", record.get("token_id") or record.get("hashed_token"))
    if found:
        fields |= {**found, "token.operation": "token.authorize"}
    return [fields]
