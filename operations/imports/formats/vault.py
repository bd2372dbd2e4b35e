"""Converts the audit log of HashiCorp Vault (https://developer.hashicorp.com/vault/docs/audit/schema).

A token is one by its accessor, as the log has it: an HMAC, the same one each time. A request and its response are two events.
Logging in and creating a token issue one, a second event of the response, and so does ending one by its accessor. A token that is
ended by its value cannot be told: the log has another HMAC of that.
"""

from typing import Any

from operations.imports.formats.times import find_time, read_lesser_time
from operations.imports.formats.values import build_source, build_token, build_user_agent, get_text, get_value

SIGNS = (("request", "type", "auth"), ("request", "type", "time"))
_REVOKING_ITSELF = "auth/token/revoke-self"
_REVOKING_OTHERS = ("auth/token/revoke", "auth/token/revoke-accessor", "auth/token/revoke-orphan")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a request or a response, and that of the token that it issued or ended. Raises ValueError."""
    request, kind = record.get("request"), get_text(record, "type")
    path, operation = get_text(request, "path"), get_text(request, "operation")
    if kind not in ("request", "response") or path is None:
        raise ValueError("it is no request or response, or has no path")
    auth, problem = record.get("auth"), get_text(record, "error")
    identifier = get_text(request, "id")
    fields = {
        "@timestamp": find_time(record.get("time"), record.get("@timestamp")),
        "event.id": f"{identifier}:{kind}" if identifier else None,
        "event.action": f"{operation or kind} {path.partition('?')[0]}"[:1_000],
        "event.outcome": "failure" if problem else "success" if kind == "response" else "unknown",
        "event.reason": problem,
        "service.name": "vault",
        "organization.id": get_text(request, "namespace", "path") or get_text(request, "namespace", "id"),
        "user.id": get_text(auth, "entity_id") or get_text(auth, "display_name"),
        "user.name": get_text(auth, "display_name"),
        "user.roles": [policy for policy in get_value(auth, "policies") or [] if isinstance(policy, str)],
        "resource.type": get_text(request, "mount_type"),
        "resource.id": path,
        "http.request.id": identifier,
        **build_source(get_value(request, "remote_address")),
        **build_user_agent(_read_agent(request)),
    }
    used = build_token("service", get_text(request, "client_token_accessor") or get_text(auth, "accessor"))
    issued = build_token("service", get_text(record, "response", "auth", "accessor"))
    ending = path.rstrip("/") if kind == "response" and not problem else ""
    if used and used != issued:
        used |= {"token.operation": "token.revoke" if ending == _REVOKING_ITSELF else "token.authorize"}
    else:
        used = {}
    if issued:
        return [fields | used, fields | _build_issued(record["response"]["auth"], issued, used)]
    ended = build_token("service", get_text(request, "data", "accessor")) if ending in _REVOKING_OTHERS else {}
    return [fields | used, _build_ended(fields, ended)] if ended else [fields | used]


def _build_ended(fields: dict[str, Any], ended: dict[str, Any]) -> dict[str, Any]:
    """The token of another that a call ended; whose it was is not said."""
    nobody = dict.fromkeys(name for name in fields if name.startswith("user."))
    return fields | nobody | ended | {"token.operation": "token.revoke"}


def _build_issued(auth: dict[str, Any], issued: dict[str, Any], used: dict[str, Any]) -> dict[str, Any]:
    holder = get_text(auth, "entity_id") or get_text(auth, "display_name")
    return {
        **issued,
        "user.id": holder,
        "user.name": get_text(auth, "display_name"),
        "token.operation": "token.issue",
        "token.issued_at": read_lesser_time(auth.get("token_issue_time")),
        "token.parent_fingerprint": used.get("token.fingerprint"),
    }


def _read_agent(request: Any) -> Any:
    agents = get_value(request, "headers", "user-agent")
    return agents[0] if isinstance(agents, list) and agents else agents
