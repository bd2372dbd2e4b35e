"""From what the trail answers about a token to what its pages show. Nothing here asks the trail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.http import urlencode

from investigations.exports.csv import defused
from trail.questions.aftermath import Affected
from trail.questions.lineage import CHILDREN, Lineage, Node
from trail.search.spec import Search

ADDRESSES_SHOWN = 3
HEAD = ("field", "value", "type", "events", "first", "last")
_UNITS = (("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000),
          ("ms", 1_000_000), ("µs", 1_000), ("ns", 1))  # fmt: skip


def span(nanoseconds: int) -> str:
    """A span of time as people say it: its two largest units, `3 min 12 s`."""
    left, words = abs(nanoseconds), []
    for name, size in _UNITS:
        number, left = divmod(left, size)
        if number:
            words.append(f"{number:,} {name}")
        if len(words) == 2 or (words and not number):
            break
    return " ".join(words) or "0 s"


def run_fields(search: Search) -> list[tuple[str, str]]:
    """A search as the fields of a form that starts it in the background."""
    return [(name, value) for name, values in search.to_query().items() for value in values]


@dataclass(slots=True)
class Branch:
    """A token in the tree with what hangs from it. `rest` is the address of those of its children that are not shown."""

    node: Node
    address: str
    branches: list["Branch"] = field(default_factory=list)
    rest: str | None = None

    @property
    def further(self) -> int:
        """Addresses that are counted and not shown."""
        return max(len(self.node.use.addresses) - ADDRESSES_SHOWN, 0) if self.node.use else 0


def tree(answer: Lineage) -> list[Branch]:
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
            branch.rest = f"{here}?{urlencode({'under': node.ref, 'start': str(start)})}"
    return tops


def ancestors(answer: Lineage) -> list[Branch]:
    """What the token comes from, oldest first."""
    return [Branch(node, reverse("token_detail", args=[node.ref])) for node in answer.ancestors]


def radius_lines(found: Iterable[Affected]) -> Iterator[bytes]:
    """The blast radius as CSV (RFC 4180), safe in a spreadsheet."""
    yield _line(HEAD)
    for one in found:
        yield _line((one.field, one.value, one.type, str(one.count), one.first, one.last))


def _line(cells: Iterable[str]) -> bytes:
    return (",".join('"{}"'.format(defused(cell).replace('"', '""')) for cell in cells) + "\r\n").encode()
