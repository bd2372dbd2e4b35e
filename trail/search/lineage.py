"""Follows a token to its descendants and its ancestors, from two sources, and each edge says which.

Attenuation happens at the holder and keeps `token.id`; the issuer first hears of a child when it is used. So an edge is
`recorded` where an event carries `token.parent_fingerprint`, and `inferred` where one macaroon's caveats begin with
another's under the same `token.id` (macaroons only ever add caveats: Birgisson et al., NDSS 2014).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal

import orjson

from trail.connection import Trail
from trail.errors import BadQuery
from trail.search import engine
from trail.search.bodies import lineage
from trail.search.bodies.lineage import FamilyOf
from trail.search.bodies.query import Body
from trail.search.bodies.token import MACAROONS_A_PAGE, build_macaroons
from trail.search.engine import Name
from trail.search.ownership import NOTHING_CLAIMED, Ownership, merge_ownership, read_ownership
from trail.search.spec import Scope, Search

MAX_TOKENS = 10_000
MAX_LEVELS = 64


class TooLarge(BadQuery):
    """A family of tokens that is too large to be followed whole; a part of it would look like all of it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, 0)


@dataclass(frozen=True, slots=True)
class TokenRef:
    """What a person means by a token: its public id (with all attenuations of it), or one fingerprint."""

    field: Literal["token.id", "token.fingerprint"]
    value: str


@dataclass(frozen=True, slots=True)
class Edge:
    """`child` was derived from `parent` (fingerprints); `source` says how that is known."""

    parent: str
    child: str
    source: Literal["recorded", "inferred"]


@dataclass(frozen=True, slots=True)
class SeenMacaroon:
    """One macaroon as the trail saw it: in how many events, from when to when (to the millisecond), and whose it is."""

    token_id: str | None
    fingerprint: str | None
    parent: str | None = None
    caveats: tuple[bytes, ...] | None = None
    events: int = 0
    first: str | None = None
    last: str | None = None
    expires_at: str | None = None
    added: tuple[str, ...] = ()
    ownership: Ownership = NOTHING_CLAIMED


@dataclass(slots=True)
class Family:
    """A token and its descendants. `token_ids` belong to it whole; of other ids only `fingerprints` do. `owners` says of each
    id whose it is."""

    root: TokenRef
    token_ids: set[str] = field(default_factory=set)
    fingerprints: dict[str, str | None] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    seen: dict[SeenMacaroon, None] = field(default_factory=dict)
    owners: dict[str, Ownership] = field(default_factory=dict)

    def search(self) -> Search:
        """Every event of the family, as a search."""
        # A log that knows only fingerprints is found by them, though the id is known from another.
        parts = {"ids": ("token.id", self.token_ids), "fingerprints": ("token.fingerprint", set(self.fingerprints))}
        used = {name: (key, tuple(sorted(values))) for name, (key, values) in parts.items() if values}
        return Search(
            text=" OR ".join(f"{key}:${name}" for name, (key, _) in used.items()),
            parameters=tuple((name, values) for name, (_, values) in used.items()),
        )


@dataclass(slots=True)
class Ancestry:
    """What a token was derived from. `fingerprints` are the ancestors', nearest first; one may only ever be named as a
    parent, and then nothing in `seen` is it. `owners` says of each id, the token's own included, whose it is."""

    fingerprints: dict[str, None] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    seen: dict[SeenMacaroon, None] = field(default_factory=dict)
    owners: dict[str, Ownership] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _View:
    """The trail as one person finds it, up to what had arrived at a moment."""

    trail: Trail
    scope: Scope
    until: str | None = None
    with_owners: bool = True

    def read_seen(self, name: str, values: Collection[str]) -> list[SeenMacaroon]:
        """Every macaroon in the events in which a field has one of these values, page by page."""
        if not values:
            return []
        search = Search(
            text=f"{name}:$values", parameters=(("values", tuple(sorted(values))),), ingested_until=self.until
        )
        macaroons: list[SeenMacaroon] = []
        after: dict[str, Any] | None = None
        while True:
            answer = engine.send(
                self.trail, build_macaroons(search, self.scope, after=after, with_owners=self.with_owners)
            )
            tokens = answer.get("aggregations", {}).get("tokens", {})
            macaroons += map(_read_macaroon, tokens.get("buckets", []))
            after = tokens.get("after_key")
            if after is None or len(tokens["buckets"]) < MACAROONS_A_PAGE:
                return macaroons
            if len(macaroons) > MAX_TOKENS:
                raise TooLarge(f"More than {MAX_TOKENS:,} tokens belong together here; ask about one of them.")


def parse_token_ref(text: str) -> TokenRef:
    """A fingerprint is 64 hexadecimal digits; anything else is a token's public id."""
    is_fingerprint = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return TokenRef("token.fingerprint" if is_fingerprint else "token.id", text)


