"""Plans the one incident in the demonstration, so that its answer is known without reading the trail.

A continuous-integration token of the organisation northwind stands in a build log. An intruder finds it, narrows it
twice (once in a way the platform records, once that only its caveats show), reads secrets, has the platform issue a
token of their own, and is noticed; the token is revoked. One verifier goes on accepting from its cache for a while;
everything else that tries the token or what came of it is refused.
"""

from dataclasses import dataclass
from typing import Any

from operations.demonstration import world
from operations.demonstration.plan import PlannedEvent, number_apart, operation_fields, token_fields
from operations.demonstration.world import DemoToken, fingerprint
from trail.times import subtract_times

INTRUDER = {
    "source.ip": "203.0.113.77", "source.geo.country_iso_code": "AQ", "source.geo.city_name": "McMurdo",
    "source.geo.location": "-77.85,166.67", "source.as.number": 64511, "source.as.organization.name": "Example Hosting",
    "user_agent.original": "python-requests/2.32.3", "user_agent.name": "python-requests", "user_agent.version": "2.32.3",
}  # fmt: skip
RUNNER = {
    "source.ip": "10.30.4.17", "user_agent.original": "platform-ci/9.1 runner", "user_agent.name": "platform-ci",
    "user_agent.version": "9.1",
}  # fmt: skip
OWNER = world.describe_person(0)
REVOKER = world.describe_person(7)
# The leaked token, its child, its grandchild, and the one that was issued by it.
IncidentTokens = tuple[DemoToken, DemoToken, DemoToken, DemoToken]
LATE_VERIFIER = "machines"
LATE_USES = 3
SECRETS = ("DATABASE_URL", "STRIPE_KEY", "SIGNING_KEY", "SMTP_PASSWORD", "BACKUP_BUCKET")


@dataclass(frozen=True, slots=True)
class IncidentAnswer:
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
    accepted_after_revocation: int
    late_verifier: str
    accepted_until: str
    verifier_lag_seconds: float


def make_tokens(seed: int) -> IncidentTokens:
    """The leaked token, the child on record, the grandchild that only its caveats show, and the one issued by it."""
    leaked = DemoToken(f"tok_ci_{seed}_7f3a", fingerprint("leak", seed), "service", ("organization:northwind",))
    child = leaked.attenuate("resource:secrets", recorded=True)
    grandchild = child.attenuate("action:read", recorded=False)
    issued = DemoToken(
        f"tok_x_{seed}_c41e", fingerprint("issued", seed), "service", ("organization:northwind",), leaked.fingerprint
    )
    return leaked, child, grandchild, issued


def plan_steps(events: int, seed: int) -> list[PlannedEvent]:
    """The incident's events by their place in a trail of this many."""
    tokens = make_tokens(seed)
    steps = [*_plan_before_compromise(events, tokens), *_plan_compromise(events, tokens), *_plan_end(events, tokens)]
    return number_apart(sorted(steps, key=lambda step: step.number))


