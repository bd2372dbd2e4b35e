"""Chooses which tokens of a lineage are drawn: the notable ones; the others of a parent fold into one row that a link opens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.http import urlencode

from trail.questions.drawn_lineage import DrawnLineage
from trail.questions.lineage import LineageNode

# With more tokens than this branches without a notable mark fold; so many are drawn at most.
DRAWN_UNFOLDED, DRAWN_AT_MOST = 12, 60


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token that is drawn, below `parent` where that is drawn too."""

    node: LineageNode
    parent: str | None


@dataclass(frozen=True, slots=True)
class FoldRow:
    """Tokens that are not drawn one by one: how many, below which, and the address that opens them."""

    parent: str
    depth: int
    number: int
    url: str


LineageRow = TokenRow | FoldRow


def choose_rows(drawn: DrawnLineage, unfolded: str, words: Mapping[str, str]) -> list[LineageRow]:
    """What is drawn, in the order of the tree. `unfolded` is the token whose children are all drawn."""
    nodes = list(drawn.lineage.nodes)
    parents = _find_parents(nodes)
    drawn_refs = {node.ref for node in nodes}
    if len(nodes) > DRAWN_UNFOLDED:
        drawn_refs = set(_choose_notable(drawn, parents, unfolded))
    return list(_fold(nodes, parents, drawn_refs, words))


def _find_parents(nodes: list[LineageNode]) -> dict[str, str | None]:
    """What each token hangs from on this page."""
    above: list[str] = []
    parents: dict[str, str | None] = {}
    for node in nodes:
        del above[node.depth :]
        parents[node.ref] = above[-1] if above else None
        above.append(node.ref)
    return parents


def _choose_notable(drawn: DrawnLineage, parents: Mapping[str, str | None], unfolded: str) -> Iterator[str]:
    """The tops, what was denied, ended by itself, used by who is chosen, or is unfolded, and whatever leads there."""
    number = 0
    for node in drawn.lineage.nodes:
        own_end = node.status.state == "revoked" and node.status.ending and node.status.ending.through == "itself"
        acted = drawn.acted.get(node.ref)
        is_used = bool(node.use and node.use.refused) or bool(acted and acted.count)
        is_notable = is_used or bool(own_end) or node.source == "inferred"
        parent = parents[node.ref]
        if parent is None or parent == unfolded or (is_notable and number < DRAWN_AT_MOST):
            number += 1
            key: str | None = node.ref
            while key is not None:
                yield key
                key = parents[key]


def _fold(
    nodes: list[LineageNode], parents: Mapping[str, str | None], drawn_refs: set[str], words: Mapping[str, str]
) -> Iterator[LineageRow]:
    folded: dict[str, int] = {}
    depths = {node.ref: node.depth for node in nodes}
    for node in nodes:
        if node.ref not in drawn_refs:
            parent = _find_drawn(parents[node.ref], parents, drawn_refs)
            if parent is not None:
                folded[parent] = folded.get(parent, 0) + 1
    waiting: list[str] = []
    for node in nodes:
        if node.ref not in drawn_refs:
            continue
        while waiting and depths[waiting[-1]] >= node.depth:
            yield from _build_fold(waiting.pop(), folded, depths, words)
        yield TokenRow(node, parents[node.ref])
        waiting.append(node.ref)
    while waiting:
        yield from _build_fold(waiting.pop(), folded, depths, words)


def _find_drawn(key: str | None, parents: Mapping[str, str | None], drawn_refs: set[str]) -> str | None:
    while key is not None and key not in drawn_refs:
        key = parents[key]
    return key


def _build_fold(
    parent: str, folded: Mapping[str, int], depths: Mapping[str, int], words: Mapping[str, str]
) -> Iterator[FoldRow]:
    if parent in folded:
        url = "?" + urlencode({**words, "open": parent}) + "#picture"
        yield FoldRow(parent, depths[parent] + 1, folded[parent], url)
