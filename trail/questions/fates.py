"""What became of tokens that were issued: their uses, from where and by whom, and what each is now."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.events import get
from trail.lineage import Ancestry, ancestors_of
from trail.questions.fate import Fate, Reach, endings_among, endings_in, fate
from trail.questions.named import WHOSE, named_by
from trail.questions.reading import hit_of
from trail.schema import USES
from trail.search import entities, tokens
from trail.search.bodies import Body
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

ADDRESSES = 100
SHOWN = 3
PARENT = "token.parent_fingerprint"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """One token that was issued to a user, and what became of it. Times of uses are to the millisecond.

    A token is known by its id or, where the issue names none, by its fingerprint; `addresses` are the commonest of its
    `address_count` (at most 100 are counted), `others` the users other than its own that used it. `fate` is what it is now,
    and by what; what a token was derived from takes it along.
    """

    issued: Hit
    token_id: str | None
    fingerprint: str | None
    kind: str | None
    fate: Fate
    uses: int
    accepted: int
    first_used: str | None
    last_used: str | None
    addresses: tuple[str, ...]
    address_count: int
    others: tuple[str, ...]
    expires_at: str | None

    @property
    def ref(self) -> str:
        """What its page is called by."""
        return self.token_id or self.fingerprint or ""

    @property
    def revoked_at(self) -> str | None:
        """When it was revoked, if it is."""
        return self.fate.since if self.fate.state == "revoked" else None

    @property
    def refused(self) -> int:
        """How many of its uses were not accepted."""
        return self.uses - self.accepted


@dataclass(frozen=True, slots=True)
class Life:
    """The uses of one token, and its issue."""

    uses: int = 0
    accepted: int = 0
    first_used: str | None = None
    last_used: str | None = None
    addresses: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    issued: Hit | None = None


@dataclass(frozen=True, slots=True)
class Issues:
    """Some issues, and what their tokens were derived from."""

    hits: list[Hit]
    above: Ancestry


def issues(trail: Trail, hits: list[Hit], scope: Scope) -> Issues:
    """Follow some issued tokens to what they were derived from: no round trip where none was. Raises TooLarge."""
    parents = _all(hits, PARENT)
    return Issues(hits, ancestors_of(trail, parents, scope) if parents else Ancestry())


def asked(issued: Issues, scope: Scope) -> list[Body]:
    """What to ask to know what became of some issued tokens: nothing when there are none."""
    hits, named = issued.hits, _named(issued.hits)
    if not named:
        return []
    ids = {*_all(hits, "token.id"), *(seen.token_id for seen in issued.above.seen if seen.token_id)}
    fingerprints = {*_all(hits, "token.fingerprint"), *issued.above.fingerprints}
    known = named_by(tuple(sorted(ids)), tuple(sorted(fingerprints)))
    return [
        tokens.endings(known, {name: _all(hits, name) for name in WHOSE}, scope),
        *(body(Search(filters=(Filter(name, names),)), scope, name, size=len(names)) for name, names in named.items()),
    ]


def body(among: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The lives of the tokens in a search, each by the value of `name`."""
    return entities.lives(among, scope, name, tuple(map(str, USES)), size=size, addresses=ADDRESSES)


def read(issued: Issues, answers: list[dict[str, Any]], now: str) -> list[IssuedToken]:
    """The tokens, in the order of their issues, from the answers to what was asked. Raises TooLarge."""
    each = answers[1:]
    endings = endings_in(answers[0]) if answers else []
    lives = {
        (name, value): life
        for name, answer in zip(_named(issued.hits), each, strict=True)
        for value, life in lives_in(answer).items()
    }
    found = []
    for hit in issued.hits:
        ended = endings_among(endings, _reach(hit, issued.above))
        became = fate(ended, get(hit.document, "token.expires_at"), now)
        found.append(_token(hit, lives.get(_key(hit), Life()), became))
    return found


def lives_in(answer: dict[str, Any]) -> dict[str, Life]:
    """The lives of tokens, from the engine's answer to `body`."""
    buckets = answer.get("aggregations", {}).get("tokens", {}).get("buckets", [])
    return {str(bucket["key"]): _life(bucket) for bucket in buckets}


def _token(issued: Hit, life: Life, became: Fate) -> IssuedToken:
    document = issued.document
    own = get(document, "user.id")
    return IssuedToken(
        issued=issued, token_id=get(document, "token.id"), fingerprint=get(document, "token.fingerprint"),
        kind=get(document, "token.kind"), fate=became, uses=life.uses, accepted=life.accepted, first_used=life.first_used,
        last_used=life.last_used, addresses=life.addresses[:SHOWN], address_count=len(life.addresses),
        others=tuple(user for user in life.users if user != own), expires_at=get(document, "token.expires_at"),
    )  # fmt: skip


def _life(bucket: dict[str, Any]) -> Life:
    used = bucket["used"]
    return Life(
        uses=used["doc_count"], accepted=used["accepted"]["doc_count"], first_used=used["ends"].get("min_as_string"),
        last_used=used["ends"].get("max_as_string"), addresses=_keys(used["addresses"]), users=_keys(used["users"]),
        issued=hit_of(bucket["issued"]["last"]),
    )  # fmt: skip


def _keys(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(bucket["key"]) for bucket in found["buckets"])


def _key(issued: Hit) -> tuple[str, str]:
    """The field that names a token, and its name; neither where the issue names none."""
    for name in ("token.id", "token.fingerprint"):
        if (value := get(issued.document, name)) is not None:
            return name, str(value)
    return "", ""


def _named(issues: Iterable[Hit]) -> dict[str, tuple[str, ...]]:
    """The tokens by the field that names them."""
    named: dict[str, dict[str, None]] = {}
    for name, value in map(_key, issues):
        if name:
            named.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in named.items()}


def _all(issues: Iterable[Hit], name: str) -> tuple[str, ...]:
    """The values of a field among some issues."""
    return tuple(dict.fromkeys(str(value) for hit in issues if (value := get(hit.document, name)) is not None))


def _reach(issued: Hit, above: Ancestry) -> Reach:
    """By what a revocation reaches a token: its names, whose it is, and what it was derived from."""
    one = (issued,)
    own = frozenset(_all(one, "token.id"))
    chain = _chain(_all(one, PARENT), above)
    return Reach(
        token_ids=own,
        fingerprints=frozenset(_all(one, "token.fingerprint")),
        whose={name: frozenset(_all(one, name)) for name in WHOSE},
        first=issued.timestamp,
        above_ids=frozenset(seen.token_id for seen in above.seen if seen.fingerprint in chain and seen.token_id) - own,
        above_fingerprints=chain,
    )


def _chain(parents: Iterable[str], above: Ancestry) -> frozenset[str]:
    """The ancestors of one token among those of many."""
    chain, step = set(parents), set(parents)
    while step:
        step = {edge.parent for edge in above.edges if edge.child in step} - chain
        chain |= step
    return frozenset(chain)
