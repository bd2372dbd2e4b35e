"""Reads what became of tokens that were issued: their uses, from where and by whom, and what each is now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trail.connection import Trail
from trail.documents import get
from trail.questions.answers import read_first_hit
from trail.questions.token_status import (
    Reach,
    TokenStatus,
    build_endings,
    build_reach,
    decide_status,
    find_endings,
    find_in_force,
    find_own_fingerprints,
    reaches_of_ancestors,
    read_endings,
)
from trail.schema import USES
from trail.search import execute
from trail.search.bodies import entity
from trail.search.bodies.query import Body
from trail.search.bodies.token import WIDE_SCOPES
from trail.search.execute import Hit
from trail.search.lineage import Ancestry, follow_ancestors_of
from trail.search.ownership import NOTHING_CLAIMED, Claim, Ownership, merge_ownership, read_ownership
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search

ADDRESSES = 100
SHOWN = 3
PARENT = "token.parent_fingerprint"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """One token that was issued to a user, and what became of it. Times of uses are to the millisecond.

    A token is known by its id or, where the issue names none, by its fingerprint; `addresses` are the commonest of its
    `address_count` (at most 100 are counted), `others` the users other than its own that used it. `status` is what it is now,
    and by what; what a token was derived from takes it along.
    """

    issued: Hit
    token_id: str | None
    fingerprint: str | None
    kind: str | None
    status: TokenStatus = field(metadata={"json": "fate"})
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
        return self.status.since if self.status.state == "revoked" else None

    @property
    def refused(self) -> int:
        """How many of its uses were not accepted."""
        return self.uses - self.accepted


@dataclass(frozen=True, slots=True)
class TokenLife:
    """The uses of one token, its last issue, and whose its events say it is."""

    uses: int = 0
    accepted: int = 0
    first_used: str | None = None
    last_used: str | None = None
    addresses: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    issued: Hit | None = None
    fingerprints: tuple[str, ...] = ()  # two of them at most
    ownership: Ownership = NOTHING_CLAIMED


@dataclass(frozen=True, slots=True)
class IssuedHits:
    """Some issues, others `beside` of which the status alone is asked, and what their tokens were derived from."""

    hits: list[Hit]
    above: Ancestry
    beside: list[Hit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsableTokens:
    """How many tokens can be used now; where not `whole`, so many at least."""

    number: int
    whole: bool


def follow_issues(trail: Trail, hits: list[Hit], scope: Scope, beside: Iterable[Hit] = ()) -> IssuedHits:
    """Follow some issued tokens to what they were derived from: no round trip where none was. Raises TooLarge."""
    ids = {hit.event_id for hit in hits}
    others = [hit for hit in beside if hit.event_id not in ids]
    parents = _values([*hits, *others], PARENT)
    return IssuedHits(hits, follow_ancestors_of(trail, parents, scope) if parents else Ancestry(), others)


def build_bodies(issues: IssuedHits, scope: Scope) -> dict[str, Body]:
    """What to ask to know what became of some issued tokens: nothing when there are none."""
    named = _group_by_name(issues.hits)
    if not named:
        return {}
    reaches = [_reach_of_issue(hit, TokenLife()) for hit in issues.hits]
    bodies = {"endings": build_endings([*reaches, *reaches_of_ancestors(issues.above)], scope)}
    for name, values in named.items():
        bodies[f"lives:{name}"] = build_lives(Search(filters=(Filter(name, values),)), scope, name, size=len(values))
    return bodies


def build_bodies_beside(issues: IssuedHits, scope: Scope) -> dict[str, Body]:
    """What to ask to know the status of those beside; nothing where there are none."""
    if not issues.beside:
        return {}
    reaches = [_reach_of_issue(hit, TokenLife()) for hit in issues.beside]
    bodies = {"beside:endings": build_endings([*reaches, *reaches_of_ancestors(issues.above)], scope)}
    for name, values in _group_by_name(issues.beside).items():
        among = Search(filters=(Filter(name, values),))
        bodies[f"beside:owners:{name}"] = entity.build_owners(among, scope, name, size=len(values))
    return bodies


def count_usable_beside(
    trail: Trail, issues: IssuedHits, responses: Mapping[str, Response], scope: Scope, now: str
) -> int:
    """How many of those beside can be used now, from the responses to `build_bodies_beside`, by the rule of every page.

    One more round trip where other events than the issues say whose a token is. Raises TooLarge, TrailUnavailable.
    """
    if not issues.beside:
        return 0
    lives = {
        (name, value): life
        for name in _group_by_name(issues.beside)
        for value, life in _read_owners(responses[f"beside:owners:{name}"]).items()
    }
    lives_of_issues = [(hit, lives.get(_name_of(hit), TokenLife())) for hit in issues.beside]
    endings = read_endings(responses["beside:endings"])
    endings += _ask_further_endings(trail, lives_of_issues, endings, scope)
    if not endings:
        return len(issues.beside)
    statuses = (_decide_status(hit, life, issues.above, endings, now) for hit, life in lives_of_issues)
    return sum(status.state == "alive" for status in statuses)


def build_lives(among: Search, scope: Scope, name: str, *, size: int) -> Body:
    """The lives of the tokens in a search, each by the value of `name`."""
    return entity.build_lives(among, scope, name, tuple(map(str, USES)), size=size, addresses=ADDRESSES)


def read_tokens(
    trail: Trail, issues: IssuedHits, responses: Mapping[str, Response], scope: Scope, now: str
) -> list[IssuedToken]:
    """The tokens, in the order of their issues, from the responses to `build_bodies`.

    One more round trip where other events than the issues say whose a token is. Raises TooLarge, TrailUnavailable.
    """
    lives = {
        (name, value): life
        for name in _group_by_name(issues.hits)
        for value, life in read_lives(responses[f"lives:{name}"]).items()
    }
    endings = read_endings(responses["endings"]) if "endings" in responses else []
    lives_of_issues = [(hit, lives.get(_name_of(hit), TokenLife())) for hit in issues.hits]
    endings += _ask_further_endings(trail, lives_of_issues, endings, scope)
    return [_read_token(hit, life, issues.above, endings, now) for hit, life in lives_of_issues]


def _ask_further_endings(
    trail: Trail, lives: list[tuple[Hit, TokenLife]], endings: list[Hit], scope: Scope
) -> list[Hit]:
    """The revocations of keys, users and organisations that the issues do not name and other events of the tokens do."""
    reaches = [(_reach_of_issue(hit, TokenLife()), _reach_of_issue(hit, life)) for hit, life in lives]
    unasked = [reach for by_issue, reach in reaches if reach.names != by_issue.names]
    if not unasked:
        return []
    ids = {hit.event_id for hit in endings}
    return [hit for hit in read_endings(execute.ask(trail, build_endings(unasked, scope))) if hit.event_id not in ids]


def _read_token(issued: Hit, life: TokenLife, above: Ancestry, endings: list[Hit], now: str) -> IssuedToken:
    document = issued.document
    own = get(document, "user.id")
    return IssuedToken(
        issued=issued,
        token_id=get(document, "token.id"),
        fingerprint=get(document, "token.fingerprint"),
        kind=get(document, "token.kind"),
        status=_decide_status(issued, life, above, endings, now),
        uses=life.uses,
        accepted=life.accepted,
        first_used=life.first_used,
        last_used=life.last_used,
        addresses=life.addresses[:SHOWN],
        address_count=len(life.addresses),
        others=tuple(user for user in life.users if user != own),
        expires_at=get(document, "token.expires_at"),
    )


def _decide_status(issued: Hit, life: TokenLife, above: Ancestry, endings: list[Hit], now: str) -> TokenStatus:
    chain = _chain(_values([issued], PARENT), above)
    ended = find_endings(endings, _reach_of_issue(issued, life), reaches_of_ancestors(above, chain))
    return decide_status(find_in_force(ended).values(), get(issued.document, "token.expires_at"), now)


def _reach_of_issue(issued: Hit, life: TokenLife) -> Reach:
    """By what a revocation reaches a token that was issued: its names, and whose its events say it is."""
    document = issued.document
    claims = tuple(
        Claim(name, value, issued.timestamp, is_issue=True)
        for name in ("token.fingerprint", *WIDE_SCOPES)
        if isinstance(value := get(document, name), str)
    )
    ownership = merge_ownership([Ownership(claims, issued_at=issued.timestamp), life.ownership])
    token_ids = _values([issued], "token.id")
    fingerprints = {*_values([issued], "token.fingerprint"), *life.fingerprints}
    return build_reach(token_ids, find_own_fingerprints(ownership, fingerprints), ownership)


def read_lives(response: Response) -> dict[str, TokenLife]:
    """The lives of tokens, from the engine's response to `build_lives`."""
    buckets = response.get("aggregations", {}).get("tokens", {}).get("buckets", [])
    return {str(bucket["key"]): _read_life(bucket) for bucket in buckets}


