"""A token's descendants, from two sources, and each edge says which.

Attenuation happens at the holder and keeps `token.id`; the issuer first hears of a child when it is used. So an edge is
`recorded` where an event carries `token.parent_fingerprint`, and `inferred` where one macaroon's caveats begin with
another's under the same `token.id` (macaroons only ever add caveats: Birgisson et al., NDSS 2014).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from trail.connection import Trail
from trail.errors import BadQuery
from trail.search import bodies, execute, kin
from trail.search.bodies import Body
from trail.search.kin import Kin
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
class Seen:
    """One macaroon as the trail saw it: in how many events, from when to when (to the millisecond), and whose it is."""

    token_id: str | None
    fingerprint: str | None
    parent: str | None = None
    caveats: tuple[bytes, ...] | None = None
    events: int = 0
    first: str | None = None
    last: str | None = None
    expires_at: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    added: tuple[str, ...] = ()


@dataclass(slots=True)
class Family:
    """A token and its descendants. `token_ids` belong to it whole; of other ids only `fingerprints` do."""

    root: TokenRef
    token_ids: set[str] = field(default_factory=set)
    fingerprints: dict[str, str | None] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    seen: dict[Seen, None] = field(default_factory=dict)

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
    parent, and then nothing in `seen` is it."""

    fingerprints: dict[str, None] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    seen: dict[Seen, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _View:
    """The trail as one person finds it, up to what had arrived at a moment."""

    trail: Trail
    scope: Scope
    until: str | None

    def seen(self, name: str, values: Collection[str]) -> list[Seen]:
        """Every macaroon in the events in which a field has one of these values, page by page."""
        if not values:
            return []
        search = Search(
            text=f"{name}:$values", parameters=(("values", tuple(sorted(values))),), ingested_until=self.until
        )
        found: list[Seen] = []
        after: dict[str, Any] | None = None
        while True:
            answer = execute.ask(self.trail, bodies.macaroons(search, self.scope, after=after))
            tokens = answer.get("aggregations", {}).get("tokens", {})
            found += map(_read, tokens.get("buckets", []))
            after = tokens.get("after_key")
            if after is None or len(tokens["buckets"]) < bodies.MACAROONS_A_PAGE:
                return found
            if len(found) > MAX_TOKENS:
                raise TooLarge(f"More than {MAX_TOKENS:,} tokens belong together here; ask about one of them.")


def token_ref(text: str) -> TokenRef:
    """A fingerprint is 64 hexadecimal digits; anything else is a token's public id."""
    is_fingerprint = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return TokenRef("token.fingerprint" if is_fingerprint else "token.id", text)


def members(trail: Trail, asked: Kin) -> Body:
    """The events of a family, as the engine is asked for them. Raises TooLarge, TrailUnavailable."""
    found = family(trail, token_ref(asked.token), asked.scope, until=asked.until)
    return kin.members(found.token_ids, found.fingerprints)


def family(trail: Trail, root: TokenRef, scope: Scope, *, until: str | None = None) -> Family:
    """The token and all that was derived from it, level by level, among what had arrived `until` then.

    The trail does not change, so the same `until` is the same family for ever. Raises TooLarge, TrailUnavailable.
    """
    view, found = _View(trail, scope, until), Family(root)
    frontier = _whole(view, {root.value}, found) if root.field == "token.id" else _part(view, root, found)
    for _ in range(MAX_LEVELS):
        frontier = _derived(view, frontier, found)
        if len(found.fingerprints) + len(found.token_ids) > MAX_TOKENS:
            raise TooLarge(f"More than {MAX_TOKENS:,} tokens descend from {root.value}; ask about one of its children.")
        if not frontier:
            return found
    raise TooLarge(f"The descent from {root.value} is deeper than {MAX_LEVELS} levels; ask about one of its children.")


def _whole(view: _View, token_ids: set[str], found: Family) -> set[str]:
    """Take in these tokens with every attenuation of them; the fingerprints that are new."""
    found.token_ids |= token_ids
    seen = view.seen("token.id", token_ids)
    found.seen |= dict.fromkeys(seen)
    found.edges |= dict.fromkeys(edges_among(seen))
    return _take({one.fingerprint: one.token_id for one in seen if one.fingerprint}, found)


def _part(view: _View, root: TokenRef, found: Family) -> set[str]:
    """Take in one macaroon with those under its `token.id` that descend from it; the fingerprints that are new."""
    own = view.seen("token.fingerprint", {root.value})
    ids = {one.token_id for one in own if one.token_id}
    siblings = view.seen("token.id", ids)
    edges = list(edges_among([*own, *siblings]))
    token_id = next(iter(ids), None)
    reached = frontier = _take({root.value: token_id}, found)
    while frontier:
        step = [edge for edge in edges if edge.parent in frontier]
        found.edges |= dict.fromkeys(step)
        frontier = _take({edge.child: token_id for edge in step}, found)
        reached = reached | frontier
    found.seen |= dict.fromkeys(one for one in (*own, *siblings) if one.fingerprint in reached)
    return reached


def _derived(view: _View, parents: set[str], found: Family) -> set[str]:
    """Take in what was derived from these by record. A child under another id is a token of its own, and whole."""
    children = [one for one in view.seen("token.parent_fingerprint", parents) if one.fingerprint]
    found.seen |= dict.fromkeys(children)
    found.edges |= {
        Edge(one.parent, one.fingerprint, "recorded"): None for one in children if one.parent and one.fingerprint
    }
    issued = {
        one.token_id
        for one in children
        if one.token_id
        and one.token_id not in found.token_ids
        and one.token_id != found.fingerprints.get(one.parent or "")
    }
    fresh = _take({one.fingerprint: one.token_id for one in children if one.fingerprint}, found)
    return fresh | (_whole(view, issued, found) if issued else set())


def _take(seen: dict[str, str | None], found: Family) -> set[str]:
    fresh = {fingerprint: token_id for fingerprint, token_id in seen.items() if fingerprint not in found.fingerprints}
    found.fingerprints |= fresh
    return set(fresh)


def ancestors(trail: Trail, root: TokenRef, scope: Scope, *, until: str | None = None) -> Ancestry:
    """What the token was derived from, up to what nothing on record precedes. Raises TooLarge, TrailUnavailable."""
    view, found = _View(trail, scope, until), Ancestry()
    frontier = {root.value}
    if root.field == "token.id":
        own = view.seen("token.id", {root.value})
        inside = {one.fingerprint for one in own}
        outside = {(one.parent, one.fingerprint) for one in own if one.parent and one.parent not in inside}
        found.edges |= {Edge(parent, child or "", "recorded"): None for parent, child in sorted(outside, key=str)}
        frontier = {parent for parent, _ in outside}
        found.fingerprints |= dict.fromkeys(sorted(frontier))
    return _climb_up(view, frontier, found, root.value)


def ancestors_of(trail: Trail, parents: Collection[str], scope: Scope) -> Ancestry:
    """Some macaroons and what they were derived from, all together. Raises TooLarge, TrailUnavailable."""
    found = Ancestry(dict.fromkeys(sorted(parents)))
    return _climb_up(_View(trail, scope, None), set(parents), found, "these tokens")


def _climb_up(view: _View, frontier: set[str], found: Ancestry, whose: str) -> Ancestry:
    for _ in range(MAX_LEVELS):
        if not frontier:
            return found
        frontier = _climb(view, frontier, found)
    raise TooLarge(f"The ancestry of {whose} is longer than {MAX_LEVELS} levels; ask about one of its ancestors.")


def _climb(view: _View, children: set[str], found: Ancestry) -> set[str]:
    """Take in what these come from, within their own `token.id` to its top; the ancestors under another id."""
    own = view.seen("token.fingerprint", children)
    siblings = view.seen("token.id", {one.token_id for one in own if one.token_id})
    inside = {one.fingerprint for one in (*own, *siblings)}
    parents: dict[str, list[Edge]] = {}
    for edge in edges_among([*own, *siblings]):
        parents.setdefault(edge.child, []).append(edge)
    outside: set[str] = set()
    step = children
    while step:
        up = [edge for child in sorted(step) for edge in parents.get(child, []) if edge not in found.edges]
        found.edges |= dict.fromkeys(up)
        fresh = {edge.parent for edge in up} - found.fingerprints.keys()
        found.fingerprints |= dict.fromkeys(sorted(fresh))
        outside |= fresh - inside
        step = fresh & inside
    found.seen |= dict.fromkeys(one for one in (*own, *siblings) if one.fingerprint in found.fingerprints)
    return outside


def edges_among(seen: Iterable[Seen]) -> Iterator[Edge]:
    """Edges among macaroons: recorded ones, and within one id by the longest caveat list that another's begins with."""
    seen = list(seen)
    recorded = {(one.parent, one.fingerprint) for one in seen if one.parent and one.fingerprint}
    for parent, child in sorted(recorded):
        yield Edge(parent, child, "recorded")
    known = {child for _, child in recorded}
    by_caveats = {
        (one.token_id, one.caveats): one.fingerprint for one in seen if one.caveats is not None and one.fingerprint
    }
    for one in seen:
        if not one.fingerprint or one.fingerprint in known or not one.caveats:
            continue
        shorter = (by_caveats.get((one.token_id, one.caveats[:length])) for length in reversed(range(len(one.caveats))))
        nearest = next(filter(None, shorter), None)
        if nearest and nearest != one.fingerprint:
            yield Edge(nearest, one.fingerprint, "inferred")


def _read(bucket: dict[str, Any]) -> Seen:
    key = bucket["key"]
    source = bucket["told"]["hits"]["hits"][0].get("_source", {})
    token = source.get("token", {})
    return Seen(
        token_id=key["id"], fingerprint=key["fingerprint"], parent=key["parent_fingerprint"], caveats=_caveats(token),
        events=bucket["doc_count"], first=bucket["first"]["value_as_string"], last=bucket["last"]["value_as_string"],
        expires_at=bucket["expires"].get("value_as_string"), key_id=token.get("key_id"),
        user_id=source.get("user", {}).get("id"), organization_id=source.get("organization", {}).get("id"),
        added=tuple(one["key"] for one in bucket["added"]["buckets"]),
    )  # fmt: skip


def _caveats(token: dict[str, Any]) -> tuple[bytes, ...] | None:
    """The caveats in order, each as bytes that compare; None where the event did not carry them exactly."""
    text = token.get("caveats", {}).get("json")
    try:
        caveats = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(caveats, list):
        return None
    return tuple(orjson.dumps(caveat, option=orjson.OPT_SORT_KEYS) for caveat in caveats)
