"""GitHub audit log (https://docs.github.com/en/organizations/keeping-your-organization-secure/reviewing-the-audit-log).

A personal access token or an app's token is a token by its `token_id` or the hash GitHub gives of it.
"""

from typing import Any

from operations.formats.values import agent, at, source, text, time, token

ISSUES = ("personal_access_token.access_granted", "oauth_authorization.create", "public_key.create")
REVOKES = ("personal_access_token.access_revoked", "oauth_authorization.destroy", "public_key.delete")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    action = text(record.get("action"))
    moments = ("@timestamp", "created_at", "at_sign_timestamp", "p_event_time")
    moment = next((record[name] for name in moments if record.get(name)), None)
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
        operation = "token.issue" if action in ISSUES else "token.revoke" if action in REVOKES else "token.authorize"
        fields |= {**found, "token.operation": operation}
    return [fields]