def _read_owners(response: Response) -> dict[str, TokenLife]:
    """Whose tokens are, from the engine's response to `build_owners`."""
    buckets = response.get("aggregations", {}).get("tokens", {}).get("buckets", [])
    return {
        str(bucket["key"]): TokenLife(fingerprints=_read_keys(bucket["fingerprints"]), ownership=read_ownership(bucket))
        for bucket in buckets
    }


def _read_life(bucket: dict[str, Any]) -> TokenLife:
    used = bucket["used"]
    return TokenLife(
        uses=used["doc_count"],
        accepted=used["accepted"]["doc_count"],
        first_used=used["ends"].get("min_as_string"),
        last_used=used["ends"].get("max_as_string"),
        addresses=_read_keys(used["addresses"]),
        users=_read_keys(used["users"]),
        issued=read_first_hit(bucket["last_issue"]["event"]),
        fingerprints=_read_keys(bucket["fingerprints"]),
        ownership=read_ownership(bucket),
    )


def _read_keys(terms: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(bucket["key"]) for bucket in terms["buckets"])


def _name_of(issued: Hit) -> tuple[str, str]:
    """The field that names a token, and its name; neither where the issue names none."""
    for name in ("token.id", "token.fingerprint"):
        if (value := get(issued.document, name)) is not None:
            return name, str(value)
    return "", ""


def _group_by_name(issues: Iterable[Hit]) -> dict[str, tuple[str, ...]]:
    """The tokens by the field that names them."""
    named: dict[str, dict[str, None]] = {}
    for name, value in map(_name_of, issues):
        if name:
            named.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in named.items()}


def _values(issues: Iterable[Hit], name: str) -> tuple[str, ...]:
    """The values of a field among some issues."""
    return tuple(dict.fromkeys(str(value) for hit in issues if (value := get(hit.document, name)) is not None))


def _chain(parents: Iterable[str], above: Ancestry) -> frozenset[str]:
    """The ancestors of one token among those of many."""
    chain, step = set(parents), set(parents)
    while step:
        step = {edge.parent for edge in above.edges if edge.child in step} - chain
        chain |= step
    return frozenset(chain)
