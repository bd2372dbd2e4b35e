"""What became of tokens: their uses, from where and by whom, and whether they are revoked, expired or alive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from trail.events import get
from trail.questions.asking import revoking
from trail.questions.reading import hit_of, sortable
from trail.schema import USES
from trail.search import bodies, entities, execute
from trail.search.bodies import Body
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

ADDRESSES = 100
MAX_WIDE = 1_000
State = Literal["alive", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """One token that was issued to a user, and what became of it. Times of uses are to the millisecond.

    A token is known by its id or, where the issue names none, by its fingerprint; `addresses` are the commonest of its
    `address_count` (at most 100 are counted), `others` the users other than its own that used it. `revocation` is the event
    that ended it, if that was not taken back: its own, or that of its key, user or organisation.
    """

    issued: Hit
    token_id: str | None
    fingerprint: str | None
    kind: str | None
    state: State
    uses: int
    accepted: int
    first_used: str | None
    last_used: str | None
    addresses: tuple[str, ...]
    address_count: int
    others: tuple[str, ...]
    expires_at: str | None
    revocation: Hit | None

    @property
    def revoked_at(self) -> str | None:
        """When it was revoked, if it is."""
        return self.revocation.timestamp if self.revocation else None

    @property
    def refused(self) -> int:
        """How many of its uses were not accepted."""
        return self.uses - self.accepted


@dataclass(frozen=True, slots=True)
class Life:
    """What is on record of one token by itself. `ended` is its last revocation or restoration."""

    uses: int = 0
    accepted: int = 0
    first_used: str | None = None
    last_used: str | None = None
    addresses: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    ended: Hit | None = None
    issued: Hit | None = None


@dataclass(frozen=True, slots=True)
class Fates:
    """The lives of some tokens by (field, value), and the revocations of more than one token that may concern them."""

    lives: dict[tuple[str, str], Life]
    wide: list[Hit]


def body(among: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The lives of the tokens in a search, each by the value of `name`."""
    return entities.fates(among, scope, name, tuple(map(str, USES)), size=size, addresses=ADDRESSES)


def asked(issues: list[Hit], user: str, scope: Scope) -> list[Body]:
    """What to ask to know what became of some issued tokens: nothing when there are none."""
    found = [
        body(Search(filters=(Filter(name, values),)), scope, name, size=len(values)) for name, values in _named(issues)
    ]
    return [*found, bodies.hits(revoking(_wider(issues, user)), scope, size=MAX_WIDE)] if found else []


def read(answers: list[dict[str, Any]], issues: list[Hit]) -> Fates:
    """The fates, from the answers to what was asked about the same issues."""
    if not answers:
        return Fates({}, [])
    *each, wide = answers
    lives = {
        (name, value): life
        for (name, _), answer in zip(_named(issues), each, strict=True)
        for value, life in lives_in(answer).items()
    }
    return Fates(lives, [execute.hit(one) for one in wide["hits"]["hits"]])


def of(issued: Hit, found: Fates, now: datetime) -> IssuedToken:
    """One token, from the event of its issue."""
    document, key = issued.document, _key(issued)
    life = found.lives.get(key, Life()) if key else Life()
    revocation, expires = _revocation(issued, life, found.wide), get(document, "token.expires_at")
    own = get(document, "user.id")
    return IssuedToken(
        issued=issued, token_id=get(document, "token.id"), fingerprint=get(document, "token.fingerprint"),
        kind=get(document, "token.kind"), state=_state(revocation, expires, now), uses=life.uses, accepted=life.accepted,
        first_used=life.first_used, last_used=life.last_used, addresses=life.addresses[:3], address_count=len(life.addresses),
        others=tuple(user for user in life.users if user != own), expires_at=expires, revocation=revocation,
    )  # fmt: skip


def lives_in(answer: dict[str, Any]) -> dict[str, Life]:
    """What became of each token, from the engine's answer to `body`."""
    buckets = answer.get("aggregations", {}).get("tokens", {}).get("buckets", [])
    return {str(bucket["key"]): _life(bucket) for bucket in buckets}


def _life(bucket: dict[str, Any]) -> Life:
    used = bucket["used"]
    return Life(
        uses=used["doc_count"], accepted=used["accepted"]["doc_count"], first_used=used["ends"].get("min_as_string"),
        last_used=used["ends"].get("max_as_string"), addresses=_keys(used["addresses"]), users=_keys(used["users"]),
        ended=hit_of(bucket["ended"]["last"]), issued=hit_of(bucket["issued"]["last"]),
    )  # fmt: skip


def _keys(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(bucket["key"]) for bucket in found["buckets"])


def _key(issued: Hit) -> tuple[str, str] | None:
    for name in ("token.id", "token.fingerprint"):
        if (value := get(issued.document, name)) is not None:
            return name, str(value)
    return None


def _named(issues: Iterable[Hit]) -> list[tuple[str, tuple[str, ...]]]:
    """The tokens by the field that names them."""
    named: dict[str, dict[str, None]] = {}
    for name, value in filter(None, map(_key, issues)):
        named.setdefault(name, {})[value] = None
    return [(name, tuple(values)) for name, values in named.items()]


def _wider(issues: list[Hit], user: str) -> Search:
    """The revocations of whole keys, users and organisations that may have ended some tokens.

    A revocation's `user.id` is who revoked; of whom, its resource says, and where it names none they are one.
    """
    scopes = ["(token.revocation.scope:user AND (resource.id:$user OR (user.id:$user AND NOT resource.id:*)))"]
    parameters: list[tuple[str, tuple[str, ...]]] = [("user", (user,))]
    for name, kept, condition in (
        ("keys", "token.key_id", "token.revocation.scope:key AND token.key_id:$keys"),
        ("organisations", "organization.id",
         "(token.revocation.scope:organisation OR token.revocation.scope:organization) AND organization.id:$organisations"),
    ):  # fmt: skip
        if values := tuple(dict.fromkeys(str(value) for hit in issues if (value := get(hit.document, kept)))):
            scopes.append(f"({condition})")
            parameters.append((name, values))
    return Search(text=" OR ".join(scopes), parameters=tuple(parameters))


def _revocation(issued: Hit, life: Life, wide: list[Hit]) -> Hit | None:
    """The event that ended a token: the earliest after its issue and after its last restoration."""
    own = life.ended
    restored = own is not None and get(own.document, "token.operation") == "token.restore"
    since = sortable(own.timestamp if own and restored else issued.timestamp)
    ends = [hit for hit in wide if _concerns(hit, issued) and sortable(hit.timestamp) >= since]
    if own and not restored:
        ends.append(own)
    return min(ends, key=lambda hit: sortable(hit.timestamp), default=None)


def _concerns(revocation: Hit, issued: Hit) -> bool:
    name = {"key": "token.key_id", "user": None}.get(
        str(get(revocation.document, "token.revocation.scope")), "organization.id"
    )
    return name is None or get(revocation.document, name) == get(issued.document, name)


def _state(revocation: Hit | None, expires_at: str | None, now: datetime) -> State:
    if revocation:
        return "revoked"
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return "expired" if expires_at and sortable(expires_at) <= sortable(moment) else "alive"
