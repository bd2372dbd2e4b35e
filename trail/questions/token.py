"""Asks for one token over all of history: issued when and to whom, first used when and from where, what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson

from trail.connection import Trail
from trail.questions import coverage
from trail.questions.answers import (
    ACCEPTED,
    NOT_ENDINGS,
    NOT_REFUSED,
    REFUSED,
    USED,
    FieldValues,
    filter_operation,
    read_top_hit,
    read_values,
)
from trail.questions.attenuations import Attenuation, read_attenuations
from trail.questions.coverage import Coverage
from trail.questions.lifeline import Lifeline, read_lifeline
from trail.questions.token_names import TokenNames, ask_ancestors, ask_names
from trail.questions.token_status import (
    Ending,
    Reach,
    TokenStatus,
    build_endings,
    decide_status,
    find_endings,
    find_in_force,
    reach_of_names,
    reaches_of_ancestors,
    read_endings,
)
from trail.schema import Operation
from trail.search import execute
from trail.search.bodies import token as bodies_token
from trail.search.bodies.lifeline import LifelineRequest, build_lifeline
from trail.search.bodies.page import build_number, build_values
from trail.search.bodies.query import Body
from trail.search.execute import Hit
from trail.search.lineage import Ancestry, TokenRef
from trail.search.responses import Response
from trail.search.spec import Scope, Search
from trail.times import format_datetime, next_nanosecond, subtract_times

WHERE = ("source.ip", "user_agent.original", "source.geo.country_iso_code", "service.name")
DENIED = ("event.reason", "token.caveats.failed")
ABOUT = ("token.fingerprint", "token.kind", "token.key_id", "token.location", "user.id", "organization.id")
SHOWN = 50
# With more fingerprints of its own a token's life is drawn without what was made from it.
MOST_PARENTS = 200


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """What came after a token had ended, from the next nanosecond on: refused, and accepted all the same."""

    refused: int
    first_refused: Hit | None
    accepted: int
    first_accepted: Hit | None


@dataclass(frozen=True, slots=True)
class TokenDossier:
    """All that the trail knows of one token. Counts are exact; `where`, `denials` and `about` say how far theirs are.

    `gap` is from issue to first use in nanoseconds, negative when the clocks say so. `caveats` are the fewest it was seen with,
    each as JSON; None when no event carries them. `search` finds its `events`, `uses_search` those in which it was used.
    """

    token: TokenRef
    token_ids: tuple[str, ...]
    parents: tuple[str, ...]
    search: Search
    uses_search: Search
    events: int
    issued: Hit | None
    issues: int
    first: Hit | None
    succeeded: Hit | None
    last: Hit | None
    last_accepted: Hit | None
    gap: int | None
    uses: int
    accepted: int
    refused: int
    where: dict[str, FieldValues]
    denials: dict[str, FieldValues]
    about: dict[str, FieldValues]
    caveats: tuple[str, ...] | None
    expires_at: str | None
    endings: tuple[Ending, ...]
    status: TokenStatus = field(metadata={"json": "fate"})
    after_end: AfterEnd | None
    coverage: Coverage

    @property
    def attenuations(self) -> FieldValues:
        """The fingerprints that go under its id, each with its events."""
        return self.about["token.fingerprint"]


@dataclass(frozen=True, slots=True)
class DrawnToken:
    """A token's dossier, its lifeline, and its commonest attenuations."""

    dossier: TokenDossier
    lifeline: Lifeline
    attenuations: tuple[Attenuation, ...]

    @property
    def coverage(self) -> Coverage:
        """What was searched for both."""
        return self.dossier.coverage


def ask_token(trail: Trail, token: TokenRef, scope: Scope, *, now: datetime | None = None) -> TokenDossier:
    """What is known of this token? One request for its names and one `_msearch`; a token that has ended takes one more
    for what came after, one that comes from another a few more for its ancestors. Raises TooLarge, TrailUnavailable."""
    names = ask_names(trail, token, scope)
    return _ask_dossier(trail, names, scope, {}, now)[0]


def ask_drawn_token(
    trail: Trail,
    token: TokenRef,
    scope: Scope,
    draw: Callable[[Search, Search], LifelineRequest],
    *,
    now: datetime | None = None,
) -> DrawnToken:
    """The same with its lifeline, in as many requests; `draw` takes the search for its uses and that for its life."""
    names = ask_names(trail, token, scope)
    request = draw(_uses(names), search_life(names))
    attenuations = bodies_token.build_attenuations(names.search(), scope, size=SHOWN)
    beside = {"attenuations": attenuations, **build_lifeline(request, scope)}
    dossier, responses = _ask_dossier(trail, names, scope, beside, now)
    return DrawnToken(dossier, read_lifeline(request, responses), read_attenuations(responses["attenuations"]))


def search_life(names: TokenNames) -> Search:
    """Every event of a token, and those of tokens that were made from it."""
    own = names.search()
    if not names.fingerprints or len(names.fingerprints) > MOST_PARENTS:
        return own
    parents = ("parents", names.fingerprints)
    if own.text:
        return replace(
            own, text=f"{own.text} OR token.parent_fingerprint:$parents", parameters=(*own.parameters, parents)
        )
    (chip,) = own.filters
    return Search(
        text=f"{chip.field}:$names OR token.parent_fingerprint:$parents", parameters=(("names", chip.values), parents)
    )


