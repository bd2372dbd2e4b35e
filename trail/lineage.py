"""A token's descendants, from two sources, and each edge says which.

Attenuation happens at the holder and keeps `token.id`; the issuer first hears of a child when it is used. So an edge is
`recorded` where an event carries `token.parent_fingerprint`, and `inferred` where one macaroon's caveats begin with
another's under the same `token.id` (macaroons only ever add caveats: Birgisson et al., NDSS 2014).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from trail.connection import Trail
from trail.errors import TrailError
from trail.search import bodies, execute
from trail.search.spec import Scope, Search

MAX_TOKENS = 10_000
MAX_LEVELS = 64


class TooLarge(TrailError):
    """A family of tokens that is too large to be followed whole; a part of it would look like all of it."""


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


@dataclass(slots=True)
class Family:
    """A token and its descendants. `token_ids` belong to it whole; of other ids only `fingerprints` do."""

    root: TokenRef
    token_ids: set[str] = field(default_factory=set)
    fingerprints: dict[str, str | None] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    def search(self) -> Search:
        """Every event of the family, as a search."""
        parts = {"ids": ("token.id", self.token_ids), "fingerprints": ("token.fingerprint", set(self.fingerprints))}
        if self.root.field == "token.id":
            # Whole tokens are all of it, and their ids are fewer than their fingerprints.
            parts.pop("fingerprints")
        used = {name: (key, tuple(sorted(values))) for name, (key, values) in parts.items() if values}
        return Search(
            text=" OR ".join(f"{key}:${name}" for name, (key, _) in used.items()),
            parameters=tuple((name, values) for name, (_, values) in used.items()),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """One macaroon as the trail saw it."""

    token_id: str | None
    fingerprint: str | None
    parent: str | None = None
    caveats: tuple[bytes, ...] | None = None


def family(trail: Trail, root: TokenRef, scope: Scope) -> Family:
    """The token and all that was derived from it, level by level. Raises TooLarge, TrailUnavailable."""
    found = Family(root)
    frontier = (
        _whole(trail, {root.value}, scope, found) if root.field == "token.id" else _part(trail, root, scope, found)
    )
    for _ in range(MAX_LEVELS):
        frontier = _derived(trail, frontier, scope, found)
        if not frontier:
            return found
        if len(found.fingerprints) + len(found.token_ids) > MAX_TOKENS:
            raise TooLarge(f"More than {MAX_TOKENS:,} tokens descend from {root.value}; ask about one of its children.")
    raise TooLarge(f"The descent from {root.value} is deeper than {MAX_LEVELS} levels; ask about one of its children.")


def _whole(trail: Trail, token_ids: set[str], scope: Scope, found: Family) -> set[str]:
    """Take in these tokens with every attenuation of them; the fingerprints that are new."""
    found.token_ids |= token_ids
    seen = list(_seen(trail, _among("token.id", token_ids), scope))
    found.edges |= dict.fromkeys(edges_among(seen))
    return _take({one.fingerprint: one.token_id for one in seen if one.fingerprint}, found)


def _part(trail: Trail, root: TokenRef, scope: Scope, found: Family) -> set[str]:
    """Take in one macaroon with those under its `token.id` that descend from it; the fingerprints that are new."""
    own = list(_seen(trail, _among("token.fingerprint", {root.value}), scope))
    ids = {one.token_id for one in own if one.token_id}
    edges = list(edges_among(list(_seen(trail, _among("token.id", ids), scope)))) if ids else []
    token_id = next(iter(ids), None)
    reached = frontier = _take({root.value: token_id}, found)
    while frontier:
        step = [edge for edge in edges if edge.parent in frontier]
        found.edges |= dict.fromkeys(step)
        frontier = _take({edge.child: token_id for edge in step}, found)
        reached = reached | frontier
    return reached


def _derived(trail: Trail, parents: set[str], scope: Scope, found: Family) -> set[str]:
    """Take in what was derived from these by record. A child under another id is a token of its own, and whole."""
    if not parents:
        return set()
    children = [one for one in _seen(trail, _among("token.parent_fingerprint", parents), scope) if one.fingerprint]
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
    return fresh | (_whole(trail, issued, scope, found) if issued else set())


def _take(seen: dict[str, str | None], found: Family) -> set[str]:
    fresh = {fingerprint: token_id for fingerprint, token_id in seen.items() if fingerprint not in found.fingerprints}
    found.fingerprints |= fresh
    return set(fresh)


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


def _among(name: str, values: set[str]) -> Search:
    return Search(text=f"{name}:$values", parameters=(("values", tuple(sorted(values))),))


def _seen(trail: Trail, search: Search, scope: Scope) -> Iterator[Seen]:
    """Every macaroon in a search, page by page."""
    after: dict[str, Any] | None = None
    while True:
        answer = execute.ask(trail, bodies.macaroons(search, scope, after=after))
        found = answer.get("aggregations", {}).get("tokens", {})
        for bucket in found.get("buckets", []):
            key = bucket["key"]
            yield Seen(key["id"], key["fingerprint"], key["parent_fingerprint"], _caveats(bucket))
        after = found.get("after_key")
        if after is None:
            return


def _caveats(bucket: dict[str, Any]) -> tuple[bytes, ...] | None:
    """The caveats in order, each as bytes that compare; None where the event did not carry them exactly."""
    source = bucket["caveats"]["hits"]["hits"][0].get("_source", {})
    text = source.get("token", {}).get("caveats", {}).get("json")
    try:
        caveats = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(caveats, list):
        return None
    return tuple(orjson.dumps(caveat, option=orjson.OPT_SORT_KEYS) for caveat in caveats)
