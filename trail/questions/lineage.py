"""A token's lineage as a tree: what it comes from, what was derived from it, how each was used, which are still alive."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.errors import BadQuery
from trail.lineage import Edge, Family, TokenRef, ancestors, family
from trail.moments import nanoseconds, text_of
from trail.questions.fate import ALIVE, Fate, Reach, endings_among, endings_in, fate
from trail.questions.forest import Forest, Macaroon
from trail.questions.named import WHOSE, named_by
from trail.search import execute, tokens
from trail.search.bodies import Body
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

# A page of the tree: so many levels, so many children of each, so many in all. The rest is a page of its own.
LEVELS, CHILDREN, SHOWN = 4, 25, 150
ADDRESSES = 100


@dataclass(frozen=True, slots=True)
class Address:
    """An address from which a token was used, and how often."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Use:
    """How one token of a lineage was used. `addresses` are all of them; `more` says that there are further ones."""

    uses: int
    refused: int
    first: str
    last: str
    addresses: tuple[Address, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One token of a lineage. `added` are the caveats that its edge added, None where nothing on record says so.

    `children` and `descendants` are those there are; `shown` says whether its children follow, and `left_off` how many of
    them do not. `use` is None for a token that was never used.
    """

    token_id: str | None
    fingerprint: str | None
    depth: int
    source: Literal["recorded", "inferred"] | None
    parents: tuple[str, ...]
    caveats: tuple[str, ...] | None
    added: tuple[str, ...] | None
    children: int
    descendants: int
    shown: bool
    left_off: int
    fate: Fate
    use: Use | None

    @property
    def ref(self) -> str:
        """What its page is called by."""
        return self.fingerprint or self.token_id or ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """`nodes` in the order of the tree, each before its children; `ancestors` oldest first. `tokens` counts all of the
    family, `alive` those of it that are neither revoked nor expired. `under` is the node whose subtree this is, if not all.
    `search` finds every event of the family."""

    token: TokenRef
    under: str | None
    start: int
    nodes: tuple[Node, ...]
    ancestors: tuple[Node, ...]
    tokens: int
    alive: int
    search: Search
    coverage: Coverage


def lineage(
    trail: Trail,
    token: TokenRef,
    scope: Scope,
    *,
    under: str | None = None,
    start: int = 0,
    now: datetime | None = None,
) -> Lineage:
    """The tree, or the part of it below `under` from its child number `start` on. The family and the ancestry in a few
    round trips, the rest in one. Raises BadQuery for an `under` that is none of it, TooLarge, TrailUnavailable."""
    now = now or datetime.now(UTC)
    found, above = family(trail, token, scope), ancestors(trail, token, scope)
    forest = Forest(
        [*found.seen, *above.seen], [*found.edges, *above.edges], [*found.fingerprints, *above.fingerprints]
    )
    if under and under not in forest.tokens:
        raise BadQuery(f"{under} does not descend from {token.value}.", 0)
    tops = [under] if under else _tops(forest, found)
    page = forest.page(tops, levels=LEVELS, children=CHILDREN, most=SHOWN, start=start)
    shown = [*(one.key for one in page), *above.fingerprints]
    ends, covered, *used = execute.ask_all(
        trail, [_endings(forest, scope), coverage.body(scope), *_uses(forest, shown, scope)]
    )
    fates = _fates(forest, endings_in(ends), now)
    uses = _read(used)
    own = _own(forest, found)
    return Lineage(
        token=token, under=under, start=start,
        nodes=tuple(_node(forest, one.key, one.depth, one.shown, one.left_off, fates, uses) for one in page),
        ancestors=tuple(_node(forest, key, 0, False, 0, fates, uses) for key in reversed(above.fingerprints)),
        tokens=len(own), alive=sum(fates[key].state == "alive" for key in own),
        search=Search(filters=(Filter("token.lineage", (token.value,)),)), coverage=coverage.read(covered, now),
    )  # fmt: skip


def _tops(forest: Forest, found: Family) -> list[str]:
    """Where the family's trees begin: the token itself, or of a `token.id` what hangs from nothing in the family."""
    if found.root.field == "token.fingerprint":
        return [found.root.value] if found.root.value in forest.tokens else []
    own = set(_own(forest, found))
    return [
        key for key, one in forest.tokens.items()
        if key in own and (key in forest.tops or one.parents[0].parent not in own)
    ]  # fmt: skip


def _own(forest: Forest, found: Family) -> list[str]:
    """The tokens of the family itself, without its ancestors."""
    return [key for key in forest.tokens if key in found.fingerprints or key in found.token_ids]


def _endings(forest: Forest, scope: Scope) -> Body:
    """Whatever may have ended one of these tokens."""
    seen = [one for token in forest.tokens.values() for one in token.seen]
    ids = sorted({one.token_id for one in seen if one.token_id})
    whose = {
        "token.key_id": tuple(sorted({one.key_id for one in seen if one.key_id})),
        "user.id": tuple(sorted({one.user_id for one in seen if one.user_id})),
        "organization.id": tuple(sorted({one.organization_id for one in seen if one.organization_id})),
    }
    return tokens.endings(named_by(tuple(ids), tuple(sorted(forest.tokens))), whose, scope)


def _fates(forest: Forest, hits: list[Hit], now: datetime) -> dict[str, Fate]:
    """What became of each token. What a token was derived from takes it along when it is revoked."""
    moment = text_of(now)
    by_name: dict[str, list[Hit]] = {}
    for hit in hits:
        for name in _named_in(hit):
            by_name.setdefault(name, []).append(hit)
    found: dict[str, Fate] = {}
    expires: dict[str, str | None] = {}
    for key, _ in forest.walk(forest.tops):
        one = forest.tokens[key]
        # An attenuation carries every caveat of its parent, so its end in time too.
        carried = (expires[edge.parent] for edge in one.parents if _same_token(forest, one, edge, expires))
        expires[key] = one.expires_at or next(carried, None)
        reach = _reach(one)
        names = {*reach.token_ids, *reach.fingerprints, *(value for values in reach.whose.values() for value in values)}
        told = {hit.event_id: hit for name in names for hit in by_name.get(name, ())}
        own = fate(endings_among(told.values(), reach), expires[key], moment)
        found[key] = _with_parents(own, one, found)
    return found


def _same_token(forest: Forest, one: Macaroon, edge: Edge, known: dict[str, str | None]) -> bool:
    return edge.parent in known and one.token_id is not None and forest.tokens[edge.parent].token_id == one.token_id


def _named_in(hit: Hit) -> set[str]:
    document = hit.document
    token = document.get("token", {})
    names = (token.get("id"), token.get("fingerprint"), token.get("key_id"),
             document.get("user", {}).get("id"), document.get("organization", {}).get("id"))  # fmt: skip
    return {name for name in names if name}


def _reach(one: Macaroon) -> Reach:
    whose = zip(WHOSE, ("key_id", "user_id", "organization_id"), strict=True)
    return Reach(
        token_ids=frozenset({seen.token_id for seen in one.seen if seen.token_id}),
        fingerprints=frozenset({one.key}),
        whose={name: frozenset(getattr(seen, of) for seen in one.seen if getattr(seen, of)) for name, of in whose},
        first=one.first,
    )


def _with_parents(own: Fate, one: Macaroon, found: dict[str, Fate]) -> Fate:
    """The earlier of its own end and its parents'."""
    ends = [own] if own.since else []
    for edge in one.parents:
        above = found.get(edge.parent, ALIVE)
        if above.state == "revoked" and above.ending:
            taken = above.ending if own.ending == above.ending else replace(above.ending, through="ancestor")
            ends.append(Fate("revoked", above.since, taken))
    return min(ends, key=lambda one: nanoseconds(one.since or "")) if ends else ALIVE


def _uses(forest: Forest, shown: list[str], scope: Scope) -> list[Body]:
    """Bodies that find how those on the page were used, by fingerprint, and by id where there is none."""
    by_field = {
        "token.fingerprint": tuple(sorted({key for key in shown if forest.tokens[key].fingerprint})),
        "token.id": tuple(sorted({key for key in shown if not forest.tokens[key].fingerprint})),
    }
    return [tokens.nodes(field, keys, scope, addresses=ADDRESSES) for field, keys in by_field.items() if keys]


def _read(answers: list[dict[str, Any]]) -> dict[str, Use]:
    buckets = [bucket for one in answers for bucket in one.get("aggregations", {}).get("nodes", {}).get("buckets", [])]
    return {
        bucket["key"]: Use(
            uses=bucket["doc_count"], refused=bucket["refused"]["doc_count"],
            first=bucket["first"]["value_as_string"], last=bucket["last"]["value_as_string"],
            addresses=tuple(Address(one["key"], one["doc_count"]) for one in bucket["addresses"]["buckets"]),
            more=bool(bucket["addresses"]["sum_other_doc_count"]),
        )
        for bucket in buckets
    }  # fmt: skip


def _node(
    forest: Forest, key: str, depth: int, shown: bool, left_off: int, fates: dict[str, Fate], uses: dict[str, Use]
) -> Node:
    one = forest.tokens[key]
    edge = one.parents[0] if one.parents else None
    return Node(
        token_id=one.token_id, fingerprint=one.fingerprint or (key if not one.token_id else None), depth=depth,
        source=edge.source if edge else None, parents=tuple(edge.parent for edge in one.parents),
        caveats=_texts(one.caveats), added=_added(forest, one, edge), children=len(one.children),
        descendants=one.descendants, shown=shown, left_off=left_off, fate=fates.get(key, ALIVE), use=uses.get(key),
    )  # fmt: skip


def _added(forest: Forest, one: Macaroon, edge: Edge | None) -> tuple[str, ...] | None:
    """What the edge added: the rest of the caveats after the parent's, or what an event says that it added."""
    if edge is None:
        return ()
    before, caveats = forest.tokens[edge.parent].caveats, one.caveats
    if before is not None and caveats is not None and caveats[: len(before)] == before:
        return _texts(caveats[len(before) :])
    return next((seen.added for seen in one.seen if seen.added), None)


def _texts(caveats: tuple[bytes, ...] | None) -> tuple[str, ...] | None:
    return None if caveats is None else tuple(caveat.decode() for caveat in caveats)