def _plan_before_compromise(events: int, tokens: IncidentTokens) -> list[PlannedEvent]:
    """The leaked token is issued, and used by the runner that owns it until it is revoked."""
    leaked = tokens[0]
    issue = {**token_fields(leaked), **OWNER, **RUNNER, **operation_fields("token.issue", "api")}
    routine = range(int(events * 0.41), int(events * 0.8499), max(events // 500, 1))
    return [
        PlannedEvent(int(events * 0.40), {**issue, "token.expires_at": None}),
        *(PlannedEvent(n, _use_fields(leaked, RUNNER, "builder", "build", f"bld_{n}")) for n in routine),
    ]


def _plan_compromise(events: int, tokens: IncidentTokens) -> list[PlannedEvent]:
    """The intruder looks around, reads every secret with each of two attenuations, and has a token issued."""
    leaked, child, grandchild, issued = tokens
    issue = {**token_fields(issued), **OWNER, **INTRUDER, **operation_fields("token.issue", "api")}
    steps = [
        PlannedEvent(int(events * 0.70), _use_fields(leaked, INTRUDER, "api", "organization", "org_northwind")),
        PlannedEvent(int(events * 0.78), issue),
    ]
    for start, apart, token in ((int(events * 0.72), 3, child), (int(events * 0.75), 5, grandchild)):
        for n, name in enumerate(SECRETS):
            steps.append(PlannedEvent(start + apart * n, _use_fields(token, INTRUDER, "secrets", "secret", name)))
    for n in range(12):
        use = _use_fields(issued, INTRUDER, "machines", "machine", f"mch_{n:03d}")
        steps.append(PlannedEvent(int(events * 0.79) + 7 * n, use))
    return steps


def _plan_end(events: int, tokens: IncidentTokens) -> list[PlannedEvent]:
    """The leaked token is revoked; one verifier has not heard of it yet, the others refuse it and its descendants."""
    leaked, child, grandchild, issued = tokens
    revocation = {
        "token.id": leaked.id,
        "token.fingerprint": leaked.fingerprint,
        "token.kind": leaked.kind,
        **operation_fields("token.revoke", "api"),
        **REVOKER,
        "organization.id": OWNER["organization.id"],
        "organization.name": OWNER["organization.name"],
        "source.ip": "192.0.2.8",
        "token.revocation.scope": "token",
        "token.revocation.reason": "found in a public build log",
    }
    revoked = int(events * 0.85)
    steps = [PlannedEvent(revoked, revocation)]
    for n in range(1, LATE_USES + 1):
        use = _use_fields(issued, INTRUDER, LATE_VERIFIER, "machine", f"mch_{n:03d}") | {"token.cache_hit": True}
        steps.append(PlannedEvent(revoked + n * max(events // 10_000, 1), use))
    refused = {"event.outcome": "failure", "event.reason": "revoked"}
    tries = ((leaked, RUNNER), (child, INTRUDER), (grandchild, INTRUDER), (issued, INTRUDER))
    for n in range(24):
        token, origin = tries[n % 4]
        use = _use_fields(token, origin, "secrets", "secret", "SIGNING_KEY")
        steps.append(PlannedEvent(int(events * 0.851) + 11 * n, {**use, **refused}))
    return steps


def build_answer(events: int, seed: int, time_of: Any) -> IncidentAnswer:
    """The known answer; `time_of(number)` is the time of an event of the trail."""
    leaked, child, grandchild, issued = make_tokens(seed)
    steps = plan_steps(events, seed)
    uses = [
        step
        for step in steps
        if step.fields["token.id"] == leaked.id and step.fields["token.operation"] == "token.authorize"
    ]
    elsewhere = [step for step in uses if step.fields["source.ip"] == INTRUDER["source.ip"]]
    revoked = next(step for step in steps if step.fields["token.operation"] == "token.revoke")
    after = [step for step in steps if step.number > revoked.number]
    accepted = [step for step in after if step.fields["event.outcome"] == "success"]
    revoked_at, accepted_until = time_of(revoked.number), time_of(accepted[-1].number)
    return IncidentAnswer(
        token_id=leaked.id,
        fingerprint=leaked.fingerprint,
        user_id=OWNER["user.id"],
        first_used=time_of(uses[0].number),
        first_used_from=uses[0].fields["source.ip"],
        first_used_from_elsewhere=time_of(elsewhere[0].number),
        intruder=str(INTRUDER["source.ip"]),
        issued_token_id=issued.id,
        descendants=(child.fingerprint, grandchild.fingerprint, issued.fingerprint),
        revoked_at=revoked_at,
        revoked_by=revoked.fields["user.id"],
        events_before_revocation=sum(step.number < revoked.number for step in steps),
        refused_after_revocation=len(after) - len(accepted),
        accepted_after_revocation=len(accepted),
        late_verifier=accepted[-1].fields["service.name"],
        accepted_until=accepted_until,
        verifier_lag_seconds=round(subtract_times(accepted_until, revoked_at) / 1e9, 3),
    )


def _use_fields(token: DemoToken, where: dict[str, Any], service: str, kind: str, resource: str) -> dict[str, Any]:
    return {
        **token_fields(token),
        **OWNER,
        **where,
        **operation_fields("token.authorize", service),
        "resource.type": kind,
        "resource.id": resource,
        "http.request.method": "GET",
        "url.path": f"/v1/{kind}s/{resource}",
        "url.domain": f"{service}.platform.example",
    }
