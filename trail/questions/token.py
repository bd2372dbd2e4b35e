"""One token, all of history: issued when and to whom, first used when and from where, what became of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.lineage import Ancestry, TokenRef
from trail.moments import gap, just_after, text_of
from trail.questions.asking import doing
from trail.questions.fate import Ending, Fate, endings_among, endings_body, endings_in, fate, reach_of
from trail.questions.named import Named, above, names
from trail.questions.reading import event_of, total_of
from trail.questions.values import Values, values_of
from trail.schema import USES, Operation
from trail.search import bodies, execute, tokens
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

WHERE = ("source.ip", "user_agent.original", "source.geo.country_iso_code", "service.name")
DENIED = ("event.reason", "token.caveats.failed")
ABOUT = ("token.fingerprint", "token.kind", "token.key_id", "token.location", "user.id", "organization.id")
SHOWN = 50
USED = Filter("token.operation", tuple(USES))
ACCEPTED = Filter("event.outcome", ("success",))
REFUSED = Filter("event.outcome", ("failure",))
NOT_ENDINGS = Filter("token.operation", (str(Operation.REVOKE), str(Operation.RESTORE)), negated=True)
NOT_REFUSED = Filter("event.outcome", ("failure",), negated=True)


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """What came after a token had ended, from the next nanosecond on: refused, and accepted all the same."""

    refused: int
    first_refused: Hit | None
    accepted: int
    first_accepted: Hit | None


@dataclass(frozen=True, slots=True)
class Dossier:
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
    where: dict[str, Values]
    denials: dict[str, Values]
    about: dict[str, Values]
    caveats: tuple[str, ...] | None
    expires_at: str | None
    endings: tuple[Ending, ...]
    fate: Fate
    after_end: AfterEnd | None
    coverage: Coverage

    @property
    def attenuations(self) -> Values:
        """The fingerprints that go under its id, each with its events."""
        return self.about["token.fingerprint"]


def dossier(trail: Trail, token: TokenRef, scope: Scope, *, now: datetime | None = None) -> Dossier:
    """What is known of this token? One request for its names and one `_msearch`; a token that has ended takes one more
    for what came after, one that comes from another a few more for its ancestors. Raises TooLarge, TrailUnavailable."""
    now = now or datetime.now(UTC)
    named = names(trail, token, scope)
    ancestry = above(trail, named, scope)
    ended = endings_body(named, ancestry, scope)
    answers = execute.ask_all(trail, [*_bodies(named, scope), ended, coverage.body(scope)])
    issued, first, last, accepted, last_accepted, plain, refused, where, denials, about, alone, ends, covered = answers
    endings = endings_among(endings_in(ends), reach_of(named, ancestry))
    expires_at = plain.get("aggregations", {}).get("expires", {}).get("value_as_string") or carried(named, ancestry)
    became = fate(endings, expires_at, text_of(now))
    begun, used = event_of(issued), event_of(first)
    # As one chip, unless a log that knows only fingerprints makes a difference.
    search = named.alone if total_of(alone) == total_of(plain) else named.search()
    return Dossier(
        token=token, token_ids=named.token_ids, parents=tuple(sorted(set(named.parents) - set(named.fingerprints))),
        search=search, uses_search=search.with_filter(USED), events=total_of(plain),
        issued=begun, issues=total_of(issued), first=used, succeeded=event_of(accepted), last=event_of(last),
        last_accepted=event_of(last_accepted), gap=gap(begun.timestamp, used.timestamp) if begun and used else None,
        uses=total_of(last), accepted=total_of(last_accepted), refused=total_of(refused),
        where=values_of(where, WHERE), denials=values_of(denials, DENIED), about=values_of(about, ABOUT),
        caveats=caveats_of(event_of(plain)), expires_at=expires_at, endings=endings, fate=became,
        after_end=_after(trail, named, became, scope), coverage=coverage.read(covered, now),
    )  # fmt: skip


def carried(named: Named, ancestry: Ancestry) -> str | None:
    """When an attenuation ends by itself though its own events do not say: with what it was made from."""
    ends = {
        one.fingerprint: one.expires_at for one in ancestry.seen if one.token_id in named.token_ids and one.expires_at
    }
    return next((ends[key] for key in ancestry.fingerprints if key in ends), None)


def _uses(named: Named) -> Search:
    return named.search().with_filter(USED)


def _bodies(named: Named, scope: Scope) -> list[bodies.Body]:
    everything, uses = named.search(), _uses(named)
    accepted, refused = uses.with_filter(ACCEPTED), uses.with_filter(REFUSED)
    issues = everything.with_filter(doing(Operation.ISSUE)).with_filter(NOT_REFUSED)
    return [
        tokens.one(issues, scope, "asc"),
        tokens.one(uses, scope, "asc"),
        tokens.one(uses, scope, "desc"),
        tokens.one(accepted, scope, "asc"),
        tokens.one(accepted, scope, "desc"),
        tokens.plainest(everything, scope),
        bodies.count(refused, scope) | {"size": 0, "track_total_hits": True},
        bodies.values(uses, scope, WHERE, size=SHOWN),
        bodies.values(refused, scope, DENIED, size=SHOWN),
        bodies.values(everything.with_filter(NOT_ENDINGS), scope, ABOUT, size=SHOWN),
        bodies.count(named.alone, scope) | {"size": 0, "track_total_hits": True},
    ]


def _after(trail: Trail, named: Named, became: Fate, scope: Scope) -> AfterEnd | None:
    """What came after the end: one more round trip, for the end is not known before."""
    if became.since is None:
        return None
    later = replace(_uses(named), start=just_after(became.since))
    asked = [tokens.one(later.with_filter(outcome), scope, "asc") for outcome in (REFUSED, ACCEPTED)]
    refused, accepted = execute.ask_all(trail, asked)
    return AfterEnd(total_of(refused), event_of(refused), total_of(accepted), event_of(accepted))


def caveats_of(hit: Hit | None) -> tuple[str, ...] | None:
    """The exact caveats that an event carries, each as JSON; None when it carries none that can be read."""
    text = hit.document.get("token", {}).get("caveats", {}).get("json") if hit else None
    try:
        caveats = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
    return tuple(orjson.dumps(one).decode() for one in caveats) if isinstance(caveats, list) else None
