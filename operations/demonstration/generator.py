"""Generates a believable trail of a platform that runs on macaroons: the same events for the same numbers, flat in memory."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any

from operations.demonstration import impossible_travel, incident, world
from operations.demonstration.sequence_gap import SequenceGapAnswer, describe_gap
from operations.demonstration.world import DemoToken, Principal, fingerprint
from trail.documents import nest
from trail.reserved_names import demonstration_writer

DATASET = "demonstration"
LEAST = 2_000
# Raised when the same numbers make other events, so that these do not meet what an older version wrote under the same ids.
VERSION = 2
_ID = re.compile(r"^demo(?P<version>\d*)-(?P<seed>-?\d+)-(?P<until>\d{8})-(?P<days>\d+)d-(?P<events>\d+)-\d+$")
HOUR = 3_600 * 1_000_000_000  # nanoseconds
REASONS = ("expired", "caveat: organization", "caveat: read-only", "unknown key", "bad signature")
RESOURCES = {"api": "app", "edge": "route", "builder": "build", "registry": "image", "machines": "machine", "volumes": "volume",
             "secrets": "secret", "billing": "invoice", "metrics": "series", "dns": "zone"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demonstration:
    """`events` in the `days` before `until`, as this version of the console invents them or an older one did."""

    events: int
    seed: int
    until: datetime
    days: int = 90
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.events < LEAST:
            raise ValueError(f"A demonstration needs at least {LEAST:,} events to hold its incident.")

    def time_of(self, number: int) -> str:
        """When an event happens, exact to the nanosecond; later numbers are later."""
        periods, inside = divmod(number, self.events)
        before = cumulative_load(self.until, self.days)
        share = before[-1] * HOUR // self.events
        # A fixed scatter within the event's own share, so that times look real and never change places.
        place = inside * before[-1] * HOUR // self.events + (number * 2_654_435_761 + self.seed) % max(share, 1)
        hour = bisect_right(before, place // HOUR) - 1
        offset = hour * HOUR + (place - before[hour] * HOUR) // (before[hour + 1] - before[hour])
        seconds, nanoseconds = divmod(offset, 1_000_000_000)
        time = self.until + timedelta(days=self.days * (periods - 1), seconds=seconds)
        return f"{time:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"

    def id_of(self, number: int) -> str:
        """An event's id names what it is a part of: other numbers make other events, which must not share their ids."""
        version = "" if self.version == 1 else self.version
        return f"demo{version}-{self.seed}-{self.until:%Y%m%d}-{self.days}d-{self.events}-{number:09d}"

    @classmethod
    def of(cls, event_id: str) -> "Demonstration | None":
        """The demonstration that an event is a part of, from its id."""
        match = _ID.match(event_id)
        if match is None:
            return None
        until = datetime.strptime(match["until"], "%Y%m%d").replace(tzinfo=UTC)
        version = int(match["version"] or 1)
        return cls(int(match["events"]), int(match["seed"]), until, int(match["days"]), version)

    @property
    def is_older(self) -> bool:
        """Whether an older version of the console wrote it: its events are not made again, and its answer is not known."""
        return self.version != VERSION

    def answer(self) -> incident.IncidentAnswer:
        """What an investigation of the incident should find."""
        return incident.build_answer(self.events, self.seed, self.time_of)

    def travel_answer(self) -> impossible_travel.TravelAnswer:
        """Who was at two places at once."""
        return impossible_travel.build_answer(self.events, self.seed, self.time_of)

    def gap_answer(self) -> SequenceGapAnswer:
        """Which of whose numbers are missing."""
        return describe_gap(self.events)


@cache
def cumulative_load(until: datetime, days: int) -> tuple[int, ...]:
    """The platform's load up to each hour of the period: high in working hours, low at night and at the weekend."""
    hours = (until - timedelta(days=days) + timedelta(hours=hour) for hour in range(days * 24))
    return (0, *accumulate((7 if 7 <= hour.hour <= 18 else 4) if hour.weekday() < 5 else 3 for hour in hours))


