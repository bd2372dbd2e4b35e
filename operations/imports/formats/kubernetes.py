"""Converts the audit log of Kubernetes (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/).

A bearer token of a service account is one by its credential's id, which the API server notes beside who called; a call that
issued one says by which id. A request is written at several stages, each an event of its own. Who called as somebody else is the
caller; whom they called as is the label `impersonated_user`.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import (
    build_source,
    build_token,
    build_user_agent,
    get_first_item,
    get_text,
    get_value,
    to_text,
)

SIGNS = (("auditID", "verb"), ("auditID", "stage"), ("verb", "objectRef"), ("verb", "sourceIPs"))
_TIMES = ("stageTimestamp", "requestReceivedTimestamp", "timestamp", "p_event_time", "@timestamp")
_CREDENTIAL = "authentication.kubernetes.io/credential-id"
_ISSUED = "authentication.kubernetes.io/issued-credential-id"


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a stage, and that of the token that the request issued. Raises ValueError."""
    verb, target = get_text(record, "verb"), record.get("objectRef")
    audit_id, stage = get_text(record, "auditID"), get_text(record, "stage")
    if verb is None and audit_id is None:
        raise ValueError("it has no verb or auditID")
    kind = "/".join(part for name in ("resource", "subresource") if (part := get_text(target, name)))
    who, impersonated = record.get("user"), get_text(record, "impersonatedUser", "username")
    fields = {
        "@timestamp": find_time(*(record.get(time) for time in _TIMES)),
        "event.id": f"{audit_id}:{stage}" if audit_id and stage else None,
        "event.action": ".".join(part for part in (kind, verb) if part) or "request",
        "event.outcome": _read_outcome(record),
        "event.reason": _read_reason(record),
        "service.name": "kubernetes",
        "user.id": get_text(who, "username"),
        "user.name": get_text(who, "username"),
        "user.roles": [group for group in get_value(who, "groups") or [] if isinstance(group, str)],
        "resource.type": kind or None,
        "resource.id": "/".join(part for name in ("namespace", "name") if (part := get_text(target, name))),
        "resource.name": get_text(target, "name"),
        "url.path": (get_text(record, "requestURI") or "").partition("?")[0],
        "labels": {"impersonated_user": impersonated} if impersonated else None,
        **build_source(record.get("sourceIPs")),
        **build_user_agent(record.get("userAgent")),
    }
    used = build_token("session", _read_id(get_value(who, "extra", _CREDENTIAL)))
    call = fields | used | ({"token.operation": "token.authorize"} if used else {})
    issued = build_token("session", _read_id(get_value(record, "annotations", _ISSUED)))
    if not issued:
        return [call]
    parent = {"token.operation": "token.issue", "token.parent_fingerprint": used.get("token.fingerprint")}
    return [call, fields | issued | _read_holder(target) | parent]


def _read_outcome(record: dict[str, Any]) -> str:
    """By the status of the answer, and before there is one by what was decided."""
    code = get_value(record, "responseStatus", "code")
    decision = get_value(record, "annotations", "authorization.k8s.io/decision")
    if decision == "forbid" or (isinstance(code, int) and code >= 400):
        return "failure"
    return "success" if isinstance(code, int) and code else "unknown"


def _read_reason(record: dict[str, Any]) -> str | None:
    reason = get_text(record, "responseStatus", "reason")
    return reason or (get_text(record, "responseStatus", "message") if _read_outcome(record) == "failure" else None)


def _read_id(value: Any) -> str | None:
    """`["JTI=7ee52be0-…"]` or the text in it."""
    return to_text(get_first_item(value) if isinstance(value, list) else value)


def _read_holder(target: Any) -> dict[str, Any]:
    """As whom a service account's token will call."""
    if get_text(target, "resource") != "serviceaccounts":
        return {}
    holder = f"system:serviceaccount:{get_text(target, 'namespace')}:{get_text(target, 'name')}"
    return {"user.id": holder, "user.name": holder}
