"""Converts Google Cloud's audit logs, as Cloud Logging gives them, and its other entries.

The format: https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog

A service account's key is a token by its name: a call with one is its use, `CreateServiceAccountKey` issues one and
`DeleteServiceAccountKey` revokes it. Some exports write names in lower case; both are read.
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
    lower_names,
    parse_object,
)

SIGNS = (("protoPayload", "timestamp"), ("logName", "insertId"), ("logName", "timestamp"), ("protoPayload", "logName"))
_TIMES = ("timestamp", "receivetimestamp", "p_event_time")
_FAILING = frozenset({"ERROR", "CRITICAL", "ALERT", "EMERGENCY"})


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of an entry, and that of the key that it issued or ended. Raises ValueError."""
    record = lower_names(record)
    payload = parse_object(record.get("protopayload") or record.get("protopayload_auditlog"))
    if not payload and "logname" not in record:
        raise ValueError("it has no protoPayload or logName")
    meta, who = get_value(payload, "requestmetadata"), get_value(payload, "authenticationinfo")
    name = (get_text(record, "logname") or "").rpartition("/")[2]
    identity = get_text(who, "principalemail") or get_text(who, "principalsubject")
    fields = {
        "@timestamp": find_time(*(record.get(time) for time in _TIMES)),
        "event.id": _build_id(record),
        "event.action": get_text(payload, "methodname") or name or "entry",
        "event.outcome": _read_outcome(record, payload),
        "event.reason": get_text(payload, "status", "message"),
        "service.name": get_text(payload, "servicename") or name,
        "organization.id": get_text(record, "resource", "labels", "project_id"),
        "user.id": identity,
        "user.name": identity,
        "user.email": identity if identity and "@" in identity else None,
        "resource.type": get_text(record, "resource", "type"),
        "resource.id": get_text(payload, "resourcename"),
        "trace.id": get_text(record, "trace") or get_text(record, "operation", "id"),
        "message": get_text(record, "textpayload"),
        **build_source(get_value(meta, "callerip")),
        **build_user_agent(get_value(meta, "callersupplieduseragent")),
    }
    key = get_text(who, "serviceaccountkeyname")
    used = build_token("access_key", key.rpartition("/")[2]) if key else {}
    call = fields | used | ({"token.operation": "token.authorize"} if used else {})
    changed = _build_changed_key(payload, used) if fields["event.outcome"] != "failure" else {}
    return [call, fields | changed] if changed else [call]


def _build_id(record: dict[str, Any]) -> str | None:
    """An `insertId` tells apart entries of one log and time only."""
    insert_id, name = get_text(record, "insertid"), get_text(record, "logname")
    return f"{name}:{get_text(record, 'timestamp')}:{insert_id}" if insert_id and name else None


def _read_outcome(record: dict[str, Any], payload: dict[str, Any]) -> str:
    code = get_value(payload, "status", "code")
    granted = get_value(get_first_item(payload.get("authorizationinfo")), "granted")
    if code not in (None, 0, "0", "OK") or granted is False:
        return "failure"
    if not payload:
        return "failure" if record.get("severity") in _FAILING else "unknown"
    return "success"


def _build_changed_key(payload: dict[str, Any], used: dict[str, Any]) -> dict[str, Any]:
    """The service account's key that this call made or deleted."""
    method = (get_text(payload, "methodname") or "").rpartition(".")[2]
    if method == "CreateServiceAccountKey":
        name, operation = get_text(payload, "response", "name"), "token.issue"
    elif method == "DeleteServiceAccountKey":
        name, operation = get_text(payload, "request", "name") or get_text(payload, "resourcename"), "token.revoke"
    else:
        return {}
    if name is None:
        return {}
    owner = name.partition("/serviceAccounts/")[2].partition("/")[0]
    return {
        **build_token("access_key", name.rpartition("/")[2]),
        **(dict.fromkeys(("user.id", "user.name", "user.email"), owner if "@" in owner else None)),
        "token.operation": operation,
        "token.parent_fingerprint": used.get("token.fingerprint") if operation == "token.issue" else None,
    }
