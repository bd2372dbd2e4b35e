"""Converts Google Workspace activity reports.

The format: https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities

An activity holds one event or, as the API gives it, several in `events`: each becomes an event of the trail.
"""

import re
from typing import Any

from operations.imports.formats.values import build_source, get_text, get_value, to_text, to_time

SIGNS = (("id", "actor", "events"), ("kind", "id", "events"), ("id", "actor", "name", "type"))
# Names say how an event ended: `login_failure`, `CHROME_OS_LOGIN_FAILURE_EVENT`, `risky_sensitive_action_blocked`.
_FAILED = re.compile(r"(?:^|_)(?:fail|failed|failure|denied|blocked|rejected|unsuccessful)(?:_|$)", re.IGNORECASE)
_ADDRESSES = ("ip_address", "IP_ADDRESS", "ip", "REMOTE_IP_ADDRESS", "client_ip", "device_ip", "actor_ip_address")
# What the parameters call the thing acted on, by what it is.
RESOURCES = {
    "doc_id": "document",
    "client_id": "application",
    "APPLICATION_NAME": "application",
    "GROUP_EMAIL": "group",
    "USER_EMAIL": "user",
    "ROLE_NAME": "role",
}


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of an activity. Raises ValueError."""
    time, service = get_value(record, "id", "time"), get_text(record, "id", "applicationName")
    if time is None or service is None:
        raise ValueError("its id has no time or applicationName")
    events, qualifier = record.get("events"), get_text(record, "id", "uniqueQualifier")
    mail = get_text(record, "actor", "email")
    common = {
        "@timestamp": to_time(time),
        # One id for the whole activity: where its events came apart on the way, it is none of theirs.
        "event.id": f"{service}:{time}:{qualifier}" if qualifier and isinstance(events, list) else None,
        "service.name": f"google.{service}",
        "organization.id": get_text(record, "id", "customerId"),
        "user.id": get_text(record, "actor", "profileId") or mail or get_text(record, "actor", "key"),
        "user.name": mail,
        "user.email": mail,
        **build_source(record.get("ipAddress")),
    }
    parts = events if isinstance(events, list) else [record]
    named = [_build_event(part) | common for part in parts if get_text(part, "name")]
    if not named:
        raise ValueError("it has no event with a name")
    return named


def _build_event(part: dict[str, Any]) -> dict[str, Any]:
    name, parameters = to_text(part["name"]), _read_parameters(part.get("parameters"))
    kind = next((kind for kind in RESOURCES if to_text(parameters.get(kind))), None)
    return {
        "event.action": name,
        "event.outcome": "failure"
        if _FAILED.search(name or "") or parameters.get("is_success") is False
        else "success",
        "event.reason": get_text(parameters, "login_failure_type") or get_text(parameters, "LOGIN_FAILURE_REASON"),
        "resource.type": RESOURCES[kind] if kind else None,
        "resource.id": to_text(parameters[kind]) if kind else None,
        "resource.name": get_text(parameters, "doc_title") or get_text(parameters, "app_name"),
        **build_source(next((parameters[name] for name in _ADDRESSES if parameters.get(name)), None)),
    }


def _read_parameters(value: Any) -> dict[str, Any]:
    """By name, whether they came as an object or as the API's list of names and values."""
    if isinstance(value, list):
        return {str(get_value(parameter, "name")): _read_parameter(parameter) for parameter in value}
    return value if isinstance(value, dict) else {}


def _read_parameter(parameter: Any) -> Any:
    """The API says by the member's name of which kind a value is."""
    kinds = ("value", "boolValue", "intValue", "multiValue")
    return next((inner for kind in kinds if (inner := get_value(parameter, kind)) is not None), None)
