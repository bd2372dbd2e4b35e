"""Decides what a token is: alive, expired, or revoked, when, by whom, and by which of its names it was reached.

What a revocation reaches is one rule for every page. It reaches a token that it names by its id; by its fingerprint, where it
names no id; by its key, its user or its organisation, where its scope says so and the token is not newer; and all that was
derived from such a token.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from trail.documents import get
from trail.questions.token_names import TokenNames, search_by_names
from trail.search import execute
from trail.search.bodies import token as bodies_token
from trail.search.bodies.query import Body
from trail.search.bodies.token import WIDE_SCOPES
from trail.search.execute import Hit
from trail.search.lineage import Ancestry, SeenMacaroon, TooLarge
from trail.search.ownership import Ownership, merge_ownership
from trail.search.responses import Response
from trail.search.spec import Scope
from trail.times import parse_time

State = Literal["alive", "expired", "revoked"]
# By which of its names a revocation reached it; `ancestor` is anything it was derived from.
Through = Literal["itself", "key", "user", "organisation", "ancestor"]
Target = tuple[str, str]  # a field and its value
_THROUGH: dict[str, Through] = {
    "token.id": "itself",
    "token.fingerprint": "itself",
    "token.key_id": "key",
    "user.id": "user",
    "organization.id": "organisation",
}


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

    @property
    def place(self) -> tuple[int, bool, str]:
        """Its place among others: of two at one instant the revocation comes last."""
        return parse_time(self.at), not self.restored, self.event.event_id


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """What a token is at one time, and since when; `ending` is the revocation that ended it, if one did."""

    state: State
    since: str | None = None
    ending: Ending | None = None


ALIVE = TokenStatus("alive")


@dataclass(frozen=True, slots=True)
class Reach:
    """By which names, by their fields, a revocation can reach a token itself. `since` is when the token was issued or, where
    no issue is on record, first seen; None if that is not known."""

    names: Mapping[str, frozenset[str]]
    since: str | None = None

    def find_name(self, revocation: Hit) -> Target | None:
        """By which field and name a revocation reaches the token, if it does."""
        for field, value in read_targets(revocation):
            if value in self.names.get(field, ()) and not (field in WIDE_SCOPES and self._is_newer(revocation)):
                return field, value
        return None

    def _is_newer(self, revocation: Hit) -> bool:
        """Whoever is shut out and let in again gets new tokens: a wide revocation ends those that there were."""
        return self.since is not None and parse_time(self.since) > parse_time(revocation.timestamp)


def read_targets(revocation: Hit) -> list[Target]:
    """What a revocation names: one token, by its id or else by its fingerprint, or all of a key, a user, an organisation.

    One that names a `token.id` ends all of it (the nonce is what is revoked), one that names a fingerprint alone ends that
    macaroon.
    """
    token = revocation.document.get("token", {})
    targets = [(f"token.{name}", str(token[name])) for name in ("id", "fingerprint") if token.get(name)][:1]
    scope = token.get("revocation", {}).get("scope")
    for field, scopes in WIDE_SCOPES.items():
        if scope in scopes and (subject := _read_subject(revocation, field)) is not None:
            targets.append((field, subject))
    return targets


def _read_subject(revocation: Hit, field: str) -> str | None:
    """Whom a wide revocation shuts out: what it acts on where it says so, for `user.id` may be who did it."""
    resource = revocation.document.get("resource", {})
    acts_on_it = resource.get("type") in WIDE_SCOPES[field]
    subject = resource.get("id") if acts_on_it else get(revocation.document, field)
    return None if subject is None else str(subject)


def build_reach(token_ids: Iterable[str], fingerprints: Iterable[str], ownership: Ownership) -> Reach:
    """By what a token of these names, that belongs to somebody, can be reached."""
    names = {"token.id": frozenset(token_ids), "token.fingerprint": frozenset(fingerprints)}
    return Reach(names | {field: ownership.values(field) for field in WIDE_SCOPES}, ownership.since)


def reach_of_names(names: TokenNames, ancestry: Ancestry) -> Reach:
    """By what a token that was asked about can be reached."""
    if names.token.field == "token.fingerprint":
        owners = [ancestry.owners[token_id] for token_id in names.token_ids if token_id in ancestry.owners]
        return build_reach(names.token_ids, names.fingerprints, merge_ownership(owners or [names.ownership]))
    return build_reach(names.token_ids, find_own_fingerprints(names.ownership, names.fingerprints), names.ownership)


def find_own_fingerprints(ownership: Ownership, fingerprints: Iterable[str]) -> frozenset[str]:
    """The macaroons whose end is the end of a whole `token.id`: those it was issued as, or the only one that is known. Of
    several attenuations, the end of one is not the end of the token."""
    macaroons = frozenset(fingerprints)
    return ownership.values("token.fingerprint") or (macaroons if len(macaroons) == 1 else frozenset())


def reach_of_macaroon(key: str, seen: Iterable[SeenMacaroon], owners: Mapping[str, Ownership]) -> Reach:
    """By what one macaroon of a lineage can be reached. It belongs to whom its `token.id` belongs to, however it was made."""
    seen = list(seen)
    token_ids = {macaroon.token_id for macaroon in seen if macaroon.token_id}
    parts = [owners[token_id] for token_id in sorted(token_ids) if token_id in owners]
    ownership = merge_ownership(parts or [macaroon.ownership for macaroon in seen])
    return build_reach(token_ids, {key}, ownership)


def reaches_of_ancestors(ancestry: Ancestry, among: Iterable[str] | None = None) -> list[Reach]:
    """By what each of a token's ancestors can be reached, or each of some fingerprints among these."""
    seen: dict[str, list[SeenMacaroon]] = {}
    for macaroon in ancestry.seen:
        seen.setdefault(macaroon.fingerprint or "", []).append(macaroon)
    keys = ancestry.fingerprints if among is None else sorted(among)
    return [reach_of_macaroon(key, seen.get(key, ()), ancestry.owners) for key in keys]


