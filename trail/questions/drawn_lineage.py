"""Asks for a lineage as it is drawn: its answer, and of each token that is shown when it was used, in as many requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trail.connection import Trail
from trail.questions.answers import NOT_ENDINGS, USED, FieldValues, read_values
from trail.questions.compromise_parts import ACTOR_FIELDS, Actors, parse_actor, read_actors
from trail.questions.coverage import Coverage
from trail.questions.lifeline import (
    LaneFigures,
    Moment,
    Overview,
    TimeBin,
    read_bins,
    read_lane,
    read_moments,
    read_overview,
)
from trail.questions.lineage import Lineage, ask_page, find_page
from trail.search import execute
from trail.search.bodies import token as bodies_token
from trail.search.bodies.lifeline import LISTED_OF_A_LANE, STEPS, LifelineRequest, build_overview
from trail.search.bodies.page import build_values
from trail.search.bodies.query import Body
from trail.search.lineage import TokenRef
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search

# Of more tokens than this so few events of each are listed one by one, in so few steps.
MANY, LISTED_OF_MANY, STEPS_OF_MANY = 24, 8, 150
ABOUT = ("token.kind", "organization.id")
_LANES = "lanes by "
Draw = Callable[[Search], LifelineRequest]


@dataclass(frozen=True, slots=True)
class DrawnEvents:
    """Some events of a token: `count` of them, of which `total` are drawn. `moments` are all of these, or the first few."""

    count: int
    total: int
    moments: tuple[Moment, ...]
    bins: tuple[TimeBin, ...] = ()

    @property
    def is_listed(self) -> bool:
        """Whether every one of them is listed."""
        return len(self.moments) == self.total


@dataclass(frozen=True, slots=True)
class DrawnLineage:
    """A lineage with what its page draws, of each token by what its page is called by: a lane, what was `denied`, and what was
    accepted of the `actor` that is chosen, which is in no lane's bars.

    `actors` are all who used the family; `addresses`, the `overview` and the number of `events` are of all of the family;
    `about` says whose the token is.
    """

    lineage: Lineage
    lanes: Mapping[str, LaneFigures]
    denied: Mapping[str, DrawnEvents]
    acted: Mapping[str, DrawnEvents]
    actor: Filter | None
    actors: Actors
    addresses: FieldValues
    events: int
    overview: Overview
    about: Mapping[str, FieldValues]

    @property
    def coverage(self) -> Coverage:
        """What was searched."""
        return self.lineage.coverage


def ask_drawn_lineage(
    trail: Trail,
    token: TokenRef,
    scope: Scope,
    draw: Draw,
    *,
    now: datetime,
    under: str | None = None,
    start: int = 0,
    actor: str = "",
) -> DrawnLineage:
    """What `ask_lineage` answers, drawn; `draw` says how the events of a search are drawn, `actor` is one of `parse_actor`.
    Raises what that raises."""
    chosen = parse_actor(actor.strip())
    page = find_page(trail, token, scope, under=under, start=start)
    is_many = len(page.keys) > MANY
    named = page.part_names(page.keys)
    requests = {field: _build_request(draw, field, values, is_many=is_many) for field, values in named.items()}
    family, own = page.family.search(), Search(filters=(Filter(token.field, (token.value,)),))
    overview = draw(family)
    beside: dict[str, Body] = {
        _LANES + field: bodies_token.build_token_lanes(
            requests[field], values, scope, listed=LISTED_OF_MANY if is_many else LISTED_OF_A_LANE, actor=chosen
        )
        for field, values in named.items()
    }
    beside["addresses"] = build_values(family.with_filter(NOT_ENDINGS), scope, ("source.ip",), size=20)
    beside["actors"] = build_values(family.with_filter(USED), scope, tuple(ACTOR_FIELDS.values()), size=20)
    beside["overview"] = build_overview(overview, scope)
    beside["about"] = build_values(own, scope, ABOUT, size=1)
    lineage, responses = ask_page(trail, page, scope, beside, now)
    return _read_drawn(lineage, responses, requests, chosen, overview)


def _build_request(draw: Draw, field: str, values: tuple[str, ...], *, is_many: bool) -> LifelineRequest:
    search = Search(text=f"{field}:$some", parameters=(("some", values),))
    return replace(draw(search), field=field, steps=STEPS_OF_MANY if is_many else STEPS)


def _read_drawn(
    lineage: Lineage,
    responses: Mapping[str, Response],
    requests: Mapping[str, LifelineRequest],
    actor: Filter | None,
    overview: LifelineRequest,
) -> DrawnLineage:
    buckets = [
        (bucket, request)
        for field, request in requests.items()
        for bucket in responses[_LANES + field].get("aggregations", {}).get("lanes", {}).get("buckets", [])
    ]
    return DrawnLineage(
        lineage=lineage,
        lanes={bucket["key"]: read_lane(bucket, request) for bucket, request in buckets},
        denied={
            bucket["key"]: _read_events(bucket["key"], bucket["denied"], bucket["denied:drawn"], request)
            for bucket, request in buckets
        },
        acted={
            bucket["key"]: _read_events(bucket["key"], bucket["acted"], bucket["acted"]["drawn"], request)
            for bucket, request in buckets
            if actor
        },
        actor=actor,
        actors=read_actors(responses["actors"], None),
        addresses=read_values(responses["addresses"], ("source.ip",))["source.ip"],
        events=execute.read_total(responses["overview"]),
        overview=read_overview(overview, responses["overview"]),
        about=read_values(responses["about"], ABOUT),
    )


def _read_events(
    key: str, figures: Mapping[str, Any], drawn: Mapping[str, Any], request: LifelineRequest
) -> DrawnEvents:
    return DrawnEvents(
        count=figures["doc_count"],
        total=drawn["doc_count"],
        moments=read_moments(drawn["events"], request.field, key),
        bins=read_bins(drawn.get("bars", {}), request.step, request.zone),
    )
