"""From compromise to revocation: what a token and its descendants did, what came after, and whom and what it touched."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.errors import BadQuery
from trail.lineage import TokenRef, family
from trail.moments import just_after, nanoseconds
from trail.questions import aftermath
from trail.questions.aftermath import Accepted, Affected, OtherTokens, Radius, Refusals
from trail.questions.fate import Ending, endings_among, endings_body, endings_in, reach_of
from trail.questions.named import above, names
from trail.questions.reading import event_of, total_of
from trail.questions.values import Values, values_of
from trail.schema import USES, Operation
from trail.search import bodies, execute, tokens
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

DID = ("event.action", "event.outcome", "resource.type", "service.name", "source.ip", "user_agent.original")
REFUSED_BY = ("source.ip", "event.reason", "service.name", "user_agent.original")
TOUCHED = ("user.id", "organization.id")
# How much of each list the answer holds; what it leaves off it counts, and `affected` has all of it.
LISTED, MAX_ADDRESSES, VERIFIERS = 100, 1_000, 200
# As many events as can be pinned at once.
PINNABLE = 500
NOT_ENDINGS = Filter("token.operation", (str(Operation.REVOKE), str(Operation.RESTORE)), negated=True)
ACCEPTED = Filter("event.outcome", ("success",))
REFUSED = Filter("event.outcome", ("failure",))
NOT_REFUSED = replace(REFUSED, negated=True)


@dataclass(frozen=True, slots=True)
class Compromise:
    """What a token and its descendants (`tokens` of them, itself included) did from the moment of compromise to the
    revocation. Without a moment it begins with the first event, without a revocation it goes on to the present.

    `search` finds those events, `total` of them; `events` are their ids where they can be pinned at once. What came in the
    nanosecond of the revocation is neither before nor after it: `same_instant`. What came `accepted` or `refused` after it
    ends where the token was `restored`; None without a revocation.
    """

    token: TokenRef
    at: str | None
    moment: Hit | None
    endings: tuple[Ending, ...]
    revocation: Ending | None
    restored: Ending | None
    tokens: int
    search: Search
    total: int
    did: dict[str, Values]
    radius: Radius
    events: tuple[str, ...]
    last_legitimate: Hit | None
    first_suspicious: Hit | None
    same_instant: int
    accepted: Accepted | None
    refused: Refusals | None
    others: OtherTokens | None
    coverage: Coverage

    @property
    def revocations(self) -> tuple[Ending, ...]:
        """Those that can be chosen from."""
        return tuple(one for one in self.endings if not one.restored)


@dataclass(frozen=True, slots=True)
class _Window:
    """The searches of one answer, all of them over the same family."""

    token: TokenRef
    everything: Search
    at: str | None
    revoked_at: str | None
    restored_at: str | None

    @property
    def before(self) -> Search:
        """From the compromise to the revocation."""
        return replace(
            self.everything.with_filter(NOT_ENDINGS), start=self.at, end=self.revoked_at, sort=("@timestamp", "asc")
        )

    @property
    def radius(self) -> Search:
        """What it reached from the compromise on; what verifiers accepted after the revocation as well."""
        reached = self.everything.with_filter(NOT_ENDINGS).with_filter(NOT_REFUSED)
        return replace(reached, start=self.at, end=self.restored_at, sort=("@timestamp", "asc"))

    @property
    def uses(self) -> Search:
        return self.everything.with_filter(Filter("token.operation", tuple(USES)))

    @property
    def legitimate(self) -> Search:
        """What was accepted before the compromise."""
        return replace(self.uses.with_filter(ACCEPTED), end=self.at)

    def short(self, search: Search) -> Search:
        """The same search as people go on with it: the family by one name, however many it has."""
        of_it = Filter("token.lineage", (self.token.value,))
        return replace(search, text="", parameters=(), filters=(of_it, *search.filters))

    def after(self, outcome: Filter) -> Search:
        """Uses from the nanosecond after the revocation to where the token was restored."""
        assert self.revoked_at
        return replace(self.uses.with_filter(outcome), start=just_after(self.revoked_at), end=self.restored_at)

    @property
    def at_that_instant(self) -> Search:
        assert self.revoked_at
        return replace(self.uses, start=self.revoked_at, end=just_after(self.revoked_at))


def compromise(
    trail: Trail, token: TokenRef, scope: Scope, *, at: str = "", revocation_id: str = "", now: datetime | None = None
) -> Compromise:
    """What did this token and its descendants do from its compromise to its revocation, and what came of it?

    `at` is a time or an event's id. Of several revocations the first after `at` counts, without one the last, or the one
    that is named. Raises BadQuery, TooLarge, TrailUnavailable. A few round trips for the family, three for the rest.
    """
    now = now or datetime.now(UTC)
    moment, since = _moment(trail, at.strip(), scope, now)
    named, found = names(trail, token, scope), family(trail, token, scope)
    ancestry = above(trail, named, scope)
    (ends,) = execute.ask_all(trail, [endings_body(named, ancestry, scope)])
    endings = endings_among(endings_in(ends), reach_of(named, ancestry))
    revocation = _chosen(endings, revocation_id, since)
    restored = next((one for one in endings if one.restored and revocation and _later(one, revocation)), None)
    window = _Window(token, found.search(), since, _at(revocation), _at(restored))
    did, users, things, last, first, extent, *after = execute.ask_all(trail, _bodies(window, scope))
    ways_on = _ways_on(trail, window, total_of(did), after, scope)
    resources, left = aftermath.resources_in(things)
    touched, reached = values_of(users, TOUCHED), window.short(window.radius)
    return Compromise(
        token=token, at=since, moment=moment, endings=endings, revocation=revocation, restored=restored,
        tokens=len(found.fingerprints) or len(found.token_ids), search=window.short(window.before), total=total_of(did),
        did=values_of(did, DID), radius=Radius(reached, touched["user.id"], touched["organization.id"], resources, left),
        last_legitimate=event_of(last) if since else None, first_suspicious=event_of(first) if since else None,
        same_instant=total_of(after[-1]) if after else 0,
        **_after(window, after), **ways_on, coverage=coverage.read(extent, now),
    )  # fmt: skip


def _moment(trail: Trail, at: str, scope: Scope, now: datetime) -> tuple[Hit | None, str | None]:
    """The moment of compromise, as a time or as an event."""
    if not at:
        return None, None
    try:
        return None, Search(start=at).resolved(now).start
    except BadQuery:
        if found := execute.event(trail, at, scope):
            return found, found.timestamp
    raise BadQuery(f"{at!r} is neither a time (2026-11-24T09:30:00Z, now-7d) nor the id of an event you may see.", 0)


def _chosen(endings: tuple[Ending, ...], revocation_id: str, since: str | None) -> Ending | None:
    revocations = [one for one in endings if not one.restored]
    if revocation_id:
        for one in revocations:
            if one.event.event_id == revocation_id:
                if since and nanoseconds(one.at) < nanoseconds(since):
                    raise BadQuery(f"That revocation ({one.at}) came before the moment of compromise ({since}).", 0)
                return one
        raise BadQuery(f"This token has no revocation {revocation_id}.", 0)
    if since:
        return next((one for one in revocations if nanoseconds(one.at) >= nanoseconds(since)), None)
    return revocations[-1] if revocations else None


def _at(one: Ending | None) -> str | None:
    return one.at if one else None


def _later(one: Ending, than: Ending) -> bool:
    return one.name == than.name and nanoseconds(one.at) > nanoseconds(than.at)


def _bodies(window: _Window, scope: Scope) -> list[bodies.Body]:
    """Everything that one round trip can ask: the time before, and with a revocation the time after."""
    before = window.before
    suspicious = replace(window.uses, start=window.at)
    asked = [
        bodies.values(before, scope, DID, size=20),
        bodies.values(window.radius, scope, TOUCHED, size=LISTED),
        tokens.resources(window.radius, scope, size=LISTED),
        tokens.one(window.legitimate, scope, "desc"),
        tokens.one(suspicious, scope, "asc"),
        coverage.body(scope),
    ]
    if window.revoked_at is None:
        return asked
    accepted, refused = window.after(ACCEPTED), window.after(REFUSED)
    return [
        *asked,
        tokens.verifiers(accepted, scope, size=VERIFIERS),
        tokens.one(accepted, scope, "asc"),
        tokens.one(accepted, scope, "desc"),
        bodies.values(refused, scope, REFUSED_BY, size=20),
        tokens.one(refused, scope, "asc"),
        tokens.addresses(replace(window.uses, start=just_after(window.revoked_at)), scope, size=MAX_ADDRESSES),
        tokens.addresses(before, scope, size=MAX_ADDRESSES),
        tokens.addresses(window.legitimate, scope, size=bodies.VALUES_OF_A_SHARD),
        bodies.count(window.at_that_instant, scope) | {"size": 0, "track_total_hits": True},
    ]


def _after(window: _Window, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """What came after the revocation."""
    if not answers or window.revoked_at is None:
        return {"accepted": None, "refused": None}
    verifiers, first, last, refused, refused_first, *_ = answers
    accepted, refusals = window.short(window.after(ACCEPTED)), window.short(window.after(REFUSED))
    return {
        "accepted": aftermath.accepted_in(verifiers, accepted, window.revoked_at, event_of(first), event_of(last)),
        "refused": Refusals(refusals, total_of(refused), event_of(refused_first), values_of(refused, REFUSED_BY)),
    }


def _ways_on(trail: Trail, window: _Window, total: int, answers: list[dict[str, Any]], scope: Scope) -> dict[str, Any]:
    """What can only be asked once the rest is known, in one more round trip: which events these are, where they are few
    enough to be pinned at once; and the other tokens of the addresses that tried after the revocation."""
    others = _addresses(window, answers)
    pinned = [tokens.ids(window.before, scope, size=PINNABLE)] if 0 < total <= PINNABLE else []
    asked = [_others_body(window, others, scope)] if others and others.addresses else []
    answered = execute.ask_all(trail, [*pinned, *asked]) if pinned or asked else []
    events = tuple(one["_id"] for one in answered[0]["hits"]["hits"]) if pinned else ()
    if others and asked:
        found, left = aftermath.others_in(answered[-1])
        others = replace(others, tokens=found, others=left)
    return {"events": events, "others": others}


def _addresses(window: _Window, answers: list[dict[str, Any]]) -> OtherTokens | None:
    """The addresses that tried after the revocation, and those that came with the compromise."""
    if not answers:
        return None
    tried, during, known = answers[-4:-1]
    (trying, more), (present, many), (before, unsure) = map(aftermath.addresses_in, (tried, during, known))
    new = sorted(set(present) - set(before)) if window.at else []
    addresses = sorted({*trying, *new})
    more = more or many or unsure or len(addresses) > MAX_ADDRESSES
    return OtherTokens(tuple(addresses[:MAX_ADDRESSES]), tuple(new), more, (), 0)


def _others_body(window: _Window, others: OtherTokens, scope: Scope) -> bodies.Body:
    assert window.revoked_at
    uses = Search(filters=(Filter("token.operation", tuple(USES)),), start=window.at or window.revoked_at)
    since = just_after(window.revoked_at)
    return tokens.others(others.addresses, uses, window.everything, since, scope, size=LISTED)


def affected(trail: Trail, search: Search, scope: Scope) -> Iterator[Affected]:
    """The whole blast radius of a search, however long, a page of the engine's at a time."""
    for fields in (("user.id",), ("organization.id",), ("resource.id", "resource.type")):
        after: dict[str, Any] | None = None
        while True:
            answer = execute.ask(trail, tokens.affected(search, scope, fields, after=after, size=1_000))
            found = answer.get("aggregations", {}).get("affected", {})
            for bucket in found.get("buckets", []):
                key = bucket["key"]
                yield aftermath.affected_in(fields[0], key[fields[0]], key.get("resource.type") or "", bucket)
            after = found.get("after_key")
            if after is None:
                break
