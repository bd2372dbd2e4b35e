"""Builds what the pages of a token show: the tree of its lineage, durations, the blast radius as a file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.http import urlencode

from core.csv import build_csv_lines
from trail.questions.compromise_parts import Affected
from trail.questions.lineage import CHILDREN, Lineage, LineageNode

ADDRESSES_SHOWN = 3
HEAD = ("field", "value", "type", "events", "first", "last")
_UNITS = (
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("µs", 1_000),
    ("ns", 1),
)


def duration_text(nanoseconds: int) -> str:
    """A duration as people say it: its two largest units, `3 min 12 s`."""
    remaining, words = abs(nanoseconds), []
    for name, size in _UNITS:
        number, remaining = divmod(remaining, size)
        if number:
            words.append(f"{number:,} {name}")
        if len(words) == 2 or (words and not number):
            break
    return " ".join(words) or "0 s"


@dataclass(slots=True)
class Branch:
    """A token in the tree with what hangs from it. `more_url` is the address of those of its children that are not shown."""

    node: LineageNode
    address: str
    branches: list["Branch"] = field(default_factory=list)
    more_url: str | None = None

    @property
    def further(self) -> int:
        """Addresses that are counted and not shown."""
        return max(len(self.node.use.addresses) - ADDRESSES_SHOWN, 0) if self.node.use else 0


def build_tree(answer: Lineage) -> list[Branch]:
    """The nodes of a page, which come in the order of the tree, as the tree they are."""
    tops: list[Branch] = []
    above: list[Branch] = []
    for node in answer.nodes:
        branch = Branch(node, reverse("token_detail", args=[node.ref]))
        del above[node.depth :]
        (above[-1].branches if above else tops).append(branch)
        above.append(branch)
        if node.left_off:
            start: int = (answer.start if answer.under == node.ref else 0) + (CHILDREN if node.shown else 0)
            here = reverse("token_lineage", args=[answer.token.value])
            branch.more_url = f"{here}?{urlencode({'under': node.ref, 'start': str(start)})}"
    return tops


def build_ancestors(answer: Lineage) -> list[Branch]:
    """What the token comes from, oldest first."""
    return [Branch(node, reverse("token_detail", args=[node.ref])) for node in answer.ancestors]


def blast_radius_csv(affected: Iterable[Affected]) -> Iterator[bytes]:
    """The blast radius as CSV, safe in a spreadsheet."""
    rows = ((item.field, item.value, item.type, str(item.count), item.first, item.last) for item in affected)
    return build_csv_lines(HEAD, rows)
