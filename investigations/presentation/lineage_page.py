"""Puts together what the page of a lineage shows: the answer in words and figures, the picture, and the tree below it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from investigations.presentation import tokens
from investigations.presentation.actors import build_actors, name_actor
from investigations.presentation.figures import Figure
from investigations.presentation.lifeline.choice import LifelineChoice
from investigations.presentation.lifeline.words import to_nanoseconds
from investigations.presentation.lineage_picture import build_lineage_picture
from investigations.presentation.lineage_rows import choose_rows
from investigations.presentation.lineage_table import build_figures
from investigations.search_url import search_address
from trail.questions.drawn_lineage import DrawnLineage
from trail.questions.lineage import Lineage, LineageNode

# What the address says beside how the lineage is drawn.
WORDS = ("under", "start", "open", "actor")


def build_lineage_page(drawn: DrawnLineage, choice: LifelineChoice, now: datetime) -> dict[str, Any]:
    """The context of the page of a lineage."""
    answer, words = drawn.lineage, dict(choice.others) | choice.words()
    rows = choose_rows(drawn, words.get("open", ""), words)
    actors = build_actors(drawn.actors, drawn.actor, words, count=sum(acts.count for acts in drawn.acted.values()))
    return {
        "answer": answer,
        "drawn": drawn,
        "picture": build_lineage_picture(drawn, rows, choice, now=to_nanoseconds(now)) if rows else None,
        "actors": actors,
        "actor": name_actor(drawn.actor) if drawn.actor else "",
        "rows": build_figures(drawn),
        "csv_url": choice.write_url(format="csv"),
        "tree": tokens.build_tree(answer),
        "ancestors": tokens.build_ancestors(answer),
        "search_url": search_address(answer.search),
        "events": drawn.events,
        "figures": list(_list_figures(answer)),
        "own": answer.nodes[0] if answer.nodes and not answer.under else None,
        "owner": drawn.about["organization.id"].commonest,
        "token_kind": drawn.about["token.kind"].commonest,
        **_describe(answer),
    }


def is_whole(answer: Lineage) -> bool:
    """Whether every token of the family is on this page."""
    return len(answer.nodes) == answer.tokens and not answer.under


def _list_figures(answer: Lineage) -> Iterator[Figure]:
    """What only the whole family can tell is left out where it is not whole."""
    yield Figure("token" if answer.tokens == 1 else "tokens", f"{answer.tokens:,}")
    yield Figure("active", f"{answer.alive:,}")
    if is_whole(answer):
        inferred = sum(node.source == "inferred" for node in answer.nodes)
        denied = sum(node.use.refused for node in answer.nodes if node.use)
        yield Figure("edge inferred" if inferred == 1 else "edges inferred", f"{inferred:,}")
        yield Figure("denied", f"{denied:,}", look="is-denied" if denied else "")


def _describe(answer: Lineage) -> dict[str, Any]:
    """How often it was narrowed, which tokens were issued with it, and from where alone its descendants were used."""
    if not is_whole(answer) or answer.tokens < 2:
        return {}
    by_ref = {node.ref: node for node in answer.nodes}
    children = [node for node in answer.nodes if node.parents]
    issued = [node for node in children if not _is_attenuation(node, by_ref)]
    return {
        "narrowed": len(children) - len(issued),
        "issued": [node.token_id or node.ref for node in issued],
        "descendants": len(children),
        "only_from": _find_only_address(children),
        "inferred": sum(node.source == "inferred" for node in children),
    }


def _is_attenuation(node: LineageNode, by_ref: Mapping[str, LineageNode]) -> bool:
    parent = by_ref.get(node.parents[0])
    return parent is not None and parent.token_id == node.token_id


def _find_only_address(nodes: Sequence[LineageNode]) -> str:
    """The one address that all of them were used from; empty where there are several, or none."""
    uses = [node.use for node in nodes if node.use]
    addresses = {address.value for use in uses for address in use.addresses}
    return addresses.pop() if len(addresses) == 1 and not any(use.more for use in uses) else ""
