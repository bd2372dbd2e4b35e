"""Google Workspace activity reports (https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities).

An activity holds one event or, as the API gives it, several in `events`: each becomes an event of the trail.
"""

from typing import Any

from operations.formats.values import at, source, text, time

FAILURES = ("login_failure", "login_challenge_failure", "risky_sensitive_action_blocked")
# What the parameters call the thing acted on, by what it is.
RESOURCES = {"doc_id": "document", "client_id": "application", "APPLICATION_NAME": "application", "GROUP_EMAIL": "group",
             "USER_EMAIL": "user", "ROLE_NAME": "role"}  # fmt: skip


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    moment, service = at(record, "id", "time"), text(at(record, "id", "applicationName"))
    if moment is None or service is None:
        raise ValueError("its id has no time or applicationName")
    events, qualifier = record.get("events"), text(at(record, "id", "uniqueQualifier"))
    mail = text(at(record, "actor", "email"))
    common = {
        "@timestamp": time(moment),
        # One id for the whole activity: where its events came apart on the way, it is none of theirs.
        "event.id": f"{service}:{moment}:{qualifier}" if qualifier and isinstance(events, list) else None,
        "service.name": f"google.{service}",
        "organization.id": text(at(record, "id", "customerId")),
        "user.id": text(at(record, "actor", "profileId")) or mail or text(at(record, "actor", "key")),
        "user.name": mail,
        "user.email": mail,
        **source(record.get("ipAddress")),
    }
    found = [
        common | _event(one) for one in (events if isinstance(events, list) else [record]) if text(at(one, "name"))
    ]
    if not found:
        raise ValueError("it has no event with a name")
    return found


def _event(one: dict[str, Any]) -> dict[str, Any]:
    name, parameters = text(one["name"]), _parameters(one.get("parameters"))
    kind = next((kind for kind in RESOURCES if text(parameters.get(kind))), None)
    return {
        "event.action": name,
        "event.outcome": "failure" if name in FAILURES else "success",
        "event.reason": text(parameters.get("login_failure_type")),
        "resource.type": RESOURCES[kind] if kind else None,
        "resource.id": text(parameters[kind]) if kind else None,
        "resource.name": text(parameters.get("doc_title")) or text(parameters.get("app_name")),
    }


def _parameters(value: Any) -> dict[str, Any]:
    """By name, whether they came as an object or as the API's list of names and values."""
    if isinstance(value, list):
        return {str(at(one, "name")): at(one, "value") for one in value}
    return value if isinstance(value, dict) else {}
