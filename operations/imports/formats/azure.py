"""Converts Microsoft Entra ID's sign-ins and audits: as Azure exports them, by the Graph API, and Azure's activity log.

The format: https://learn.microsoft.com/entra/identity/monitoring-health/
By Graph: https://learn.microsoft.com/graph/api/resources/signin, https://learn.microsoft.com/graph/api/resources/directoryaudit
Tables of the portal are read by `entra_table`.

A sign-in issues a token by its `uniqueTokenIdentifier`. Some exports write names in lower case; both are read.
"""

from typing import Any

from operations.imports.formats.entra_table import name_columns
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
    to_geo_point,
)

SIGNS = (
    ("operationName", "category"),
    ("operationname", "category"),
    ("operationName", "resourceId"),
    ("createdDateTime", "userPrincipalName"),
    ("createdDateTime", "appDisplayName"),
    ("activityDisplayName", "activityDateTime"),
    ("event_timestamp", "operation_name"),
    ("eventTimestamp", "operationName"),
    ("Date (UTC)", "Request ID"),
    ("Date (UTC)", "Activity"),
    ("Creation time (UTC)", "Request ID"),
)
# What a record that Azure exports has beside its `properties`, and one of the Graph API has in itself.
_TIMES = ("time", "createddatetime", "activitydatetime", "event_timestamp", "eventtimestamp", "p_event_time")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a sign-in or of an audit record. Raises ValueError."""
    record = lower_names(name_columns(record))
    properties = lower_names(parse_object(record.get("properties"))) or record
    action = _read_action(record, properties)
    outcome, reason = _read_outcome(record, properties)
    where = parse_object(get_value(properties, "location"))
    fields = {
        "@timestamp": find_time(*(where.get(name) for where in (record, properties) for name in _TIMES)),
        "event.id": get_text(properties, "id") or get_text(record, "event_data_id") or get_text(record, "eventdataid"),
        "event.action": action,
        "event.outcome": outcome,
        "event.reason": reason,
        "service.name": get_text(properties, "resourcedisplayname")
        or get_text(properties, "loggedbyservice")
        or "azure",
        "organization.id": get_text(record, "tenantid"),
        "trace.id": get_text(record, "correlationid") or get_text(record, "correlation_id"),
        "source.geo.country_iso_code": get_text(where, "countryorregion"),
        "source.geo.region_name": get_text(where, "state"),
        "source.geo.city_name": get_text(where, "city"),
        "source.geo.location": to_geo_point(get_value(where, "geocoordinates"), "latitude", "longitude"),
        "message": get_text(properties, "resultreason"),
        **build_source(
            record.get("calleripaddress")
            or get_value(properties, "ipaddress")
            or get_value(properties, "initiatedby", "user", "ipaddress")
            or _read_http(record)
        ),
        **build_user_agent(get_value(properties, "useragent")),
        **_build_actor(record, properties),
        **_build_resource(properties),
    }
    if token := build_token("session", get_value(properties, "uniquetokenidentifier")):
        fields |= {**token, "token.operation": "token.issue" if outcome == "success" else "token.verify"}
    return [fields]


def _read_action(record: dict[str, Any], properties: dict[str, Any]) -> str:
    """Raises ValueError. Graph names no operation of a sign-in: it is one by its application and user."""
    for name in ("operationname", "operation_name"):
        if action := get_text(record, name) or get_text(record, name, "value"):
            return action
    if action := get_text(properties, "activitydisplayname"):
        return action
    if "createddatetime" in properties and ("userprincipalname" in properties or "appdisplayname" in properties):
        return "Sign-in activity"
    raise ValueError("it has no operationName, and is no sign-in")


def _read_http(record: dict[str, Any]) -> Any:
    """The caller's address as the activity log has it."""
    request = parse_object(record.get("http_request") or record.get("httprequest"))
    return get_value(request, "client_ip_address") or get_value(request, "clientipaddress")


def _read_outcome(record: dict[str, Any], properties: Any) -> tuple[str, str | None]:
    """Sign-ins answer by number, 0 for success; audit records by word."""
    code = get_text(properties, "status", "errorcode")
    result = (
        get_text(properties, "result")
        or code
        or get_text(record, "resulttype")
        or get_text(record, "resultsignature")
        or get_text(record, "status", "value")
    )
    reason = get_text(properties, "status", "failurereason")
    match (result or "").lower():
        case "0" | "success" | "succeeded":
            return "success", None
        case "" | "none" | "started" | "accepted" | "timeout" | "unknownfuturevalue" | "interrupted":
            return "unknown", reason
        case _:
            return "failure", reason or result


def _build_actor(record: dict[str, Any], properties: Any) -> dict[str, Any]:
    if caller := get_text(record, "caller"):  # of the activity log: a person's address, or an application's id
        return {"user.id": caller, "user.name": caller, "user.email": caller if "@" in caller else None}
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
