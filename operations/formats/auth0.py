"""Auth0 tenant logs (https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes)."""

from typing import Any

from operations.formats.values import agent, at, source, text, time, token

# Auth0's types of a sign-in that begins a session, and of what ends one.
ISSUES = ("s", "ssa")
REVOKES = ("slo", "srrt")
# What begins with f failed; these are the attempts that were blocked.
BLOCKED = ("f", "limit_", "pwd_leak", "signup_pwd_leak", "api_limit")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    inner = record.get("data")
    entry: dict[str, Any] = inner if isinstance(inner, dict) else record
    kind, moment = text(entry.get("type")), entry.get("date")
    if kind is None or moment is None:
        raise ValueError("it has no type or date")
    auth = at(entry, "details", "request", "auth")
    fields = {
        "@timestamp": time(moment),
        "event.id": text(entry.get("log_id")) or text(record.get("log_id")),
        "event.action": kind,
        "event.outcome": "failure" if kind.startswith(BLOCKED) else "success",
        "service.name": "auth0",
        "user.id": text(entry.get("user_id")) or text(at(auth, "user", "user_id")),
        "user.name": text(entry.get("user_name")) or text(at(auth, "user", "name")),
        "user.email": text(at(auth, "user", "email")),
        "resource.type": "application" if entry.get("client_id") else None,
        "resource.id": text(entry.get("client_id")),
        "resource.name": text(entry.get("client_name")),
        "url.path": text(at(entry, "details", "request", "path")),
        "http.request.method": (text(at(entry, "details", "request", "method")) or "").upper(),
        "message": text(entry.get("description")),
        **source(entry.get("ip")),
        **agent(entry.get("user_agent")),
    }
    found = token("session", at(auth, "credentials", "jti") or entry.get("session_id"))
    if found:
        operation = "token.issue" if kind in ISSUES else "token.revoke" if kind in REVOKES else "token.authorize"
        fields |= {**found, "token.operation": operation}
    return [fields]
