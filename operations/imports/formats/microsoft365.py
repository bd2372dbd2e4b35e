"""Converts Microsoft 365's unified audit log, as its API gives it, and as Purview and PowerShell export it (`AuditData`).

The format: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema

A session of Entra is a token by its `AADSessionId`; what an application did in it is a use. Some exports write names in lower
case.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import (
    build_source,
    build_token,
    build_user_agent,
    get_text,
    get_value,
    lower_names,
    to_text,
)

SIGNS = (
    ("CreationTime", "Operation", "Workload"),
    ("CreationTime", "Operation", "RecordType"),
    ("creationtime", "operation", "workload"),
    ("AuditData", "Operations"),
    ("AuditData", "RecordType"),
)
_SUCCEEDED = ("success", "succeeded", "true", "partiallysucceeded")
_FAILED = ("failed", "false", "failure", "error")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    record = lower_names(record)
    action = get_text(record, "operation")
    if action is None or not (record.get("creationtime") or record.get("p_event_time")):
        raise ValueError("it has no Operation or CreationTime")
    mail = get_text(record, "userid")
    extended = _read_pairs(record.get("extendedproperties")) | _read_pairs(record.get("deviceproperties"))
    fields = {
        "@timestamp": find_time(record.get("creationtime"), record.get("p_event_time")),
        "event.id": get_text(record, "id"),
        "event.action": action,
        "event.outcome": _read_outcome(record, action),
        "event.reason": get_text(record, "logonerror") or get_text(record, "errornumber"),
        "service.name": get_text(record, "workload"),
        "organization.id": get_text(record, "organizationid"),
        "organization.name": get_text(record, "organizationname"),
        "user.id": mail or get_text(record, "userkey"),
        "user.name": mail,
        "user.email": mail if mail and "@" in mail else None,
        "resource.type": get_text(record, "itemtype"),
        "resource.id": get_text(record, "objectid"),
        "resource.name": get_text(record, "sourcefilename") or get_text(record, "targetuserorgroupname"),
        "trace.id": get_text(record, "intersystemsid") or get_text(record, "appaccesscontext", "correlationid"),
        **build_source(*(record.get(name) for name in ("clientip", "actoripaddress", "clientipaddress"))),
        **build_user_agent(record.get("useragent") or extended.get("useragent") or record.get("clientinfostring")),
    }
    session = (
        get_value(record, "appaccesscontext", "aadsessionid") or record.get("sessionid") or extended.get("sessionid")
    )
    if token := build_token("session", session):
        is_refused = action == "UserLoginFailed"
        operation = "token.verify" if is_refused else "token.issue" if action == "UserLoggedIn" else "token.authorize"
        fields |= {**token, "token.operation": operation}
    return [fields]


def _read_outcome(record: dict[str, Any], action: str) -> str:
    """A sign-in that failed says `Success` of the request for it, so its name is looked at first."""
    result = (get_text(record, "resultstatus") or "").lower()
    if action.endswith("Failed") or result in _FAILED or get_text(record, "logonerror"):
        return "failure"
    return "success" if result in _SUCCEEDED else "unknown"


def _read_pairs(value: Any) -> dict[str, Any]:
    """`[{"Name": "UserAgent", "Value": "…"}]` by the names in lower case."""
    if not isinstance(value, list):
        return {}
    return {(to_text(get_value(pair, "name")) or "").lower(): get_value(pair, "value") for pair in value}
