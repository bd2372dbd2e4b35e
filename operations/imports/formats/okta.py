"""Converts the Okta System Log.

The format: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/

An Okta session is a token: its start issues it, its end revokes it, other records with it are uses. An Okta API token
is one as well. Clearing a user's sessions is a use of one's own and a revocation of all of theirs, a second event
`…:revoke`. Some exports write names in lower case; both are read.
"""

from typing import Any

from operations.imports.formats.times import find_time
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
)

SIGNS = (("eventType", "published"), ("eventtype", "published"), ("eventType", "uuid", "actor"))
OUTCOMES = {"SUCCESS": "success", "ALLOW": "success", "FAILURE": "failure", "DENY": "failure"}
OPERATIONS = {
    "user.session.start": "token.issue",
    "user.session.end": "token.revoke",
    "system.api_token.create": "token.issue",
    "system.api_token.revoke": "token.revoke",
}


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record, and that of the sessions it cleared. Raises ValueError."""
    record = lower_names(record)
    action = get_text(record, "eventtype")
    if action is None or get_first(record, "published", "p_event_time") is None:
        raise ValueError("it has no eventType or published")
    client = record.get("client")
    outcome = OUTCOMES.get(get_text(record, "outcome", "result") or "", "unknown")
    fields = {
        "@timestamp": find_time(record.get("published"), record.get("p_event_time")),
        "event.id": get_text(record, "uuid"),
        "event.action": action,
        "event.outcome": outcome,
        "event.reason": get_text(record, "outcome", "reason"),
        "service.name": "okta",
        "user.id": get_text(record, "actor", "id"),
        "user.name": get_text(record, "actor", "displayname"),
        "user.email": mail if (mail := get_text(record, "actor", "alternateid")) and "@" in mail else None,
        "source.geo.city_name": get_text(client, "geographicalcontext", "city"),
        "source.geo.region_name": get_text(client, "geographicalcontext", "state"),
        "source.geo.location": to_geo_point(get_value(client, "geographicalcontext", "geolocation"), "lat", "lon"),
        "source.as.number": asn if isinstance(asn := get_value(record, "securitycontext", "asnumber"), int) else None,
        "source.as.organization.name": get_text(record, "securitycontext", "asorg"),
        "url.path": get_text(record, "debugcontext", "debugdata", "requesturi"),
        "http.request.id": get_text(record, "debugcontext", "debugdata", "requestid"),
        "trace.id": get_text(record, "transaction", "id"),
        "message": get_text(record, "displaymessage"),
        **build_source(get_value(client, "ipaddress"), get_value(record, "request", "ipchain")),
        **build_user_agent(get_value(client, "useragent", "rawuseragent")),
        **_build_resource(record),
    }
    call = fields | _build_used_token(record, action, outcome)
    return (
        [call, fields | _build_clearing(record)] if action == "user.session.clear" and outcome == "success" else [call]
    )


def _build_used_token(record: dict[str, Any], action: str, outcome: str) -> dict[str, Any]:
    session = get_text(record, "authenticationcontext", "externalsessionid")
    api_token = get_value(record, "transaction", "detail", "requestapitokenid")
    if action in OPERATIONS and action.startswith("system.api_token"):
        token = build_token("access_key", get_value(get_first_item(record.get("target")), "id"))
    elif api_token:
        token = build_token("access_key", api_token)
    else:
        token = build_token("session", session if session != "unknown" else None)
    if not token:
        return {}
    operation = OPERATIONS.get(action, "token.authorize")
    # A session that was refused was never issued: what is on record is a verification that failed.
    if operation == "token.issue" and outcome == "failure":
        operation = "token.verify"
    return {**token, "token.operation": operation}


def _build_clearing(record: dict[str, Any]) -> dict[str, Any]:
    """All sessions of the user who is the target end. The record's own session is that of whoever cleared them."""
    target = get_first_item(record.get("target"))
    return {
        "user.id": get_text(target, "id"),
        "user.name": get_text(target, "displayname"),
        "user.email": get_text(target, "alternateid"),
        "token.operation": "token.revoke",
        "token.revocation.scope": "user",
        "token.revocation.reason": "user.session.clear",
    }


def _build_resource(record: dict[str, Any]) -> dict[str, Any]:
    target = get_first_item(record.get("target"))
    return {
        "resource.type": get_text(target, "type"),
        "resource.id": get_text(target, "id"),
        "resource.name": get_text(target, "displayname") or get_text(target, "alternateid"),
    }
