"""Plans the one impossible travel beside the incident: a session of a person is used at two ends of the world within minutes.

Somebody has copied it out of a browser. The events stand side by side in the trail, so that nothing lies between them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from operations.demonstration import world
from operations.demonstration.plan import PlannedEvent, operation_fields, token_fields
from operations.demonstration.world import DemoToken, Principal, fingerprint

PERSON = 11
THIEF_CLIENT = {
    "user_agent.original": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/118.0",
    "user_agent.name": "Chrome",
    "user_agent.version": "118.0",
}


@dataclass(frozen=True, slots=True)
class TravelAnswer:
    """`traveller_id` was seen at one place, then at the other, then at the first again: `travels` in all."""

    traveller_id: str
    traveller: str
    travel_token_id: str
    travel_from: str
    travel_to: str
    travelled_at: str
    travels: int


def plan_steps(events: int, seed: int) -> list[PlannedEvent]:
    """Issued at home, used there, used far away, used at home again, and revoked."""
    person, token = make_person(seed), make_token(seed)
    home = _place_fields(person.place, person.ip) | _client_fields(person)
    away = _place_fields(find_far_place(person), "203.0.113.140") | THIEF_CLIENT
    issue = operation_fields("token.issue", "api")
    read = operation_fields("token.authorize", "billing") | {"resource.type": "invoice", "http.request.method": "GET"}
    revoke = operation_fields("token.revoke", "api") | {
        "token.revocation.scope": "token",
        "token.revocation.reason": "session used from two places",
    }
    steps = (
        (home, issue),
        (home, {**read, "resource.id": "invoice_117"}),
        (away, {**read, "resource.id": "invoice_118"}),
        (home, {**read, "resource.id": "invoice_117"}),
        (home, revoke),
    )
    start = int(events * 0.33)
    who = person.identity | token_fields(token)
    return [PlannedEvent(start + n, {**who, **where, **what}) for n, (where, what) in enumerate(steps)]


def build_answer(events: int, seed: int, time_of: Callable[[int], str]) -> TravelAnswer:
    """The known answer; `time_of(number)` is the time of an event of the trail."""
    person = make_person(seed)
    return TravelAnswer(
        traveller_id=person.id,
        traveller=person.identity["user.full_name"],
        travel_token_id=make_token(seed).id,
        travel_from=person.place[1],
        travel_to=find_far_place(person)[1],
        travelled_at=time_of(int(events * 0.33) + 2),
        travels=2,
    )


def make_person(seed: int) -> Principal:
    """The person as the platform of this seed has them: it invents its people first, and in order."""
    return world.make_people(Random(seed), PERSON + 1)[PERSON]  # noqa: S311  invented people need no entropy


def make_token(seed: int) -> DemoToken:
    """The session that was copied."""
    return DemoToken(f"tok_s_{seed}_9b02", fingerprint("session", seed), "session", ("organization:moorgate",))


def find_far_place(person: Principal) -> tuple[str, str, str, int]:
    """An office more than 5,000 km from the person's: no two that stand two apart in the list are nearer."""
    return world.OFFICES[(world.OFFICES.index(person.place) + 2) % len(world.OFFICES)]


def _place_fields(place: tuple[str, str, str, int], address: str) -> dict[str, Any]:
    country, city, location, number = place
    return {
        "source.ip": address,
        "source.geo.country_iso_code": country,
        "source.geo.city_name": city,
        "source.geo.location": location,
        "source.as.number": number,
        "source.as.organization.name": world.NETWORKS[number],
    }


def _client_fields(person: Principal) -> dict[str, Any]:
    original, name, version = person.client
    return {"user_agent.original": original, "user_agent.name": name, "user_agent.version": version}
