"""Says in one plain sentence what an event tells: who did what to which, from where, with which token, how it ended."""

from collections.abc import Callable
from typing import Any

from investigations.presentation.cells import to_text
from investigations.presentation.counts import count_events
from trail.documents import get
from trail.schema import Operation

Read = Callable[[str], str]
# Characters of a value that stand in a sentence.
MOST = 120
_SCOPES = {
    "token": "token",
    "key": "every token of key",
    "user": "every token of user",
    "organization": "every token of",
}
_SCOPES["organisation"] = _SCOPES["organization"]


def describe_event(document: dict[str, Any]) -> str:
    """The sentence, made of nothing but the event's own fields; what the event does not say is left out."""

    def read(name: str) -> str:
        value = get(document, name)
        if value is None:
            return ""
        text = value if type(value) is str else to_text(value)
        return text if len(text) <= MOST else f"{text[:MOST]}…"

    write_act = _ACTS.get(read("token.operation"), _write_other)
    parts = [f"{_name_actor(read)} {write_act(read)}"]
    if address := read("source.ip") or read("source.address"):
        country = read("source.geo.country_iso_code")
        parts.append(f"from {address}{f' ({country})' if country else ''}")
    if client := read("user_agent.name") or read("user_agent.original"):
        parts.append(f"as client {client}")
    if service := read("service.name"):
        parts.append(f"at service {service}")
    return f"{', '.join(parts)}; {_write_outcome(read)}."


def _name_actor(read: Read) -> str:
    name, user = read("user.full_name") or read("user.name"), read("user.id")
    if name and user and name != user:
        return f"{name} (user {user})"
    return f"User {user or name}" if user or name else "Somebody unnamed"


def _name_token(read: Read) -> str:
    if token := read("token.id"):
        return f"token {token}"
    fingerprint = read("token.fingerprint")
    return f"the token with fingerprint {fingerprint[:12]}" if fingerprint else "a token that is not named"


def _name_resource(read: Read) -> str:
    kind, name, number = read("resource.type"), read("resource.name"), read("resource.id")
    shown = f"{name} ({number})" if name and number and name != number else name or number
    return " ".join(filter(None, (kind, shown)))


def _write_issue(read: Read) -> str:
    kind = read("token.kind")
    return f"was issued {_name_token(read)}{f', a {kind} token' if kind else ''}"


def _write_attenuation(read: Read) -> str:
    added = read("token.caveats.added")
    return f"narrowed {_name_token(read)}{f' by the caveat {added}' if added else ''}"


def _write_revocation(read: Read) -> str:
    scope, reason = _SCOPES.get(read("token.revocation.scope"), ""), read("token.revocation.reason")
    revoked = f"{scope} {read('resource.id') or read('token.id')}" if scope else _name_token(read)
    return f"revoked {revoked}{f', giving as the reason “{reason}”' if reason else ''}"


def _write_use(read: Read) -> str:
    resource = _name_resource(read)
    return f"presented {_name_token(read)}{f' to reach {resource}' if resource else ''}"


def _write_other(read: Read) -> str:
    """What the source calls it, where it is no operation of a token."""
    resource, token = _name_resource(read), read("token.id")
    on = f" on {resource}" if resource else ""
    return f"did {read('event.action') or 'something unnamed'}{on}{f' with token {token}' if token else ''}"


_ACTS: dict[str, Callable[[Read], str]] = {
    Operation.ISSUE: _write_issue,
    Operation.ATTENUATE: _write_attenuation,
    Operation.VERIFY: _write_use,
    Operation.AUTHORIZE: _write_use,
    Operation.DISCHARGE: lambda read: f"obtained a discharge for {_name_token(read)}",
    Operation.REVOKE: _write_revocation,
    Operation.RESTORE: lambda read: f"restored {_name_token(read)}",
    Operation.KEY_ROTATE: lambda read: f"rotated key {read('token.key_id') or read('resource.id')}".rstrip(),
}


def _write_outcome(read: Read) -> str:
    outcome, reason = read("event.outcome"), read("event.reason")
    if outcome == "success":
        return "it was accepted"
    if outcome == "failure":
        return f"it was denied{f': {reason}' if reason else ''}"
    return "how it ended is not recorded"


def describe_absence(statement: dict[str, Any]) -> str:
    """The same of the statement that a search found nothing."""
    among = f"{statement['coverage']['events']:,}"
    provisional = ", provisionally" if statement.get("provisional") else ""
    query = f"{statement['query']['words']}, {statement['range']['words']}"
    return f"Nothing was found{provisional} for {query}, among {among} events."


def describe_result_set(statement: dict[str, Any]) -> str:
    """The same of the statement which events a search found."""
    provisional = "Provisionally, " if statement.get("provisional") else ""
    number = count_events(statement["counted"])
    query = f"{statement['query']['words']}, {statement['range']['words']}"
    among = f"{statement['coverage']['events']:,}"
    return f"{provisional}{number} found for {query}, among {among} events."


def describe_finding(statement: dict[str, Any]) -> str:
    """The same of the statement what a detection raised, and what people said of it."""
    rule, state = statement["rule"], statement["state"]
    verdict = f"; {state['by']} said of it: {_cut(state['verdict'])}" if state["acknowledged"] else ""
    return f"The detection “{_cut(rule['name'])}” raised a finding of {count_events(statement['raised'])}{verdict}."


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST]}…"
