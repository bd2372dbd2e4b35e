"""Asks what a token and its descendants did from compromise to revocation, what came after, and whom and what it touched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import compromise_parts, coverage
from trail.questions.answers import ACCEPTED, REFUSED, USED, FieldValues, read_top_hit, read_values
from trail.questions.compromise_parts import (
    ACTOR_FIELDS,
    AcceptedUses,
    Actors,
    Affected,
    BlastRadius,
    OtherTokens,
    RefusedUses,
    parse_actor,
)
from trail.questions.compromise_window import CompromiseWindow
from trail.questions.coverage import Coverage
from trail.questions.token_names import ask_ancestors, ask_names
from trail.questions.token_status import (
    Ending,
    build_endings,
    find_endings,
    reach_of_names,
    reaches_of_ancestors,
    read_endings,
)
from trail.search import execute
from trail.search.bodies import token as bodies_token
from trail.search.bodies.page import VALUES_OF_A_SHARD, build_number, build_values
from trail.search.bodies.query import Body
from trail.search.execute import Hit
from trail.search.lineage import TokenRef, follow_family
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search
from trail.times import next_nanosecond, parse_time

DID = ("event.action", "event.outcome", "resource.type", "service.name", "source.ip", "user_agent.original")
REFUSED_BY = ("source.ip", "event.reason", "service.name", "user_agent.original")
TOUCHED = ("user.id", "organization.id")
# How much of each list the answer holds; what it leaves off it counts, and `affected` has all of it.
LISTED, MAX_ADDRESSES, VERIFIERS = 100, 1_000, 200
# As many events as can be pinned at once.
PINNABLE = 500


@dataclass(frozen=True, slots=True)
class Compromise:
    """What a token and its descendants (`tokens` of them, itself included) did from the moment of compromise to the
    revocation. Without a moment it begins with the first event, without a revocation it goes on to the present.

    `search` finds those events, `total` of them; `events` are their ids where they can be pinned at once. What came in the
    nanosecond of the revocation is neither before nor after it: `same_instant`. What came `accepted` or `refused` after it
    ends where the token was `restored`; None without a revocation. Of a chosen `actor` it is what they did; `actors` are all.
    """

    token: TokenRef
    at: str | None
    moment: Hit | None
    endings: tuple[Ending, ...]
    revocation: Ending | None
    restored: Ending | None
    tokens: int
    actor: Filter | None
    actors: Actors
    search: Search
    total: int
    did: dict[str, FieldValues]
    radius: BlastRadius
    events: tuple[str, ...]
    last_legitimate: Hit | None
    first_suspicious: Hit | None
    same_instant: int
    accepted: AcceptedUses | None
    refused: RefusedUses | None
    others: OtherTokens | None
    coverage: Coverage

    @property
    def revocations(self) -> tuple[Ending, ...]:
        """Those that can be chosen from."""
        return tuple(ending for ending in self.endings if not ending.restored)


@dataclass(frozen=True, slots=True)
class CompromiseFrame:
    """What has to be known before the events can be asked for: the moment, the revocation, the family, the searches."""

    moment: Hit | None
    endings: tuple[Ending, ...]
    revocation: Ending | None
    restored: Ending | None
    tokens: int
    window: CompromiseWindow


def ask_compromise(
    trail: Trail,
    token: TokenRef,
    scope: Scope,
    *,
    at: str = "",
    revocation_id: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Compromise:
    """What did this token and its descendants do from its compromise to its revocation, and what came of it?

    `at` is a time or an event's id. Of several revocations the first after `at` counts, without one the last, or the one
    that is named. Of an `actor` (`parse_actor`) only what they did counts. Raises BadQuery, TooLarge, TrailUnavailable. A few
    round trips for the family, three for the rest.
    """
    now = now or datetime.now(UTC)
    frame = find_frame(trail, token, scope, at=at, revocation_id=revocation_id, actor=actor, now=now)
    return ask_frame(trail, frame, scope, {}, now)[0]


def find_frame(
    trail: Trail, token: TokenRef, scope: Scope, *, at: str, revocation_id: str, actor: str, now: datetime
) -> CompromiseFrame:
    """The moment, the revocation and the family. Raises BadQuery, TooLarge, TrailUnavailable."""
    chosen = parse_actor(actor.strip())
    moment, since = _find_moment(trail, at.strip(), scope, now)
    endings = _ask_endings(trail, token, scope)
    family = follow_family(trail, token, scope)
    revocation = _choose_revocation(endings, revocation_id, since)
    restored = _find_restored(endings, revocation)
    window = CompromiseWindow(token, family.search(), chosen, since, _time_of(revocation), _time_of(restored))
    return CompromiseFrame(
        moment, endings, revocation, restored, len(family.fingerprints) or len(family.token_ids), window
    )


def ask_frame(
    trail: Trail, frame: CompromiseFrame, scope: Scope, beside: Mapping[str, Body], now: datetime
) -> tuple[Compromise, Mapping[str, Response]]:
    """The answer, and the responses to what was asked `beside` it in the same round trip."""
    window = frame.window
    responses = execute.ask_all(trail, {**_bodies(window, scope), **beside})
    total = execute.read_total(responses["did"])
    events, others = _ask_ways_on(trail, window, total, responses, scope)
    return _read_compromise(frame, responses, total, events, others, now), responses


def _read_compromise(
    frame: CompromiseFrame,
    responses: Mapping[str, Response],
    total: int,
    events: tuple[str, ...],
    others: OtherTokens | None,
    now: datetime,
) -> Compromise:
    window = frame.window
    return Compromise(
        token=window.token,
        at=window.at,
        moment=frame.moment,
        endings=frame.endings,
        revocation=frame.revocation,
        restored=frame.restored,
        tokens=frame.tokens,
        actor=window.actor,
        actors=_read_actors(responses),
        search=window.shorten(window.before),
        total=total,
        did=read_values(responses["did"], DID),
        radius=_read_radius(window, responses),
        last_legitimate=read_top_hit(responses["last_legitimate"]) if window.at else None,
        first_suspicious=read_top_hit(responses["first_suspicious"]) if window.at else None,
        same_instant=execute.read_total(responses["same_instant"]) if frame.revocation else 0,
        accepted=_read_accepted(window, responses),
        refused=_read_refused(window, responses),
        events=events,
        others=others,
        coverage=coverage.read_coverage(responses["coverage"], now),
    )


def _read_actors(responses: Mapping[str, Response]) -> Actors:
    """All who used it; where nobody is chosen, they stand among what was done."""
    before = responses["actors"] if "actors" in responses else responses["did"]
    return compromise_parts.read_actors(before, responses.get("actors_after") or responses.get("refused"))


def _time_of(ending: Ending | None) -> str | None:
    return ending.at if ending else None


def _ask_endings(trail: Trail, token: TokenRef, scope: Scope) -> tuple[Ending, ...]:
    """What ended the token or brought it back."""
    names = ask_names(trail, token, scope)
    ancestry = ask_ancestors(trail, names, scope)
    own, ancestors = reach_of_names(names, ancestry), reaches_of_ancestors(ancestry)
    response = execute.ask(trail, build_endings([own, *ancestors], scope))
    return find_endings(read_endings(response), own, ancestors)


def _find_moment(trail: Trail, at: str, scope: Scope, now: datetime) -> tuple[Hit | None, str | None]:
    """The moment of compromise, as a time or as an event."""
    if not at:
        return None, None
    try:
        return None, Search(start=at).resolved(now).start
    except BadQuery:
        if event := execute.find_event(trail, at, scope):
            return event, event.timestamp
    raise BadQuery(f"{at!r} is neither a time (2026-11-24T09:30:00Z, now-7d) nor the id of an event you may see.", 0)


def _choose_revocation(endings: tuple[Ending, ...], revocation_id: str, since: str | None) -> Ending | None:
    revocations = [ending for ending in endings if not ending.restored]
    if revocation_id:
        for revocation in revocations:
            if revocation.event.event_id == revocation_id:
                if since and parse_time(revocation.at) < parse_time(since):
                    raise BadQuery(
                        f"That revocation ({revocation.at}) came before the moment of compromise ({since}).", 0
                    )
                return revocation
        raise BadQuery(f"This token has no revocation {revocation_id}.", 0)
    if since:
        return next((revocation for revocation in revocations if parse_time(revocation.at) >= parse_time(since)), None)
    return revocations[-1] if revocations else None


def _find_restored(endings: tuple[Ending, ...], revocation: Ending | None) -> Ending | None:
    """Where a token was brought back after a revocation."""
    if revocation is None:
        return None
    later = (ending for ending in endings if parse_time(ending.at) > parse_time(revocation.at))
    return next((ending for ending in later if ending.restored and ending.name == revocation.name), None)


def _bodies(window: CompromiseWindow, scope: Scope) -> dict[str, Body]:
    """Everything that one round trip can ask: the time before, and with a revocation the time after."""
    suspicious = replace(window.uses, start=window.at)
    bodies = {
        "did": build_values(window.before, scope, DID, size=20),
        "touched": build_values(window.radius, scope, TOUCHED, size=LISTED),
        "resources": bodies_token.build_resources(window.radius, scope, size=LISTED),
        "last_legitimate": bodies_token.build_event_at_end(window.legitimate, scope, "desc"),
        "first_suspicious": bodies_token.build_event_at_end(suspicious, scope, "asc"),
        "coverage": coverage.build_coverage(scope),
    }
    if window.actor:
        bodies["actors"] = build_values(window.everyone.before, scope, tuple(ACTOR_FIELDS.values()), size=20)
    return bodies if window.revoked_at is None else bodies | _bodies_after(window, window.revoked_at, scope)


def _bodies_after(window: CompromiseWindow, revoked_at: str, scope: Scope) -> dict[str, Body]:
    """What came after the revocation, and from which addresses, beside those of the time before."""
    accepted, refused = window.after(ACCEPTED), window.after(REFUSED)
    tries = replace(window.uses, start=next_nanosecond(revoked_at))
    everyone = {}
    if window.actor:
        fields = tuple(ACTOR_FIELDS.values())
        everyone["actors_after"] = build_values(window.everyone.after(REFUSED), scope, fields, size=20)
    return everyone | {
        "verifiers": bodies_token.build_verifiers(accepted, scope, size=VERIFIERS),
        "first_accepted": bodies_token.build_event_at_end(accepted, scope, "asc"),
        "last_accepted": bodies_token.build_event_at_end(accepted, scope, "desc"),
        "refused": build_values(refused, scope, REFUSED_BY, size=20),
        "first_refused": bodies_token.build_event_at_end(refused, scope, "asc"),
        "addresses_after": bodies_token.build_addresses(tries, scope, size=MAX_ADDRESSES),
        "addresses_during": bodies_token.build_addresses(window.before, scope, size=MAX_ADDRESSES),
        "addresses_before": bodies_token.build_addresses(window.legitimate, scope, size=VALUES_OF_A_SHARD),
        "same_instant": build_number(window.at_that_instant, scope),
    }


def _read_radius(window: CompromiseWindow, responses: Mapping[str, Response]) -> BlastRadius:
    touched = read_values(responses["touched"], TOUCHED)
    resources, others = compromise_parts.read_resources(responses["resources"])
    return BlastRadius(
        search=window.shorten(window.radius),
        users=touched["user.id"],
        organisations=touched["organization.id"],
        resources=resources,
        others=others,
    )


def _read_accepted(window: CompromiseWindow, responses: Mapping[str, Response]) -> AcceptedUses | None:
    """What was accepted after the revocation."""
    if window.revoked_at is None:
        return None
    return compromise_parts.read_accepted(
        responses["verifiers"],
        window.shorten(window.after(ACCEPTED)),
        window.revoked_at,
        first=read_top_hit(responses["first_accepted"]),
        last=read_top_hit(responses["last_accepted"]),
    )


def _read_refused(window: CompromiseWindow, responses: Mapping[str, Response]) -> RefusedUses | None:
    """What was refused after the revocation."""
    if window.revoked_at is None:
        return None
    refused = responses["refused"]
    return RefusedUses(
        search=window.shorten(window.after(REFUSED)),
        total=execute.read_total(refused),
        first=read_top_hit(responses["first_refused"]),
        by=read_values(refused, REFUSED_BY),
    )


def _ask_ways_on(
    trail: Trail, window: CompromiseWindow, total: int, responses: Mapping[str, Response], scope: Scope
) -> tuple[tuple[str, ...], OtherTokens | None]:
    """What can only be asked once the rest is known, in one more round trip: which events these are, where they are few
    enough to be pinned at once; and the other tokens of the addresses that tried after the revocation."""
    others = _read_addresses(window, responses)
    bodies = {}
    if 0 < total <= PINNABLE:
        bodies["events"] = bodies_token.build_ids(window.before, scope, size=PINNABLE)
    if others and others.addresses:
        bodies["others"] = _build_others(window, others, scope)
    further = execute.ask_all(trail, bodies)
    if others and "others" in further:
        tokens, left_out = compromise_parts.read_other_tokens(further["others"])
        others = replace(others, tokens=tokens, others=left_out)
    hits = further["events"]["hits"]["hits"] if "events" in further else []
    return tuple(hit["_id"] for hit in hits), others


def _read_addresses(window: CompromiseWindow, responses: Mapping[str, Response]) -> OtherTokens | None:
    """The addresses that tried after the revocation, and those that came with the compromise."""
    if window.revoked_at is None:
        return None
    after, is_after_cut = compromise_parts.read_addresses(responses["addresses_after"])
    during, is_during_cut = compromise_parts.read_addresses(responses["addresses_during"])
    before, is_before_cut = compromise_parts.read_addresses(responses["addresses_before"])
    new = sorted(set(during) - set(before)) if window.at else []
    addresses = sorted({*after, *new})
    is_cut = is_after_cut or is_during_cut or is_before_cut or len(addresses) > MAX_ADDRESSES
    return OtherTokens(addresses=tuple(addresses[:MAX_ADDRESSES]), new=tuple(new), more=is_cut, tokens=(), others=0)


def _build_others(window: CompromiseWindow, others: OtherTokens, scope: Scope) -> Body:
    assert window.revoked_at
    uses = Search(filters=(USED,), start=window.at or window.revoked_at)
    since = next_nanosecond(window.revoked_at)
    return bodies_token.build_other_tokens(others.addresses, uses, window.everything, since, scope, size=LISTED)


def list_affected(trail: Trail, search: Search, scope: Scope) -> Iterator[Affected]:
    """The whole blast radius of a search, however long, a page of the engine's at a time."""
    for fields in (("user.id",), ("organization.id",), ("resource.id", "resource.type")):
        after: dict[str, Any] | None = None
        while True:
            response = execute.ask(trail, bodies_token.build_affected(search, scope, fields, after=after, size=1_000))
            page = response.get("aggregations", {}).get("affected", {})
            for bucket in page.get("buckets", []):
                key = bucket["key"]
                yield compromise_parts.read_affected(fields[0], key[fields[0]], key.get("resource.type") or "", bucket)
            after = page.get("after_key")
            if after is None:
                break