def expand_families(trail: Trail, bodies: Mapping[Name, Body]) -> dict[Name, Body]:
    """Bodies as the engine can answer them: each family of tokens that they speak of by its members, looked up once.

    Raises TooLarge, TrailUnavailable.
    """
    members = cache(partial(_members_of, trail))
    return {name: lineage.expand_families(body, members) for name, body in bodies.items()}


def _members_of(trail: Trail, kin: FamilyOf) -> Body:
    """The events of a family, as the engine is asked for them."""
    members = follow_family(trail, parse_token_ref(kin.token), kin.scope, until=kin.until)
    return lineage.build_members(members.token_ids, members.fingerprints)


def follow_family(
    trail: Trail, root: TokenRef, scope: Scope, *, until: str | None = None, with_owners: bool = False
) -> Family:
    """The token and all that was derived from it, level by level, among what had arrived `until` then; and, where that is asked
    for, whose each is.

    The trail does not change, so the same `until` is the same family for ever. Raises TooLarge, TrailUnavailable.
    """
    view, family = _View(trail, scope, until, with_owners), Family(root)
    frontier = _add_whole(view, {root.value}, family) if root.field == "token.id" else _add_part(view, root, family)
    for _ in range(MAX_LEVELS):
        frontier = _add_derived(view, frontier, family)
        if len(family.fingerprints) + len(family.token_ids) > MAX_TOKENS:
            raise TooLarge(f"More than {MAX_TOKENS:,} tokens descend from {root.value}; ask about one of its children.")
        if not frontier:
            return family
    raise TooLarge(f"The descent from {root.value} is deeper than {MAX_LEVELS} levels; ask about one of its children.")


def _add_whole(view: _View, token_ids: set[str], family: Family) -> set[str]:
    """Take in these tokens with every attenuation of them; the fingerprints that are new."""
    family.token_ids |= token_ids
    seen = view.read_seen("token.id", token_ids)
    family.owners |= _owners_among(seen)
    family.seen |= dict.fromkeys(seen)
    family.edges |= dict.fromkeys(find_edges(seen))
    return _add_fingerprints(
        {macaroon.fingerprint: macaroon.token_id for macaroon in seen if macaroon.fingerprint}, family
    )


def _add_part(view: _View, root: TokenRef, family: Family) -> set[str]:
    """Take in one macaroon with those under its `token.id` that descend from it; the fingerprints that are new."""
    own = view.read_seen("token.fingerprint", {root.value})
    ids = {macaroon.token_id for macaroon in own if macaroon.token_id}
    siblings = view.read_seen("token.id", ids)
    family.owners |= _owners_among(siblings)
    edges = list(find_edges([*own, *siblings]))
    token_id = next(iter(ids), None)
    reached = frontier = _add_fingerprints({root.value: token_id}, family)
    while frontier:
        step = [edge for edge in edges if edge.parent in frontier]
        family.edges |= dict.fromkeys(step)
        frontier = _add_fingerprints({edge.child: token_id for edge in step}, family)
        reached = reached | frontier
    family.seen |= dict.fromkeys(macaroon for macaroon in (*own, *siblings) if macaroon.fingerprint in reached)
    return reached


def _add_derived(view: _View, parents: set[str], family: Family) -> set[str]:
    """Take in what was derived from these by record. A child under another id is a token of its own, and whole."""
    children = [macaroon for macaroon in view.read_seen("token.parent_fingerprint", parents) if macaroon.fingerprint]
    family.seen |= dict.fromkeys(children)
    family.edges |= {
        Edge(macaroon.parent, macaroon.fingerprint, "recorded"): None
        for macaroon in children
        if macaroon.parent and macaroon.fingerprint
    }
    issued = {
        macaroon.token_id
        for macaroon in children
        if macaroon.token_id
        and macaroon.token_id not in family.token_ids
        and macaroon.token_id != family.fingerprints.get(macaroon.parent or "")
    }
    fresh = _add_fingerprints(
        {macaroon.fingerprint: macaroon.token_id for macaroon in children if macaroon.fingerprint}, family
    )
    return fresh | (_add_whole(view, issued, family) if issued else set())


def _owners_among(seen: Iterable[SeenMacaroon]) -> dict[str, Ownership]:
    """Whose each `token.id` is, from all that was seen under it."""
    parts: dict[str, list[Ownership]] = {}
    for macaroon in seen:
        if macaroon.token_id:
            parts.setdefault(macaroon.token_id, []).append(macaroon.ownership)
    return {token_id: merge_ownership(of_id) for token_id, of_id in parts.items()}


def _add_fingerprints(seen: dict[str, str | None], family: Family) -> set[str]:
    fresh = {fingerprint: token_id for fingerprint, token_id in seen.items() if fingerprint not in family.fingerprints}
    family.fingerprints |= fresh
    return set(fresh)


