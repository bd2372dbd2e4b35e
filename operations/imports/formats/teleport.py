"""Converts Teleport audit events (https://goteleport.com/docs/reference/monitoring/audit/).

A certificate is a token that `cert.create` issues; a session is one by its `sid`.
"""

from typing import Any

from operations.imports.formats.times import read_lesser_time
from operations.imports.formats.values import build_source, build_token, build_user_agent, get_text, get_value, to_time

SIGNS = (("event", "uid", "time"), ("event", "code", "time"), ("ei", "event", "time"))


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of an audit event. Raises ValueError."""
    action = get_text(record, "event")
    if action is None or not record.get("time"):
        raise ValueError("it has no event or time")
    failed = record.get("success") is False or bool(record.get("error"))
    expires = record.get("expires") or get_value(record, "identity", "expires")
    fields = {
        "@timestamp": to_time(record["time"]),
        "event.id": f"{uid}:{record.get('ei', 0)}" if (uid := get_text(record, "uid")) else None,
        "event.action": action,
        "event.outcome": "failure" if failed else "success",
        "event.reason": get_text(record, "error"),
        "service.name": get_text(record, "cluster_name") or "teleport",
        "user.id": get_text(record, "user") or get_text(record, "identity", "user"),
        "user.name": get_text(record, "login"),
        "resource.type": "server" if record.get("server_id") else None,
        "resource.id": get_text(record, "server_id") or get_text(record, "name"),
        "resource.name": get_text(record, "server_hostname"),
        **build_source(record.get("addr.remote") or record.get("addr_remote") or record.get("src_addr")),
        **build_user_agent(record.get("user_agent")),
    }
    if action == "cert.create" and uid:
        fields |= build_token("session", uid)
        fields |= {"token.operation": "token.issue", "token.expires_at": read_lesser_time(expires)}
    elif record.get("sid"):
        ends = action in ("session.end", "session.leave")
        starts = action == "session.start"
        operation = "token.revoke" if ends else "token.issue" if starts else "token.authorize"
        fields |= build_token("session", record["sid"]) | {"token.operation": operation}
    return [fields]
