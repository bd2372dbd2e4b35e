"""Asks for a token's lineage as a tree: what it comes from, what was derived from it, how each was used, which are alive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import coverage
from trail.questions.coverage import Coverage
from trail.questions.lineage_tree import LineageTree, TreePlace, TreeToken
from trail.questions.token_status import (
    ALIVE,
    Ending,
    Reach,
    Target,
    TokenStatus,
    build_endings,
    decide_status,
    find_endings,
    find_in_force,
    reach_of_macaroon,
    read_endings,
    read_targets,
)
from trail.search import execute
from trail.search.bodies import token as bodies_token
from trail.search.bodies.query import Body
from trail.search.execute import Hit
from trail.search.lineage import Ancestry, Edge, Family, TokenRef, follow_ancestors, follow_ancestors_of, follow_family
from trail.search.ownership import Ownership
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search
from trail.times import format_datetime

# A page of the tree: so many levels, so many children of each, so many in all. The rest is a page of its own.
LEVELS, CHILDREN, SHOWN = 4, 25, 150
ADDRESSES = 100
_USES = "uses by "


@dataclass(frozen=True, slots=True)
class UsedAddress:
    """An address from which a token was used, and how often."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class TokenUse:
    """How one token of a lineage was used. `addresses` are all of them; `more` says that there are further ones."""

    uses: int
    refused: int
    first: str
    last: str
    addresses: tuple[UsedAddress, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class LineageNode:
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
    status: TokenStatus = field(metadata={"json": "fate"})
    use: TokenUse | None

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
    nodes: tuple[LineageNode, ...]
    ancestors: tuple[LineageNode, ...]
    tokens: int
    alive: int
    search: Search
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class LineagePage:
    """What has to be known before the uses can be asked for: the tree, which tokens of it the page shows, what ends each."""

    token: TokenRef
    under: str | None
    start: int
    family: Family
    above: tuple[str, ...]
    tree: LineageTree
    places: list[TreePlace]
    reaches: dict[str, Reach]

    @property
    def keys(self) -> list[str]:
        """The tokens that the page shows."""
        return [place.key for place in self.places]

    def part_names(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Tokens by the field that names them: by fingerprint, and by id where there is none."""
        return _part_names(self.tree, keys)


def ask_lineage(
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
    page = find_page(trail, token, scope, under=under, start=start)
    return ask_page(trail, page, scope, {}, now)[0]


def find_page(trail: Trail, token: TokenRef, scope: Scope, *, under: str | None, start: int) -> LineagePage:
    """The family and the ancestry, and which of it the page shows. Raises BadQuery, TooLarge, TrailUnavailable."""
    family = follow_family(trail, token, scope, with_owners=True)
    above = follow_ancestors(trail, token, scope)
    beside = _follow_other_parents(trail, family, above, scope)
    tree = _build_tree(family, above, beside)
    if under and under not in tree.tokens:
        raise BadQuery(f"{under} does not descend from {token.value}.", 0)
    tops = [under] if under else _find_tops(tree, family)
    places = tree.list_page(tops, levels=LEVELS, children=CHILDREN, most=SHOWN, start=start)
    reaches = _find_reaches(tree, family.owners | above.owners | beside.owners)
    return LineagePage(token, under, start, family, tuple(above.fingerprints), tree, places, reaches)


def ask_page(
    trail: Trail, page: LineagePage, scope: Scope, beside: Mapping[str, Body], now: datetime
) -> tuple[Lineage, Mapping[str, Response]]:
    """The answer, and the responses to what was asked `beside` it in the same round trip."""
    tree, own = page.tree, _list_own(page.tree, page.family)
    bodies = {"endings": build_endings(page.reaches.values(), scope), "coverage": coverage.build_coverage(scope)}
    shown = [*page.keys, *page.above]
    responses = execute.ask_all(trail, {**bodies, **_build_uses(tree, shown, scope), **beside})
    statuses = _decide_statuses(tree, page.reaches, read_endings(responses["endings"]), now)
    uses = _read_uses(responses)
    lineage = Lineage(
        token=page.token,
        under=page.under,
        start=page.start,
        nodes=tuple(_build_node(tree, place, statuses, uses) for place in page.places),
        ancestors=tuple(_build_node(tree, TreePlace(key), statuses, uses) for key in reversed(page.above)),
        tokens=len(own),
        alive=sum(statuses[key].state == "alive" for key in own),
        search=Search(filters=(Filter("token.lineage", (page.token.value,)),)),
        coverage=coverage.read_coverage(responses["coverage"], now),
    )
    return lineage, responses


def _build_tree(family: Family, above: Ancestry, beside: Ancestry) -> LineageTree:
    return LineageTree(
        [*family.seen, *above.seen, *beside.seen],
        [*family.edges, *above.edges, *beside.edges],
        [*family.fingerprints, *above.fingerprints],
    )


def _find_reaches(tree: LineageTree, owners: Mapping[str, Ownership]) -> dict[str, Reach]:
    return {key: reach_of_macaroon(key, token.seen, owners) for key, token in tree.tokens.items()}


def _follow_other_parents(trail: Trail, family: Family, above: Ancestry, scope: Scope) -> Ancestry:
    """What tokens of the family come from besides, for its end is theirs too. No round trip where there is none."""
    parents = {edge.parent for edge in family.edges} - family.fingerprints.keys() - above.fingerprints.keys()
    return follow_ancestors_of(trail, parents, scope) if parents else Ancestry()


def _find_tops(tree: LineageTree, family: Family) -> list[str]:
    """Where the family's trees begin: the token itself, or of a `token.id` what hangs from nothing in the family."""
    if family.root.field == "token.fingerprint":
        return [family.root.value] if family.root.value in tree.tokens else []
    own, tops = _list_own(tree, family), set(tree.tops)
    inside = set(own)
    return [key for key in own if key in tops or tree.tokens[key].parents[0].parent not in inside]


def _list_own(tree: LineageTree, family: Family) -> list[str]:
    """The tokens of the family itself, without its ancestors."""
    return [key for key in tree.tokens if key in family.fingerprints or key in family.token_ids]


def _decide_statuses(
    tree: LineageTree, reaches: Mapping[str, Reach], hits: list[Hit], now: datetime
) -> dict[str, TokenStatus]:
    """What each token is. What a token was derived from takes it along when it is revoked."""
    time = format_datetime(now)
    by_target: dict[Target, list[Hit]] = {}
    for hit in hits:
        for target in read_targets(hit):
            by_target.setdefault(target, []).append(hit)
    in_force: dict[str, dict[str, Ending]] = {}
    for key, reach in reaches.items():
        targets = [(field, value) for field, values in reach.names.items() for value in values]
        own = {hit.event_id: hit for target in targets for hit in by_target.get(target, ())}
        in_force[key] = find_in_force(find_endings(own.values(), reach))
    _hand_down(tree, in_force)
    expires = _find_expiries(tree)
    return {key: decide_status(in_force[key].values(), expires[key], time) for key in tree.tokens}


def _hand_down(tree: LineageTree, in_force: dict[str, dict[str, Ending]]) -> None:
    """Add to what stands against each token what stands against those that it was derived from, whichever they are."""
    children: dict[str, list[str]] = {}
    for key, token in tree.tokens.items():
        for edge in token.parents:
            children.setdefault(edge.parent, []).append(key)
    waiting = [key for key in tree.tokens if in_force[key]]
    while waiting:
        key = waiting.pop()
        for child in children.get(key, ()):
            if _inherit(in_force[child], in_force[key]):
                waiting.append(child)


def _inherit(own: dict[str, Ending], inherited: Mapping[str, Ending]) -> bool:
    """Take over the revocations that came before a token's own of the same name; whether there were any."""
    earlier = {
        name: replace(ending, through="ancestor")
        for name, ending in inherited.items()
        if name not in own or ending.place < own[name].place
    }
    own |= earlier
    return bool(earlier)


def _find_expiries(tree: LineageTree) -> dict[str, str | None]:
    """When each token ends by itself. An attenuation carries every caveat of its parent, so its end in time too."""
    expires: dict[str, str | None] = {}
    for key, _ in tree.walk(tree.tops):
        token = tree.tokens[key]
        carried = (expires[edge.parent] for edge in token.parents if _is_same_token(tree, token, edge, expires))
        expires[key] = token.expires_at or next(carried, None)
    return expires


def _is_same_token(tree: LineageTree, token: TreeToken, edge: Edge, expires: Mapping[str, str | None]) -> bool:
    if edge.parent not in expires or token.token_id is None:
        return False
    return tree.tokens[edge.parent].token_id == token.token_id


def _part_names(tree: LineageTree, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    parts: dict[str, set[str]] = {"token.fingerprint": set(), "token.id": set()}
    for key in keys:
        parts["token.fingerprint" if tree.tokens[key].fingerprint else "token.id"].add(key)
    return {field: tuple(sorted(values)) for field, values in parts.items() if values}


def _build_uses(tree: LineageTree, shown: list[str], scope: Scope) -> dict[str, Body]:
    """Bodies that find how those on the page were used, by fingerprint, and by id where there is none."""
    by_field = _part_names(tree, shown)
    return {
        _USES + field: bodies_token.build_uses(field, keys, scope, addresses=ADDRESSES)
        for field, keys in by_field.items()
    }


def _read_uses(responses: Mapping[str, Response]) -> dict[str, TokenUse]:
    uses = [response for name, response in responses.items() if name.startswith(_USES)]
    return {
        bucket["key"]: _read_use(bucket)
        for response in uses
        for bucket in response.get("aggregations", {}).get("nodes", {}).get("buckets", [])
    }


def _read_use(bucket: dict[str, Any]) -> TokenUse:
    addresses = bucket["addresses"]
    return TokenUse(
        uses=bucket["doc_count"],
        refused=bucket["refused"]["doc_count"],
        first=bucket["first"]["value_as_string"],
        last=bucket["last"]["value_as_string"],
        addresses=tuple(UsedAddress(address["key"], address["doc_count"]) for address in addresses["buckets"]),
        more=bool(addresses["sum_other_doc_count"]),
    )


def _build_node(
    tree: LineageTree, place: TreePlace, statuses: Mapping[str, TokenStatus], uses: Mapping[str, TokenUse]
) -> LineageNode:
    token = tree.tokens[place.key]
    edge = token.parents[0] if token.parents else None
    return LineageNode(
        token_id=token.token_id,
        fingerprint=token.fingerprint or (place.key if not token.token_id else None),
        depth=place.depth,
        source=edge.source if edge else None,
        parents=tuple(edge.parent for edge in token.parents),
        caveats=_texts(token.caveats),
        added=_find_added(tree, token, edge),
        children=len(token.children),
        descendants=token.descendants,
        shown=place.shown,
        left_off=place.left_off,
        status=statuses.get(place.key, ALIVE),
        use=uses.get(place.key),
    )


def _find_added(tree: LineageTree, token: TreeToken, edge: Edge | None) -> tuple[str, ...] | None:
    """What the edge added: the rest of the caveats after the parent's, or what an event says that it added."""
    if edge is None:
        return ()
    before, caveats = tree.tokens[edge.parent].caveats, token.caveats
    if before is not None and caveats is not None and caveats[: len(before)] == before:
        return _texts(caveats[len(before) :])
    return next((macaroon.added for macaroon in token.seen if macaroon.added), None)


def _texts(caveats: tuple[bytes, ...] | None) -> tuple[str, ...] | None:
    return None if caveats is None else tuple(caveat.decode() for caveat in caveats)
