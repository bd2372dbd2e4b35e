"""What became of a token: alive, expired, or revoked, when, by whom, and by which of its names it was reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trail.events import get
from trail.lineage import Ancestry, TooLarge
from trail.moments import nanoseconds
from trail.questions.named import WHOSE, Named, named_by
from trail.search import execute, tokens
from trail.search.bodies import Body
from trail.search.execute import Hit
from trail.search.spec import Scope

State = Literal["alive", "expired", "revoked"]
# By which of its names a revocation reached it; `ancestor` is anything it was derived from.
Through = Literal["itself", "key", "user", "organisation", "ancestor"]
_SCOPES: dict[str, tuple[str, Through]] = {
    "key": ("token.key_id", "key"), "user": ("user.id", "user"), "organisation": ("organization.id", "organisation"),
    "organization": ("organization.id", "organisation"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """An event that revoked the token or restored it, and through what: `name` is the id, key or user that it names."""

    event: Hit
    restored: bool
    through: Through
    name: str

    @property
    def at(self) -> str:
        """When, by the clock of who wrote it."""
        return self.event.timestamp


@dataclass(frozen=True, slots=True)
class Fate:
    """What a token is at a moment, and since when; `ending` is the revocation that ended it, if one did."""

    state: State
    since: str | None = None
    ending: Ending | None = None


ALIVE = Fate("alive")


@dataclass(frozen=True, slots=True)
class Reach:
    """By what a revocation can reach a token. `first` is when the token is first on record, None if it is not known.

    A revocation that names a `token.id` ends all of it (the nonce is what is revoked); one that names a fingerprint alone
    ends that macaroon. `above` are the names of the ancestors.
    """

    token_ids: frozenset[str]
    fingerprints: frozenset[str]
    whose: dict[str, frozenset[str]]
    first: str | None
    above_ids: frozenset[str] = frozenset()
    above_fingerprints: frozenset[str] = frozenset()

    def through(self, hit: Hit) -> tuple[Through, str] | None:
        """By which name this revocation reaches the token, if it does."""
        token = hit.document.get("token", {})
        token_id, fingerprint = token.get("id"), token.get("fingerprint")
        name = str(token_id or fingerprint)
        if token_id in self.token_ids or (token_id is None and fingerprint in self.fingerprints):
            return "itself", name
        if token_id in self.above_ids or (token_id is None and fingerprint in self.above_fingerprints):
            return "ancestor", name
        return self._widely(hit, token.get("revocation", {}).get("scope", ""))

    def _widely(self, hit: Hit, scope: str) -> tuple[Through, str] | None:
        if scope not in _SCOPES:
            return None
        field, through = _SCOPES[scope]
        value = _subject(hit, field)
        # Whoever is shut out and let in again gets new tokens: a revocation ends those that there were.
        later = self.first is not None and nanoseconds(self.first) > nanoseconds(hit.timestamp)
        return (through, str(value)) if value in self.whose.get(field, ()) and not later else None


def _subject(hit: Hit, field: str) -> Any:
    """Whom a wide revocation shuts out: what it acts on where it says so, for `user.id` may be who did it."""
    resource = hit.document.get("resource", {})
    acts_on, _ = _SCOPES.get(resource.get("type", ""), ("", ""))
    return resource.get("id") if acts_on == field else get(hit.document, field)


def reach_of(named: Named, above: Ancestry) -> Reach:
    """By what a token that was asked about can be reached, its ancestors included."""
    alone = named.token.field == "token.fingerprint" or len(named.fingerprints) == 1
    ids = {one.token_id for one in above.seen if one.token_id} - set(named.token_ids)
    return Reach(
        token_ids=frozenset(named.token_ids),
        # Of several attenuations, the end of one is not the end of the token.
        fingerprints=frozenset(named.fingerprints if alone else ()),
        whose={name: frozenset(values) for name, values in named.whose.items()},
        first=named.first,
        above_ids=frozenset(ids),
        above_fingerprints=frozenset(above.fingerprints),
    )


def endings_body(named: Named, above: Ancestry, scope: Scope) -> Body:
    """Whatever may have ended the token or brought it back."""
    ids = {*named.token_ids, *(one.token_id for one in above.seen if one.token_id)}
    known = named_by(tuple(sorted(ids)), tuple(sorted({*named.fingerprints, *above.fingerprints})))
    return tokens.endings(known, {name: named.whose.get(name, ()) for name in WHOSE}, scope)


def endings_in(answer: dict[str, Any]) -> list[Hit]:
    """What the engine found to `endings_body`. Raises TooLarge rather than leave one out."""
    if answer["hits"]["total"]["value"] > tokens.MAX_ENDINGS:
        raise TooLarge(f"More than {tokens.MAX_ENDINGS:,} revocations may concern this token; search for them instead.")
    return [execute.hit(one) for one in answer["hits"]["hits"]]


def endings_among(hits: Iterable[Hit], reach: Reach) -> tuple[Ending, ...]:
    """The events that ended this token or brought it back; of two at one instant the revocation comes last."""
    found = [
        Ending(hit, hit.document["token"]["operation"] == "token.restore", *through)
        for hit in hits
        if (through := reach.through(hit))
    ]
    return tuple(sorted(found, key=lambda one: (nanoseconds(one.at), not one.restored)))


def fate(endings: Sequence[Ending], expires_at: str | None, now: str) -> Fate:
    """What the token is `now`: what came last counts, and of an end by revocation and one by time the earlier."""
    revoked: dict[str, Ending] = {}
    for one in endings:
        if one.restored:
            revoked.pop(one.name, None)  # what was revoked by another name stays so
        else:
            revoked.setdefault(one.name, one)
    standing = next(iter(revoked.values()), None)
    expired = expires_at if expires_at and nanoseconds(expires_at) <= nanoseconds(now) else None
    if standing and not (expired and nanoseconds(expired) < nanoseconds(standing.at)):
        return Fate("revoked", standing.at, standing)
    return Fate("expired", expired) if expired else ALIVE