def _ask_dossier(
    trail: Trail, names: TokenNames, scope: Scope, beside: Mapping[str, Body], now: datetime | None
) -> tuple[TokenDossier, Mapping[str, Response]]:
    """The dossier, and the responses to what was asked `beside` it."""
    now = now or datetime.now(UTC)
    ancestry = ask_ancestors(trail, names, scope)
    own, ancestors = reach_of_names(names, ancestry), reaches_of_ancestors(ancestry)
    responses = execute.ask_all(trail, {**_bodies(names, [own, *ancestors], scope), **beside})
    endings = find_endings(read_endings(responses["endings"]), own, ancestors)
    expires_at = _read_expiry(responses["plainest"]) or find_carried_expiry(names, ancestry)
    status = decide_status(find_in_force(endings).values(), expires_at, format_datetime(now))
    after_end = _ask_after_end(trail, names, status, scope)
    covered = coverage.read_coverage(responses["coverage"], now)
    return _read_dossier(names, responses, expires_at, endings, status, after_end, covered), responses


def _read_dossier(
    names: TokenNames,
    responses: Mapping[str, Response],
    expires_at: str | None,
    endings: tuple[Ending, ...],
    status: TokenStatus,
    after_end: AfterEnd | None,
    covered: Coverage,
) -> TokenDossier:
    issued, first = read_top_hit(responses["issued"]), read_top_hit(responses["first"])
    total = execute.read_total(responses["plainest"])
    # As one chip, unless a log that knows only fingerprints makes a difference.
    search = names.alone if execute.read_total(responses["alone"]) == total else names.search()
    return TokenDossier(
        token=names.token,
        token_ids=names.token_ids,
        parents=tuple(sorted(set(names.parents) - set(names.fingerprints))),
        search=search,
        uses_search=search.with_filter(USED),
        events=total,
        issued=issued,
        issues=execute.read_total(responses["issued"]),
        first=first,
        succeeded=read_top_hit(responses["accepted"]),
        last=read_top_hit(responses["last"]),
        last_accepted=read_top_hit(responses["last_accepted"]),
        gap=subtract_times(first.timestamp, issued.timestamp) if issued and first else None,
        uses=execute.read_total(responses["last"]),
        accepted=execute.read_total(responses["last_accepted"]),
        refused=execute.read_total(responses["refused"]),
        where=read_values(responses["where"], WHERE),
        denials=read_values(responses["denials"], DENIED),
        about=read_values(responses["about"], ABOUT),
        caveats=read_caveats(read_top_hit(responses["plainest"])),
        expires_at=expires_at,
        endings=endings,
        status=status,
        after_end=after_end,
        coverage=covered,
    )


def _read_expiry(response: Response) -> str | None:
    """The latest end in time that one of the token's own events names."""
    expires = response.get("aggregations", {}).get("expires", {}).get("value_as_string")
    return None if expires is None else str(expires)


def find_carried_expiry(names: TokenNames, ancestry: Ancestry) -> str | None:
    """When an attenuation ends by itself though its own events do not say: with what it was made from."""
    ends = {
        macaroon.fingerprint: macaroon.expires_at
        for macaroon in ancestry.seen
        if macaroon.token_id in names.token_ids and macaroon.expires_at
    }
    return next((ends[key] for key in ancestry.fingerprints if key in ends), None)


def _uses(names: TokenNames) -> Search:
    return names.search().with_filter(USED)


def _bodies(names: TokenNames, reaches: list[Reach], scope: Scope) -> dict[str, Body]:
    everything, uses = names.search(), _uses(names)
    accepted, refused = uses.with_filter(ACCEPTED), uses.with_filter(REFUSED)
    issues = everything.with_filter(filter_operation(Operation.ISSUE)).with_filter(NOT_REFUSED)
    return {
        "issued": bodies_token.build_event_at_end(issues, scope, "asc"),
        "first": bodies_token.build_event_at_end(uses, scope, "asc"),
        "last": bodies_token.build_event_at_end(uses, scope, "desc"),
        "accepted": bodies_token.build_event_at_end(accepted, scope, "asc"),
        "last_accepted": bodies_token.build_event_at_end(accepted, scope, "desc"),
        "plainest": bodies_token.build_plainest(everything, scope),
        "refused": build_number(refused, scope),
        "where": build_values(uses, scope, WHERE, size=SHOWN),
        "denials": build_values(refused, scope, DENIED, size=SHOWN),
        "about": build_values(everything.with_filter(NOT_ENDINGS), scope, ABOUT, size=SHOWN),
        "alone": build_number(names.alone, scope),
        "endings": build_endings(reaches, scope),
        "coverage": coverage.build_coverage(scope),
    }


def _ask_after_end(trail: Trail, names: TokenNames, status: TokenStatus, scope: Scope) -> AfterEnd | None:
    """What came after the end: one more round trip, for the end is not known before."""
    if status.since is None:
        return None
    later = replace(_uses(names), start=next_nanosecond(status.since))
    bodies = {
        "refused": bodies_token.build_event_at_end(later.with_filter(REFUSED), scope, "asc"),
        "accepted": bodies_token.build_event_at_end(later.with_filter(ACCEPTED), scope, "asc"),
    }
    responses = execute.ask_all(trail, bodies)
    return AfterEnd(
        refused=execute.read_total(responses["refused"]),
        first_refused=read_top_hit(responses["refused"]),
        accepted=execute.read_total(responses["accepted"]),
        first_accepted=read_top_hit(responses["accepted"]),
    )


def read_caveats(hit: Hit | None) -> tuple[str, ...] | None:
    """The exact caveats that an event carries, each as JSON; None when it carries none that can be read."""
    text = hit.document.get("token", {}).get("caveats", {}).get("json") if hit else None
    try:
        caveats = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
    return tuple(orjson.dumps(caveat).decode() for caveat in caveats) if isinstance(caveats, list) else None