def follow_ancestors(trail: Trail, root: TokenRef, scope: Scope, *, until: str | None = None) -> Ancestry:
    """What the token was derived from, up to what nothing on record precedes. Raises TooLarge, TrailUnavailable."""
    view, ancestry = _View(trail, scope, until), Ancestry()
    frontier = {root.value}
    if root.field == "token.id":
        own = view.read_seen("token.id", {root.value})
        ancestry.owners |= _owners_among(own)
        inside = {macaroon.fingerprint for macaroon in own}
        outside = {
            (macaroon.parent, macaroon.fingerprint)
            for macaroon in own
            if macaroon.parent and macaroon.parent not in inside
        }
        ancestry.edges |= {Edge(parent, child or "", "recorded"): None for parent, child in sorted(outside, key=str)}
        frontier = {parent for parent, _ in outside}
        ancestry.fingerprints |= dict.fromkeys(sorted(frontier))
    return _climb(view, frontier, ancestry, root.value)


def follow_ancestors_of(trail: Trail, parents: Collection[str], scope: Scope) -> Ancestry:
    """Some macaroons and what they were derived from, all together. Raises TooLarge, TrailUnavailable."""
    ancestry = Ancestry(dict.fromkeys(sorted(parents)))
    return _climb(_View(trail, scope), set(parents), ancestry, "these tokens")


def _climb(view: _View, frontier: set[str], ancestry: Ancestry, whose: str) -> Ancestry:
    for _ in range(MAX_LEVELS):
        if not frontier:
            return ancestry
        frontier = _add_parents(view, frontier, ancestry)
    raise TooLarge(f"The ancestry of {whose} is longer than {MAX_LEVELS} levels; ask about one of its ancestors.")


def _add_parents(view: _View, children: set[str], ancestry: Ancestry) -> set[str]:
    """Take in what these come from, within their own `token.id` to its top; the ancestors under another id."""
    own = view.read_seen("token.fingerprint", children)
    siblings = view.read_seen("token.id", {macaroon.token_id for macaroon in own if macaroon.token_id})
    ancestry.owners |= _owners_among(siblings)
    inside = {macaroon.fingerprint for macaroon in (*own, *siblings)}
    parents: dict[str, list[Edge]] = {}
    for edge in find_edges([*own, *siblings]):
        parents.setdefault(edge.child, []).append(edge)
    outside: set[str] = set()
    step = children
    while step:
        up = [edge for child in sorted(step) for edge in parents.get(child, []) if edge not in ancestry.edges]
        ancestry.edges |= dict.fromkeys(up)
        fresh = {edge.parent for edge in up} - ancestry.fingerprints.keys()
        ancestry.fingerprints |= dict.fromkeys(sorted(fresh))
        outside |= fresh - inside
        step = fresh & inside
    ancestry.seen |= dict.fromkeys(
        macaroon for macaroon in (*own, *siblings) if macaroon.fingerprint in ancestry.fingerprints
    )
    return outside


def find_edges(seen: Iterable[SeenMacaroon]) -> Iterator[Edge]:
    """Edges among macaroons: recorded ones, and within one id by the longest caveat list that another's begins with."""
    seen = list(seen)
    recorded = {
        (macaroon.parent, macaroon.fingerprint) for macaroon in seen if macaroon.parent and macaroon.fingerprint
    }
    for parent, child in sorted(recorded):
        yield Edge(parent, child, "recorded")
    children = {child for _, child in recorded}
    by_caveats = {
        (macaroon.token_id, macaroon.caveats): macaroon.fingerprint
        for macaroon in seen
        if macaroon.caveats is not None and macaroon.fingerprint
    }
    for macaroon in seen:
        if not macaroon.fingerprint or macaroon.fingerprint in children or not macaroon.caveats:
            continue
        shorter = (
            by_caveats.get((macaroon.token_id, macaroon.caveats[:length]))
            for length in reversed(range(len(macaroon.caveats)))
        )
        nearest = next(filter(None, shorter), None)
        if nearest and nearest != macaroon.fingerprint:
            yield Edge(nearest, macaroon.fingerprint, "inferred")


def _read_macaroon(bucket: dict[str, Any]) -> SeenMacaroon:
    key = bucket["key"]
    source = bucket["caveats"]["hits"]["hits"][0].get("_source", {})
    return SeenMacaroon(
        token_id=key["id"],
        fingerprint=key["fingerprint"],
        parent=key["parent_fingerprint"],
        caveats=read_caveats(source.get("token", {})),
        events=bucket["doc_count"],
        first=bucket["first"]["value_as_string"],
        last=bucket["last"]["value_as_string"],
        expires_at=bucket["expires"].get("value_as_string"),
        added=tuple(value["key"] for value in bucket["added"]["buckets"]),
        ownership=read_ownership(bucket),
    )


def read_caveats(token: dict[str, Any]) -> tuple[bytes, ...] | None:
    """The caveats in order, each as bytes that compare; None where the event did not carry them exactly."""
    text = token.get("caveats", {}).get("json")
    try:
        caveats = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(caveats, list):
        return None
    return tuple(orjson.dumps(caveat, option=orjson.OPT_SORT_KEYS) for caveat in caveats)