def last_midnight() -> datetime:
    """The last midnight, UTC: the default end."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def generate_events(demonstration: Demonstration) -> Iterator[dict[str, Any]]:
    """Every event, in time order. Raises ValueError for a demonstration of an older version."""
    if demonstration.is_older:
        raise ValueError(f"Version {demonstration.version} of the demonstration is not made any more.")
    platform = Platform(demonstration)
    steps = iter(
        [
            *impossible_travel.plan_steps(demonstration.events, demonstration.seed),
            *incident.plan_steps(demonstration.events, demonstration.seed),
        ]
    )
    step = next(steps, None)
    for number in range(demonstration.events):
        if step is not None and step.number == number:
            fields = step.fields
            step = next(steps, None)
        else:
            fields = platform.next_fields(number)
        yield nest(
            {
                "@timestamp": demonstration.time_of(number),
                "event.id": demonstration.id_of(number),
                "event.dataset": DATASET,
                "event.category": ["authentication"] if fields["event.action"] != "token.authorize" else ["api"],
                **fields,
            }
        )


class Platform:
    """The platform in its ordinary life. Its state is its population, which does not grow with the trail."""

    def __init__(self, demonstration: Demonstration) -> None:
        self.demonstration = demonstration
        self.random = Random(demonstration.seed)  # noqa: S311  invented people need no entropy
        self.people = world.make_people(self.random, min(40 + demonstration.events // 2_000, 4_000))
        self.services = world.make_services(self.random)
        self.sequences = dict.fromkeys(world.SERVICES, 0)
        self.gap = describe_gap(demonstration.events)
        self.key = 1

    def next_fields(self, number: int) -> dict[str, Any]:
        """What happens next: mostly services, people in their working hours, now and then something rare."""
        roll = self.random.random()
        if roll < 0.0002:
            return self._rotate()
        if roll < 0.012:
            return self._scan(number)
        hour = int(self.demonstration.time_of(number)[11:13])
        busy = 0.42 if 7 <= hour <= 18 else 0.12
        if roll < 0.012 + busy:
            principal = self.people[int(self.random.random() ** 1.7 * len(self.people))]
            return self._act(principal, number)
        return self._use(self.services[self.random.randrange(len(self.services))], number)

    def _act(self, principal: Principal, number: int) -> dict[str, Any]:
        roll = self.random.random()
        if not principal.tokens or roll < 0.03:
            return self._issue(principal, number)
        if roll < 0.04:
            return self._revoke(principal)
        if roll < 0.05:
            return self._discharge(principal, number)
        return self._use(principal, number)

    def _issue(self, principal: Principal, number: int) -> dict[str, Any]:
        principal.issued += 1
        kind = "service" if principal.service else "user"
        token = DemoToken(
            id=f"tok_{principal.id}_{principal.issued}",
            fingerprint=fingerprint(self.demonstration.seed, principal.id, principal.issued),
            kind=kind,
            caveats=(f"organization:{principal.organisation}",),
            expires_at=self.demonstration.time_of(number + self.demonstration.events // 10),
        )
        principal.tokens = [*principal.tokens[-2:], token]
        return {
            **self._principal_fields(principal, token),
            **_operation_fields("token.issue", "api", "success"),
            "token.expires_at": token.expires_at,
        }

    def _revoke(self, principal: Principal) -> dict[str, Any]:
        token = principal.tokens.pop(0)
        # Attenuations of it that are still in somebody's hands end with it.
        principal.tokens = [other for other in principal.tokens if other.id != token.id]
        reason = ("rotated", "device lost", "signed out")[self.random.randrange(3)]
        return {
            **self._principal_fields(principal, token),
            **_operation_fields("token.revoke", "api", "success"),
            "token.revocation.scope": "token",
            "token.revocation.reason": reason,
        }

    def _discharge(self, principal: Principal, number: int) -> dict[str, Any]:
        token = principal.tokens[-1]
        ticket = fingerprint("ticket", self.demonstration.seed, number)
        discharge = {"location": "https://auth.platform.example", "ticket_hash": ticket, "outcome": "success"}
        return {
            **self._principal_fields(principal, token),
            **_operation_fields("token.discharge", "api", "success"),
            "token.discharges": [discharge],
        }

    def _use(self, principal: Principal, number: int) -> dict[str, Any]:
        if not principal.tokens:
            return self._issue(principal, number)
        roll = self.random.random()
        token = principal.tokens[int(roll * len(principal.tokens))]
        service = world.SERVICES[int(self.random.random() * len(world.SERVICES))]
        if roll > 0.97 and len(token.caveats) < 3:
            child = token.attenuate(f"resource:{RESOURCES[service]}", recorded=roll > 0.985)
            principal.tokens = [*principal.tokens[-2:], child]
            if child.parent:
                return {
                    **self._principal_fields(principal, child),
                    **_operation_fields("token.attenuate", service, "success"),
                    "token.caveats.added": [child.caveats[-1]],
                }
            token = child
        resource = RESOURCES[service]
        fields = {
            **self._principal_fields(principal, token),
            **_operation_fields("token.verify" if roll < 0.3 else "token.authorize", service, "success"),
            "resource.type": resource,
            "resource.id": f"{resource}_{int(self.random.random() ** 2 * 900):03d}",
            "http.request.method": "GET" if roll < 0.8 else "POST",
            "url.path": f"/v1/{resource}s",
            "url.domain": f"{service}.platform.example",
            "writer.id": demonstration_writer(service),
            "event.sequence": self._next_sequence(service),
        }
        if roll < 0.2:
            fields["token.cache_hit"] = True
        elif 0.5 < roll < 0.512:
            fields |= {"event.outcome": "failure", "event.reason": REASONS[int(roll * 10_000) % 3]}
        return fields

    def _scan(self, number: int) -> dict[str, Any]:
        """A scanner of the internet tries tokens that nobody has."""
        return {
            **_operation_fields("token.verify", "edge", "failure"),
            "event.reason": REASONS[3 + number % 2],
            "token.fingerprint": fingerprint("noise", number % 5_000),
            "token.kind": "unknown",
            "source.ip": f"203.0.113.{1 + number % 60}",
            "source.as.number": 64510,
            "url.path": "/v1/apps",
            "user_agent.original": "zgrab/0.x",
            "user_agent.name": "zgrab",
        }

    def _rotate(self) -> dict[str, Any]:
        self.key += 1
        return {
            **_operation_fields("key.rotate", "api", "success"),
            "token.key_id": f"key_{self.key}",
            "user.id": "svc_api",
            "source.ip": self.services[0].ip,
        }

    def _next_sequence(self, service: str) -> int:
        number = self.sequences[service]
        if demonstration_writer(service) == self.gap.gap_writer and number == self.gap.gap_first:
            number = self.gap.gap_last + 1
        self.sequences[service] = number + 1
        return number

    def _principal_fields(self, principal: Principal, token: DemoToken) -> dict[str, Any]:
        country, city, location, number = principal.place
        original, name, version = principal.client
        fields = {
            **principal.identity,
            "source.ip": principal.ip if self.random.random() < 0.7 else principal.home_ip,
            "user_agent.original": original,
            "user_agent.name": name,
            "user_agent.version": version,
            "token.id": token.id,
            "token.fingerprint": token.fingerprint,
            "token.parent_fingerprint": token.parent,
            "token.kind": token.kind,
            "token.key_id": f"key_{self.key}",
            "token.caveats.count": len(token.caveats),
            "token.caveats.types": [caveat.partition(":")[0] for caveat in token.caveats],
            "token.caveats.json": json.dumps(token.caveats),
        }
        if principal.service is None:
            fields |= {
                "source.geo.country_iso_code": country,
                "source.geo.city_name": city,
                "source.geo.location": location,
                "source.as.number": number,
                "source.as.organization.name": world.NETWORKS[number],
            }
        return fields


def _operation_fields(operation: str, service: str, outcome: str) -> dict[str, Any]:
    return {"event.action": operation, "token.operation": operation, "event.outcome": outcome, "service.name": service}
