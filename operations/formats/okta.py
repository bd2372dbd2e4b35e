"""Okta System Log (https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/).

An Okta session is a token: its start issues it, its end revokes it, other records with it are uses. An Okta API token
is one as well. Clearing a user's sessions is a use of one's own and a revocation of all of theirs, a second event
`…:revoke`. Some exports write names in lower case; both are read.
"""

from typing import Any

from operations.formats.values import agent, at, first, lower_names, place, source, text, time, token

OUTCOMES = {"SUCCESS": "success", "ALLOW": "success", "FAILURE": "failure", "DENY": "failure"}
OPERATIONS = {
    "user.session.start": "token.issue",
    "user.session.end": "token.revoke",
    "system.api_token.create": "token.issue",
    "system.api_token.revoke": "token.revoke",
}


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    record = lower_names(record)
    action = text(record.get("eventtype"))
    published = first(record, "published", "p_event_time")
    if action is None or published is None:
        raise ValueError("it has no eventType or published")
    client = record.get("client")
    outcome = OUTCOMES.get(text(at(record, "outcome", "result")) or "", "unknown")
    fields = {
        "@timestamp": time(published),
        "event.id": text(record.get("uuid")),
        "event.action": action,
        "event.outcome": outcome,
        "event.reason": text(at(record, "outcome", "reason")),
        "service.name": "okta",
        "user.id": text(at(record, "actor", "id")),
        "user.name": text(at(record, "actor", "displayname")),
        "user.email": mail if (mail := text(at(record, "actor", "alternateid"))) and "@" in mail else None,
        "source.geo.city_name": text(at(client, "geographicalcontext", "city")),
        "source.geo.region_name": text(at(client, "geographicalcontext", "state")),
        "source.geo.location": place(at(client, "geographicalcontext", "geolocation"), "lat", "lon"),
        "source.as.number": asn if isinstance(asn := at(record, "securitycontext", "asnumber"), int) else None,
        "source.as.organization.name": text(at(record, "securitycontext", "asorg")),
        "url.path": text(at(record, "debugcontext", "debugdata", "requesturi")),
        "http.request.id": text(at(record, "debugcontext", "debugdata", "requestid")),
        "trace.id": text(at(record, "transaction", "id")),
        "message": text(record.get("displaymessage")),
        **source(at(client, "ipaddress")),
        **agent(at(client, "useragent", "rawuseragent")),
        **_target(record),
    }
    call = fields | _token(record, action, outcome)
    return [call, fields | _cleared(record)] if action == "user.session.clear" and outcome == "success" else [call]


def _token(record: dict[str, Any], action: str, outcome: str) -> dict[str, Any]:
    session = text(at(record, "authenticationcontext", "externalsessionid"))
    api_token = at(record, "transaction", "detail", "requestapitokenid")
    if action in OPERATIONS and action.startswith("system.api_token"):
        found = token("access_key", at(_targets(record)[0], "id") if _targets(record) else None)
    elif api_token:
        found = token("access_key", api_token)
    else:
        found = token("session", session if session != "unknown" else None)
    if not found:
        return {}
    operation = OPERATIONS.get(action, "token.authorize")
    # A session that was refused was never issued: what is on record is a verification that failed.
    if operation == "token.issue" and outcome == "failure":
        operation = "token.verify"
    return {**found, "token.operation": operation}


def _cleared(record: dict[str, Any]) -> dict[str, Any]:
    """All sessions of the user who is the target end. The record's own session is that of whoever cleared them."""
    target = _targets(record)[0] if _targets(record) else None
    return {
        "user.id": text(at(target, "id")),
        "user.name": text(at(target, "displayname")),
        "user.email": text(at(target, "alternateid")),
        "token.operation": "token.revoke",
        "token.revocation.scope": "user",
        "token.revocation.reason": "user.session.clear",
    }


def _targets(record: dict[str, Any]) -> list[Any]:
    targets = record.get("target")
    return targets if isinstance(targets, list) else []


def _target(record: dict[str, Any]) -> dict[str, Any]:
    first = _targets(record)[0] if _targets(record) else None
    return {
        "resource.type": text(at(first, "type")),
        "resource.id": text(at(first, "id")),
        "resource.name": text(at(first, "displayname")) or text(at(first, "alternateid")),
    }
