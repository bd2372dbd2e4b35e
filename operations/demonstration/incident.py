"""The one incident in the demonstration, planned so that its answer is known without reading the trail.

A continuous-integration token of the organisation northwind stands in a build log. An intruder finds it, narrows it
twice (once in a way the platform records, once that only its caveats show), reads secrets, has the platform issue a
token of their own, and is noticed; the token is revoked, and what still tries it afterwards is refused.
"""

import json
from dataclasses import dataclass
from typing import Any

from operations.demonstration.world import Token, fingerprint

INTRUDER = {
    "source.ip": "203.0.113.77", "source.geo.country_iso_code": "AQ", "source.geo.city_name": "McMurdo",
    "source.geo.location": "-77.85,166.67", "source.as.number": 64511, "source.as.organization.name": "Example Hosting",
    "user_agent.original": "python-requests/2.32.3", "user_agent.name": "python-requests", "user_agent.version": "2.32.3",
}  # fmt: skip
RUNNER = {
    "source.ip": "10.30.4.17", "user_agent.original": "platform-ci/9.1 runner", "user_agent.name": "platform-ci",
    "user_agent.version": "9.1",
}  # fmt: skip
OWNER = {
    "user.id": "usr_0000",
    "user.name": "ada-0000",
    "organization.id": "org_northwind",
    "organization.name": "northwind",
}
SECRETS = ("DATABASE_URL", "STRIPE_KEY", "SIGNING_KEY", "SMTP_PASSWORD", "BACKUP_BUCKET")


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the incident: at which number of the trail, with which fields."""

    number: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person who investigates should find. Times are as the events have them, counts are of events."""

    token_id: str
    fingerprint: str
    user_id: str
    first_used: str
    first_used_from: str
    first_used_from_elsewhere: str
    intruder: str
    issued_token_id: str
    descendants: tuple[str, ...]
    revoked_at: str
    revoked_by: str
    events_before_revocation: int
    refused_after_revocation: int


def tokens(seed: int) -> tuple[Token, Token, Token, Token]:
    """The leaked token, the child on record, the grandchild that only its caveats show, and the one issued by it."""
    leaked = Token(f"tok_ci_{seed}_7f3a", fingerprint("leak", seed), "service", ("organization:northwind",))
    child = leaked.attenuated("resource:secrets", recorded=True)
    grandchild = child.attenuated("action:read", recorded=False)
    issued = Token(
        f"tok_x_{seed}_c41e", fingerprint("issued", seed), "service", ("organization:northwind",), leaked.fingerprint
    )
    return leaked, child, grandchild, issued


def plan(events: int, seed: int) -> list[Step]:
    """The incident's events by their place in a trail of this many."""
    leaked, child, grandchild, issued = tokens(seed)

    def at(share: float) -> int:
        return int(events * share)

    steps = [
        Step(at(0.40), {**_token(leaked), **OWNER, **RUNNER, **_op("token.issue", "api"), "token.expires_at": None})
    ]
    routine = range(at(0.41), at(0.8499), max(events // 500, 1))
    steps += [Step(n, _use(leaked, RUNNER, "builder", "build", f"bld_{n}")) for n in routine]
    steps.append(Step(at(0.70), _use(leaked, INTRUDER, "api", "organization", "org_northwind")))
    steps += [
        Step(at(0.72) + 3 * n, _use(child, INTRUDER, "secrets", "secret", name)) for n, name in enumerate(SECRETS)
    ]
    steps += [
        Step(at(0.75) + 5 * n, _use(grandchild, INTRUDER, "secrets", "secret", name)) for n, name in enumerate(SECRETS)
    ]
    steps.append(Step(at(0.78), {**_token(issued), **OWNER, **INTRUDER, **_op("token.issue", "api")}))
    steps += [Step(at(0.79) + 7 * n, _use(issued, INTRUDER, "machines", "machine", f"mch_{n:03d}")) for n in range(12)]
    steps.append(Step(at(0.85), {
        "token.id": leaked.id, "token.fingerprint": leaked.fingerprint, "token.kind": leaked.kind,
        **_op("token.revoke", "api"), "user.id": "usr_0007", "user.name": "hana-0007", "organization.id": "org_northwind",
        "organization.name": "northwind", "source.ip": "192.0.2.8", "token.revocation.scope": "token",
        "token.revocation.reason": "found in a public build log",
    }))  # fmt: skip
    refused = {"event.outcome": "failure", "event.reason": "revoked"}
    late = ((leaked, RUNNER), (child, INTRUDER), (grandchild, INTRUDER), (issued, INTRUDER))
    for n in range(24):
        token, where = late[n % 4]
        steps.append(Step(at(0.851) + 11 * n, {**_use(token, where, "secrets", "secret", "SIGNING_KEY"), **refused}))
    return _apart(sorted(steps, key=lambda step: step.number))


def answer(events: int, seed: int, time_of: Any) -> Answer:
    """The known answer; `time_of(number)` is the time of an event of the trail."""
    leaked, child, grandchild, issued = tokens(seed)
    steps = plan(events, seed)
    uses = [s for s in steps if s.fields["token.id"] == leaked.id and s.fields["token.operation"] == "token.authorize"]
    elsewhere = [s for s in uses if s.fields["source.ip"] == INTRUDER["source.ip"]]
    revoked = next(s for s in steps if s.fields["token.operation"] == "token.revoke")
    return Answer(
        token_id=leaked.id, fingerprint=leaked.fingerprint, user_id=OWNER["user.id"],
        first_used=time_of(uses[0].number), first_used_from=uses[0].fields["source.ip"],
        first_used_from_elsewhere=time_of(elsewhere[0].number), intruder=str(INTRUDER["source.ip"]), issued_token_id=issued.id,
        descendants=(child.fingerprint, grandchild.fingerprint, issued.fingerprint),
        revoked_at=time_of(revoked.number), revoked_by=revoked.fields["user.id"],
        events_before_revocation=sum(s.number < revoked.number for s in steps),
        refused_after_revocation=sum(s.number > revoked.number for s in steps),
    )  # fmt: skip


def _apart(steps: list[Step]) -> list[Step]:
    """No two steps at one number: a later one moves on."""
    found: list[Step] = []
    for step in steps:
        number = max(step.number, found[-1].number + 1) if found else step.number
        found.append(Step(number, step.fields))
    return found


def _op(operation: str, service: str) -> dict[str, Any]:
    return {
        "event.action": operation, "token.operation": operation, "event.outcome": "success", "service.name": service,
        "service.type": "platform",
    }  # fmt: skip


def _token(token: Token) -> dict[str, Any]:
    return {
        "token.id": token.id, "token.fingerprint": token.fingerprint, "token.parent_fingerprint": token.parent,
        "token.kind": token.kind, "token.key_id": "key_1", "token.location": "https://api.platform.example",
        "token.caveats.count": len(token.caveats), "token.caveats.types": [c.partition(":")[0] for c in token.caveats],
        "token.caveats.json": json.dumps(token.caveats),
    }  # fmt: skip


def _use(token: Token, where: dict[str, Any], service: str, kind: str, resource: str) -> dict[str, Any]:
    return {
        **_token(token), **OWNER, **where, **_op("token.authorize", service),
        "resource.type": kind, "resource.id": resource, "http.request.method": "GET", "url.path": f"/v1/{kind}s/{resource}",
        "url.domain": f"{service}.platform.example",
    }  # fmt: skip
