"""Puts the figures of a lineage into the rows of the table below its picture, and into a file."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.csv import build_csv_lines
from investigations.presentation.cells import make_visible
from trail.questions.drawn_lineage import DrawnLineage
from trail.questions.lifeline import Moment
from trail.questions.lineage import LineageNode, TokenUse

DEEPEST = 4
SHOWN = 2  # addresses of a row
HEAD = ("token", "fingerprint", "depth", "parent", "edge", "caveats added", "state", "since (UTC)", "first accepted (UTC)",
        "last accepted (UTC)", "accepted", "denied", "addresses")  # fmt: skip


@dataclass(frozen=True, slots=True)
class TokenFigures:
    """One token as a row: how far it is set in, when it was accepted first and last, how often, and of whom is chosen."""

    node: LineageNode
    indent: int
    added: str
    first: Moment | None
    last: Moment | None
    accepted: int
    denied: int
    acted: int

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Those that used it most, each with how often."""
        use = self.node.use
        return tuple((address.value, address.count) for address in use.addresses[:SHOWN]) if use else ()

    @property
    def further(self) -> str:
        """How many addresses are left out."""
        use = self.node.use
        number = len(use.addresses) - SHOWN if use else 0
        return f"{'at least ' if use and use.more else ''}{number:,} more" if number > 0 else ""


def build_figures(drawn: DrawnLineage) -> list[TokenFigures]:
    """Every token of the page, in the order of the tree."""
    return [_build_row(node, drawn) for node in drawn.lineage.nodes]


def _build_row(node: LineageNode, drawn: DrawnLineage) -> TokenFigures:
    lane, acted = drawn.lanes.get(node.ref), drawn.acted.get(node.ref)
    return TokenFigures(
        node=node,
        indent=min(node.depth, DEEPEST),
        added="not on record"
        if node.added is None
        else ", ".join(make_visible(text).strip('"') for text in node.added),
        first=lane.first_accepted if lane else None,
        last=lane.last_accepted if lane else None,
        accepted=lane.accepted if lane else 0,
        denied=node.use.refused if node.use else 0,
        acted=acted.count if acted else 0,
    )


def write_lineage_csv(drawn: DrawnLineage) -> Iterator[bytes]:
    """The rows as CSV, safe in a spreadsheet, times in UTC; and how many tokens of the lineage are not among them."""
    who = f"accepted of {drawn.actor.values[0]}" if drawn.actor else ""
    rows = [tuple(_list_cells(row, drawn)) for row in build_figures(drawn)]
    left_out = drawn.lineage.tokens - len(rows)
    if left_out > 0:
        rows.append((f"({left_out} more tokens)", *("" for _ in (*HEAD[1:], *([who] if who else [])))))
    return build_csv_lines((*HEAD, who) if who else HEAD, rows)


def _list_cells(row: TokenFigures, drawn: DrawnLineage) -> Iterator[str]:
    node = row.node
    yield from (node.token_id or "", node.fingerprint or "", str(node.depth), " ".join(node.parents), node.source or "")
    yield from (row.added, node.status.state, node.status.since or "")
    yield from (moment.at if moment else "" for moment in (row.first, row.last))
    yield from (str(row.accepted), str(row.denied), _write_addresses(node.use))
    if drawn.actor:
        yield str(row.acted)


def _write_addresses(use: TokenUse | None) -> str:
    addresses = [f"{address.value} {address.count}" for address in use.addresses] if use else []
    return ", ".join([*addresses, "and more"] if use and use.more else addresses)
