"""Microsoft Entra ID's sign-in and audit logs as Azure exports them (https://learn.microsoft.com/entra/identity/monitoring-health/).

A sign-in issues a token by its `uniqueTokenIdentifier`. Some exports write names in lower case; both are read.
"""

from typing import Any

from operations.formats.values import agent, at, first, lower_names, place, source, text, time, token


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    record = lower_names(record)
    properties = record.get("properties")
    action = text(record.get("operationname")) or text(at(properties, "activitydisplayname"))
    moment = first(record, "time", "p_event_time") or at(properties, "createddatetime")
    if action is None or moment is None:
        raise ValueError("it has no operationName or time")
    outcome, reason = _outcome(record, properties)
    where = at(properties, "location")
    fields = {
        "@timestamp": time(moment),
        "event.id": text(at(properties, "id")),
        "event.action": action,
        "event.outcome": outcome,
        "event.reason": reason,
        "service.name": text(at(properties, "resourcedisplayname"))
        or text(at(properties, "loggedbyservice"))
        or "azure",
        "organization.id": text(record.get("tenantid")),
        "trace.id": text(record.get("correlationid")),
        "source.geo.country_iso_code": text(at(where, "countryorregion")),
        "source.geo.region_name": text(at(where, "state")),
        "source.geo.city_name": text(at(where, "city")),
        "source.geo.location": place(at(where, "geocoordinates"), "latitude", "longitude"),
        "message": text(at(properties, "resultreason")),
        **source(record.get("calleripaddress") or at(properties, "ipaddress")),
        **agent(at(properties, "useragent")),
        **_actor(properties),
        **_resource(properties),
    }
    if found := token("session", at(properties, "uniquetokenidentifier")):
        fields |= {**found, "token.operation": "token.issue" if outcome == "success" else "token.verify"}
    return [fields]


def _outcome(record: dict[str, Any], properties: Any) -> tuple[str, str | None]:
    """Sign-ins answer by number, 0 for success; audit records by word."""
    code = text(at(properties, "status", "errorcode"))
    said = (
        text(at(properties, "result")) or code or text(record.get("resulttype")) or text(record.get("resultsignature"))
    )
    reason = text(at(properties, "status", "failurereason"))
    match (said or "").lower():
        case "0" | "success":
            return "success", None
        case "" | "none":
            return "unknown", reason
        case _:
            return "failure", reason or said


def _actor(properties: Any) -> dict[str, Any]:
    who = at(properties, "initiatedby", "user") or {}
    app = at(properties, "initiatedby", "app")
    service = text(at(properties, "serviceprincipalid")) or text(at(app, "serviceprincipalid"))
    mail = text(at(who, "userprincipalname")) or text(at(properties, "userprincipalname"))
    return {
        "user.id": text(at(who, "id")) or text(at(properties, "userid")) or service,
        "user.name": text(at(who, "displayname")) or text(at(properties, "userdisplayname")) or mail
        or text(at(properties, "serviceprincipalname")) or text(at(app, "displayname")),
        "user.email": mail,
    }  # fmt: skip


def _resource(properties: Any) -> dict[str, Any]:
    """What was changed; for a sign-in the application it was to."""
    targets = at(properties, "targetresources")
    target = targets[0] if isinstance(targets, list) and targets else None
    if target is None:
        app = text(at(properties, "appid"))
        return {
            "resource.type": "application" if app else None,
            "resource.id": app,
            "resource.name": text(at(properties, "appdisplayname")),
        }
    return {
        "resource.type": text(at(target, "type")),
        "resource.id": text(at(target, "id")),
        "resource.name": text(at(target, "displayname")) or text(at(target, "userprincipalname")),
    }