def build_endings(reaches: Iterable[Reach], scope: Scope) -> Body:
    """Whatever may have ended one of some tokens or brought it back."""
    names: dict[str, set[str]] = {field: set() for field in _THROUGH}
    for reach in reaches:
        for field, values in reach.names.items():
            names[field] |= values
    named = search_by_names(names["token.id"], names["token.fingerprint"])
    return bodies_token.build_endings(named, {field: sorted(names[field]) for field in WIDE_SCOPES}, scope)


def read_endings(response: Response) -> list[Hit]:
    """What the engine found to `build_endings`. Raises TooLarge rather than leave one out."""
    if execute.read_total(response) > bodies_token.MAX_ENDINGS:
        raise TooLarge(
            f"More than {bodies_token.MAX_ENDINGS:,} revocations may concern this token; search for them instead."
        )
    return execute.read_hits(response)


def find_endings(hits: Iterable[Hit], own: Reach, ancestors: Sequence[Reach] = ()) -> tuple[Ending, ...]:
    """The events that ended a token or brought it back, in their order."""
    endings = [ending for hit in hits if (ending := _find_ending(hit, own, ancestors))]
    return tuple(sorted(endings, key=lambda ending: ending.place))


def _find_ending(hit: Hit, own: Reach, ancestors: Sequence[Reach]) -> Ending | None:
    restored = get(hit.document, "token.operation") == "token.restore"
    if target := own.find_name(hit):
        field, name = target
        return Ending(hit, restored, _THROUGH[field], name)
    reached = next((target for ancestor in ancestors if (target := ancestor.find_name(hit))), None)
    return Ending(hit, restored, "ancestor", reached[1]) if reached else None


def find_in_force(endings: Iterable[Ending]) -> dict[str, Ending]:
    """By name the revocations that were not taken back; what was revoked by another name stays so."""
    in_force: dict[str, Ending] = {}
    for ending in endings:
        if ending.restored:
            in_force.pop(ending.name, None)
        else:
            in_force.setdefault(ending.name, ending)
    return in_force


def decide_status(in_force: Iterable[Ending], expires_at: str | None, now: str) -> TokenStatus:
    """What a token is `now`, from the revocations that stand: of an end by revocation and one by time the earlier."""
    revocation = min(in_force, key=lambda ending: ending.place, default=None)
    expired = expires_at if expires_at and parse_time(expires_at) <= parse_time(now) else None
    if revocation and not (expired and parse_time(expired) < parse_time(revocation.at)):
        return TokenStatus("revoked", revocation.at, revocation)
    return TokenStatus("expired", expired) if expired else ALIVE
