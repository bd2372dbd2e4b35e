"""Teleport audit events (https://goteleport.com/docs/reference/monitoring/audit/).

A certificate is a token that `cert.create` issues; a session is one by its `sid`.
"""

from typing import Any

from operations.formats.values import agent, at, source, text, time, token


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    action = text(record.get("event"))
    if action is None or not record.get("time"):
        raise ValueError("it has no event or time")
    failed = record.get("success") is False or bool(record.get("error"))
    expires = record.get("expires") or at(record, "identity", "expires")
    fields = {
        "@timestamp": time(record["time"]),
        "event.id": f"{uid}:{record.get('ei', 0)}" if (uid := text(record.get("uid"))) else None,
        "event.action": action,
        "event.outcome": "failure" if failed else "success",
        "event.reason": text(record.get("error")),
        "service.name": text(record.get("cluster_name")) or "teleport",
        "user.id": text(record.get("user")) or text(at(record, "identity", "user")),
        "user.name": text(record.get("login")),
        "resource.type": "server" if record.get("server_id") else None,
        "resource.id": text(record.get("server_id")) or text(record.get("name")),
        "resource.name": text(record.get("server_hostname")),
        **source(record.get("addr.remote") or record.get("addr_remote") or record.get("src_addr")),
        **agent(record.get("user_agent")),
    }
    if action == "cert.create" and uid:
        fields |= {**token("session", uid), "token.operation": "token.issue",
                   "token.expires_at": time(expires) if expires else None}  # fmt: skip
    elif record.get("sid"):
        ends = action in ("session.end", "session.leave")
        starts = action == "session.start"
        operation = "token.revoke" if ends else "token.issue" if starts else "token.authorize"
        fields |= {**token("session", record["sid"]), "token.operation": operation}
    return [fields]
