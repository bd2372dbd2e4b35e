"""Converts Microsoft Entra ID's sign-in and audit logs as Azure exports them.

The format: https://learn.microsoft.com/entra/identity/monitoring-health/

A sign-in issues a token by its `uniqueTokenIdentifier`. Some exports write names in lower case; both are read.
"""

from typing import Any

from operations.imports.formats.values import (
    build_source,
    build_token,
    build_user_agent,
    get_first,
    get_first_item,
    get_text,
    get_value,
    lower_names,
    to_geo_point,
    to_time,
)


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a sign-in or of an audit record. Raises ValueError."""
    record = lower_names(record)
    properties = record.get("properties")
    action = get_text(record, "operationname") or get_text(properties, "activitydisplayname")
    time = get_first(record, "time", "p_event_time") or get_value(properties, "createddatetime")
    if action is None or time is None:
        raise ValueError("it has no operationName or time")
    outcome, reason = _read_outcome(record, properties)
    where = get_value(properties, "location")
    fields = {
        "@timestamp": to_time(time),
        "event.id": get_text(properties, "id"),
        "event.action": action,
        "event.outcome": outcome,
        "event.reason": reason,
        "service.name": get_text(properties, "resourcedisplayname")
        or get_text(properties, "loggedbyservice")
        or "azure",
        "organization.id": get_text(record, "tenantid"),
        "trace.id": get_text(record, "correlationid"),
        "source.geo.country_iso_code": get_text(where, "countryorregion"),
        "source.geo.region_name": get_text(where, "state"),
        "source.geo.city_name": get_text(where, "city"),
        "source.geo.location": to_geo_point(get_value(where, "geocoordinates"), "latitude", "longitude"),
        "message": get_text(properties, "resultreason"),
        **build_source(record.get("calleripaddress") or get_value(properties, "ipaddress")),
        **build_user_agent(get_value(properties, "useragent")),
        **_build_actor(properties),
        **_build_resource(properties),
    }
    if token := build_token("session", get_value(properties, "uniquetokenidentifier")):
        fields |= {**token, "token.operation": "token.issue" if outcome == "success" else "token.verify"}
    return [fields]


def _read_outcome(record: dict[str, Any], properties: Any) -> tuple[str, str | None]:
    """Sign-ins answer by number, 0 for success; audit records by word."""
    code = get_text(properties, "status", "errorcode")
    result = (
        get_text(properties, "result") or code or get_text(record, "resulttype") or get_text(record, "resultsignature")
    )
    reason = get_text(properties, "status", "failurereason")
    match (result or "").lower():
        case "0" | "success":
            return "success", None
        case "" | "none":
            return "unknown", reason
        case _:
            return "failure", reason or result


def _build_actor(properties: Any) -> dict[str, Any]:
    who = get_value(properties, "initiatedby", "user") or {}
    app = get_value(properties, "initiatedby", "app")
    service = get_text(properties, "serviceprincipalid") or get_text(app, "serviceprincipalid")
    mail = get_text(who, "userprincipalname") or get_text(properties, "userprincipalname")
    name = get_text(who, "displayname") or get_text(properties, "userdisplayname") or mail
    name = name or get_text(properties, "serviceprincipalname") or get_text(app, "displayname")
    return {
        "user.id": get_text(who, "id") or get_text(properties, "userid") or service,
        "user.name": name,
        "user.email": mail,
    }


def _build_resource(properties: Any) -> dict[str, Any]:
    """What was changed; for a sign-in the application it was to."""
    target = get_first_item(get_value(properties, "targetresources"))
    if target is None:
        app = get_text(properties, "appid")
        return {
            "resource.type": "application" if app else None,
            "resource.id": app,
            "resource.name": get_text(properties, "appdisplayname"),
        }
    return {
        "resource.type": get_text(target, "type"),
        "resource.id": get_text(target, "id"),
        "resource.name": get_text(target, "displayname") or get_text(target, "userprincipalname"),
    }
