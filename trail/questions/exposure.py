"""Asks for a compromise as it is drawn: its answer, its lifeline, and when each thing was reached, in as many requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trail.connection import Trail
from trail.questions.answers import FieldValues, filter_issues, read_values
from trail.questions.compromise import Compromise, ask_frame, find_frame
from trail.questions.coverage import Coverage
from trail.questions.lifeline import Lifeline, read_lifeline
from trail.search.bodies import token as bodies_token
from trail.search.bodies.lifeline import LifelineRequest, build_lifeline
from trail.search.bodies.page import build_values
from trail.search.bodies.query import Body
from trail.search.lineage import TokenRef
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search

# So many things of each type are listed, so many events of each drawn one by one, so many issued tokens named.
THINGS, TIMES, ISSUED = 24, 40, 20
ABOUT = ("token.kind", "organization.id")


@dataclass(frozen=True, slots=True)
class ReachedThing:
    """One thing: how often it was reached, first and last, how often it was denied after the revocation, and its first events:
    nanoseconds, and whether each was denied. `total` are all of its events."""

    value: str
    count: int
    first: str | None
    last: str | None
    denied: int
    events: tuple[tuple[int, bool], ...]
    total: int


@dataclass(frozen=True, slots=True)
class ReachedKind:
    """The things of one type: `number` of them were reached, in `count` events. `others` events are of things not listed."""

    type: str
    number: int
    count: int
    first: str | None
    last: str | None
    denied: int
    listed: tuple[ReachedThing, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """A compromise with what its page draws.

    `reached` is by type, what was reached first before the rest; `issued` are the tokens that were issued with it before the
    revocation; `about` says whose the token is.
    """

    compromise: Compromise
    lifeline: Lifeline
    reached: tuple[ReachedKind, ...]
    issued: FieldValues
    about: Mapping[str, FieldValues]

    @property
    def coverage(self) -> Coverage:
        """What was searched."""
        return self.compromise.coverage


def ask_exposure(
    trail: Trail,
    token: TokenRef,
    scope: Scope,
    draw: Callable[[Search], LifelineRequest],
    *,
    now: datetime,
    at: str = "",
    revocation_id: str = "",
    actor: str = "",
) -> Exposure:
    """What `ask_compromise` answers, drawn; `draw` takes the search for what is drawn. Raises what that raises."""
    frame = find_frame(trail, token, scope, at=at, revocation_id=revocation_id, actor=actor, now=now)
    since = frame.window.since
    request = draw(since)
    own = Search(filters=(Filter(token.field, (token.value,)),))
    beside: dict[str, Body] = {
        **build_lifeline(request, scope),
        "reached": bodies_token.build_reached(
            since, scope, reached=frame.window.radius, late=frame.window.denied_late, listed=THINGS, times=TIMES
        ),
        "issued": build_values(filter_issues(frame.window.before), scope, ("token.id",), size=ISSUED),
        "about": build_values(own, scope, ABOUT, size=1),
    }
    answer, responses = ask_frame(trail, frame, scope, beside, now)
    # Links name the family by its token, however many it has.
    short = replace(request, search=frame.window.shorten(since))
    return Exposure(
        compromise=answer,
        lifeline=replace(read_lifeline(request, responses), request=short),
        reached=_read_reached(responses["reached"]),
        issued=read_values(responses["issued"], ("token.id",))["token.id"],
        about=read_values(responses["about"], ABOUT),
    )


def _read_reached(response: Response) -> tuple[ReachedKind, ...]:
    buckets = response.get("aggregations", {}).get("resources", {}).get("types", {}).get("buckets", [])
    kinds = map(_read_kind, buckets)
    return tuple(sorted(kinds, key=lambda kind: (kind.first is None, kind.first)))


def _read_kind(bucket: Mapping[str, Any]) -> ReachedKind:
    reached, terms = bucket["reached"], bucket["things"]
    listed = map(_read_thing, terms["buckets"])
    return ReachedKind(
        type=bucket["key"],
        number=reached["number"]["value"],
        count=reached["doc_count"],
        first=reached["first"].get("value_as_string"),
        last=reached["last"].get("value_as_string"),
        denied=bucket["late"]["doc_count"],
        listed=tuple(sorted(listed, key=lambda thing: (thing.first is None, thing.first, thing.value))),
        others=terms["sum_other_doc_count"],
    )


def _read_thing(bucket: Mapping[str, Any]) -> ReachedThing:
    reached = bucket["reached"]
    return ReachedThing(
        value=bucket["key"],
        count=reached["doc_count"],
        first=reached["first"].get("value_as_string"),
        last=reached["last"].get("value_as_string"),
        denied=bucket["late"]["doc_count"],
        events=tuple((int(hit["sort"][0]), _is_denied(hit)) for hit in bucket["events"]["hits"]["hits"]),
        total=bucket["doc_count"],
    )


def _is_denied(hit: Mapping[str, Any]) -> bool:
    return "failure" in hit.get("fields", {}).get("event.outcome", ())
