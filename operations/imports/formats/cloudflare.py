"""Converts Cloudflare's audit logs of either version, and what Logpush writes of its firewall and requests.

The formats: https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/

A token of the API is one by its id, where an audit log names it.
"""

from typing import Any

from operations.imports.formats.times import find_time
from operations.imports.formats.values import build_source, build_token, build_user_agent, get_text, get_value

SIGNS = (("RayID",), ("ActionType", "ActorEmail"), ("actor", "action", "when"), ("account", "action", "actor"))
_TIMES = ("When", "when", "Datetime", "EdgeStartTimestamp", "EdgeEndTimestamp", "ActionTimestamp", "p_event_time")
_BLOCKED = ("block", "challenge", "jschallenge", "managed_challenge", "connectionClose", "drop")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a record. Raises ValueError."""
    is_audit = any(isinstance(record.get(name), dict) for name in ("actor", "action")) or "ActionType" in record
    if not is_audit and "RayID" not in record:
        raise ValueError("it is no audit log, and has no RayID")
    return [_build_audit(record) if is_audit else _build_request(record)]


def _build_audit(record: dict[str, Any]) -> dict[str, Any]:
    action, actor = record.get("action"), record.get("actor")
    result = get_value(action, "result") if isinstance(action, dict) else record.get("ActionResult")
    mail = get_text(actor, "email") or get_text(record, "ActorEmail")
    fields = {
        "@timestamp": find_time(*(record.get(time) for time in _TIMES), get_value(action, "time")),
        "event.id": get_text(record, "id") or get_text(record, "ID"),
        "event.action": get_text(action, "type") or get_text(record, "ActionType") or "change",
        "event.outcome": "failure" if result in (False, "failure", "false") else "success",
        "service.name": "cloudflare",
        "organization.id": get_text(record, "account", "id") or get_text(record, "owner", "id"),
        "user.id": get_text(actor, "id") or get_text(record, "ActorID") or mail,
        "user.name": mail,
        "user.email": mail,
        "resource.type": get_text(record, "resource", "type") or get_text(record, "ResourceType"),
        "resource.id": get_text(record, "resource", "id") or get_text(record, "ResourceID"),
        "http.request.id": get_text(record, "raw", "cf_ray_id"),
        **build_source(get_value(actor, "ip") or get_value(actor, "ip_address") or record.get("ActorIP")),
        **build_user_agent(get_value(record, "raw", "user_agent")),
    }
    token = build_token("access_key", get_text(actor, "token_id"))
    return fields | token | ({"token.operation": "token.authorize"} if token else {})


def _build_request(record: dict[str, Any]) -> dict[str, Any]:
    action, status = get_text(record, "Action"), record.get("EdgeResponseStatus")
    is_refused = action in _BLOCKED or (isinstance(status, int) and status in (401, 403, 429))
    return {
        "@timestamp": find_time(*(record.get(time) for time in _TIMES)),
        # One request may meet several rules of the firewall, each in a record of its own.
        "event.id": None if action else get_text(record, "RayID"),
        "event.action": f"firewall.{action}" if action else "request",
        "event.outcome": "failure" if is_refused else "success" if status else "unknown",
        "event.reason": get_text(record, "RuleID") or get_text(record, "Source") if is_refused else None,
        "service.name": "cloudflare",
        "http.request.id": get_text(record, "RayID"),
        "http.request.method": get_text(record, "ClientRequestMethod"),
        "url.domain": get_text(record, "ClientRequestHost"),
        "url.path": get_text(record, "ClientRequestPath"),
        "source.port": record.get("ClientSrcPort") or None,
        "source.as.number": record.get("ClientASN") or None,
        "source.as.organization.name": get_text(record, "ClientASNDescription"),
        "source.geo.country_iso_code": (get_text(record, "ClientCountry") or "").upper(),
        **build_source(record.get("ClientIP")),
        **build_user_agent(record.get("ClientRequestUserAgent")),
    }
