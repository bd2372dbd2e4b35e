"""Converts Auth0 tenant logs (https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes)."""

from typing import Any

from operations.imports.formats.values import build_source, build_token, build_user_agent, get_text, get_value, to_time

SIGNS = (("log_id", "data"), ("log_id", "type", "date"), ("type", "date", "client_id"))
# Auth0's types of a sign-in that begins a session, and of what ends one.
ISSUES = ("s", "ssa")
REVOKES = ("slo", "srrt")
# What begins with f failed; these are the attempts that were blocked.
BLOCKED = ("f", "limit_", "pwd_leak", "signup_pwd_leak", "api_limit")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a log entry. Raises ValueError."""
    inner = record.get("data")
    entry: dict[str, Any] = inner if isinstance(inner, dict) else record
    kind, time = get_text(entry, "type"), entry.get("date")
    if kind is None or time is None:
        raise ValueError("it has no type or date")
    auth = get_value(entry, "details", "request", "auth")
    fields = {
        "@timestamp": to_time(time),
        "event.id": get_text(entry, "log_id") or get_text(record, "log_id"),
        "event.action": kind,
        "event.outcome": "failure" if kind.startswith(BLOCKED) else "success",
        "service.name": "auth0",
        "user.id": get_text(entry, "user_id") or get_text(auth, "user", "user_id"),
        "user.name": get_text(entry, "user_name") or get_text(auth, "user", "name"),
        "user.email": get_text(auth, "user", "email"),
        "resource.type": "application" if entry.get("client_id") else None,
        "resource.id": get_text(entry, "client_id"),
        "resource.name": get_text(entry, "client_name"),
        "url.path": get_text(entry, "details", "request", "path"),
        "http.request.method": (get_text(entry, "details", "request", "method") or "").upper(),
        "message": get_text(entry, "description"),
        **build_source(entry.get("ip")),
        **build_user_agent(entry.get("user_agent")),
    }
    token = build_token(
        "session",
        get_value(auth, "credentials", "jti") or entry.get("session_id") or get_value(entry, "details", "session_id"),
    )
    if token:
        operation = "token.issue" if kind in ISSUES else "token.revoke" if kind in REVOKES else "token.authorize"
        fields |= {**token, "token.operation": operation}
    return [fields]
