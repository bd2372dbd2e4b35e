"""Compare what the trail holds with what was sealed: which leaves were altered, removed, inserted or moved.

Both sides are streams. Where they agree, memory is bounded; where they differ it grows with the difference, up to a limit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, zip_longest

from trail.integrity import merkle
from trail.integrity.tiles import HEIGHT, WIDTH, TileMissing, Tree
from trail.integrity.verdict import Broken, Intact

_AHEAD = 4_096  # leaves compared at a time
MAX_DIFFERENT = 1 << 20  # leaves without a counterpart that are held in memory


class Kind(StrEnum):
    """What happened to leaves; *unproved*: the tree itself cannot answer for them."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class Finding:
    """Consecutive leaves with one fate. `index` is the first one's number in the tree (for inserted ones that of the
    leaf before which they stand), `at` where it is in the stream now, both counted alike."""

    kind: Kind
    index: int
    at: int
    count: int = 1

    def __str__(self) -> str:
        last = self.index + self.count - 1
        leaves = f"leaf {self.index}" if self.count == 1 else f"leaves {self.index} to {last}"
        if self.kind is Kind.INSERTED:
            return f"{self.count} inserted before leaf {self.index}"
        return f"{leaves} {self.kind}" + (f" to {self.at}" if self.kind is Kind.MOVED else "")


@dataclass(frozen=True, slots=True)
class Tampered(Broken):
    """What differs, in the tree's order. Not `complete` where so much differs that the comparison was given up."""

    findings: tuple[Finding, ...]
    complete: bool = True

    @property
    def first(self) -> int:
        """The number of the first leaf that is not as it was sealed."""
        return self.findings[0].index


def verify(leaves: Iterable[bytes], tree: Tree, size: int, root: bytes, start: int = 0) -> Intact | Tampered:
    """Compare leaf hashes, in the trail's order from leaf `start`, with the first `size` leaves of the tree.

    `size` and `root` are those of a checkpoint whose signature was verified; `tree` is opened
    afresh, with at least that size: what it has read once it remembers.
    """
    unproved = list(_unproved(tree, size, root, start))
    try:
        findings, complete = _compare(tree.leaves(start, size), iter(leaves), start)
    except TileMissing:
        findings, complete = [], False  # the missing tile is among the unproved
    found = sorted([*unproved, *findings], key=lambda finding: (finding.index, finding.at))
    return _tampered(found, complete) if found else Intact()


def verify_range(leaves: Iterable[bytes], tree: Tree, start: int, end: int) -> Intact | Tampered:
    """The same for the leaves from `start` to before `end`, for who compares a long trail in parts, and asks
    `unproved_above` once for all of them."""
    unproved = list(_loose(tree, 0, start, min(tree.size, -(-end // WIDTH) * WIDTH)))
    try:
        findings, complete = _compare(tree.leaves(start, end), iter(leaves), start)
    except TileMissing:
        findings, complete = [], False
    found = sorted([*unproved, *findings], key=lambda finding: (finding.index, finding.at))
    return _tampered(found, complete) if found else Intact()


def unproved_above(tree: Tree, size: int, root: bytes) -> list[Finding]:
    """What the tiles above the leaves cannot answer for: all but the lowest level, and the root."""
    return list(_unproved(tree, size, root, 0, lowest=1))


def _tampered(found: list[Finding], complete: bool) -> Tampered:
    return Tampered("; ".join(map(str, found[:3])) + ("; …" if found[3:] else ""), tuple(found), complete)


def _unproved(tree: Tree, size: int, root: bytes, start: int, lowest: int = 0) -> Iterator[Finding]:
    """Ranges of leaves whose tiles are missing or do not lead to the tile above, or all when the root is another."""
    sound = True
    for level in range(lowest, size.bit_length() // HEIGHT + 1):
        for finding in _loose(tree, level, start >> HEIGHT * level, size >> HEIGHT * level):
            sound = False
            yield finding
    if not sound:
        return
    try:
        proved = tree.root_at(size) == root
    except TileMissing:
        proved = False
    if not proved:
        yield Finding(Kind.UNPROVED, start, start, size - start)


def _loose(tree: Tree, level: int, start: int, end: int) -> Iterator[Finding]:
    """Tiles of a level, from the one that holds a hash to before another, that are missing or do not lead to the tile above."""
    width = 1 << HEIGHT * level  # leaves under one hash of this level
    for first in range(start // WIDTH * WIDTH, end, WIDTH):
        last = min(first + WIDTH, end)
        try:
            hashes = list(tree.hashes(level, first, last))
            if last - first < WIDTH or merkle.perfect_root(hashes) == tree.subtree(
                HEIGHT * (level + 1), first // WIDTH
            ):
                continue
        except TileMissing:
            pass
        yield Finding(Kind.UNPROVED, first * width, first * width, (last - first) * width)


class _Ahead:
    """A stream with a look ahead. `at` is the number of what comes next."""

    def __init__(self, source: Iterator[bytes], at: int) -> None:
        self._source = source
        self.at = at
        self.next: list[bytes] = []

    def fill(self, count: int) -> int:
        """Look at least so far ahead, if there is so much; how far it is."""
        if len(self.next) < count:
            self.next.extend(islice(self._source, count - len(self.next)))
        return len(self.next)

    def take(self, count: int) -> list[bytes]:
        taken, self.next = self.next[:count], self.next[count:]
        self.at += count
        return taken


@dataclass(slots=True)
class _Gap:
    """Leaves of both sides, between two that agree, that have no counterpart there."""

    index: int
    sealed: list[bytes]
    at: int
    found: list[bytes]


def _compare(sealed: Iterator[bytes], found: Iterator[bytes], start: int) -> tuple[list[Finding], bool]:
    left, right = _Ahead(sealed, start), _Ahead(found, start)
    gaps: list[_Gap] = []
    different = 0
    while left.fill(_AHEAD) | right.fill(_AHEAD):
        same = _common(left.next, right.next)
        left.take(same)
        right.take(same)
        if same or not (left.next or right.next):
            continue
        meeting = _meet(left, right, MAX_DIFFERENT - different)
        if meeting is None:
            gaps.append(_Gap(left.at, left.next, right.at, right.next))
            return _name(gaps), False
        gaps.append(_Gap(left.at, left.take(meeting[0]), right.at, right.take(meeting[1])))
        different += sum(meeting)
    return _name(gaps), True


def _common(left: list[bytes], right: list[bytes]) -> int:
    """How many leaves agree before the first that do not."""
    if left == right:
        return len(left)
    return next(at for at, (one, other) in enumerate(zip_longest(left, right)) if one != other)


def _meet(left: _Ahead, right: _Ahead, limit: int) -> tuple[int, int] | None:
    """How many to leave out on each side until both go on with the same leaf; all, where they never do.

    None when more than `limit` would have to be looked at.
    """
    seen_left: dict[bytes, int] = {}
    seen_right: dict[bytes, int] = {}
    ahead = 0
    while ahead <= limit:
        ends = left.fill(ahead + 1), right.fill(ahead + 1)
        if ahead >= max(ends):
            return ends
        if ahead < ends[0]:
            seen_left.setdefault(left.next[ahead], ahead)
        if ahead < ends[1]:
            seen_right.setdefault(right.next[ahead], ahead)
        if ahead < ends[0] and left.next[ahead] in seen_right:
            return ahead, seen_right[left.next[ahead]]
        if ahead < ends[1] and right.next[ahead] in seen_left:
            return seen_left[right.next[ahead]], ahead
        ahead += 1
    return None


def _name(gaps: list[_Gap]) -> list[Finding]:
    """What happened in each gap: a leaf that is missing in one and found in another was moved."""
    places = {leaf: gap.at + offset for gap in gaps for offset, leaf in enumerate(gap.found)}
    moved = {leaf for gap in gaps for leaf in gap.sealed} & places.keys()
    findings: list[Finding] = []
    for gap in gaps:
        gone = []
        for index, leaf in enumerate(gap.sealed, gap.index):
            if leaf in moved:
                _add(findings, Finding(Kind.MOVED, index, places[leaf]))
            else:
                gone.append(index)
        come = [at for at, leaf in enumerate(gap.found, gap.at) if leaf not in moved or places[leaf] != at]
        both = min(len(gone), len(come))
        for index, at in zip(gone[:both], come[:both], strict=True):
            _add(findings, Finding(Kind.ALTERED, index, at))
        for index in gone[both:]:
            _add(findings, Finding(Kind.REMOVED, index, gap.at))
        for at in come[both:]:
            _add(findings, Finding(Kind.INSERTED, gap.index + len(gap.sealed), at))
    return findings


def _add(findings: list[Finding], one: Finding) -> None:
    """Add a finding, to the run that it continues if it does."""
    if findings:
        last = findings[-1]
        index = last.index + (0 if one.kind is Kind.INSERTED else last.count)
        at = last.at + (0 if one.kind is Kind.REMOVED else last.count)
        if (last.kind, index, at) == (one.kind, one.index, one.at):
            findings[-1] = replace(last, count=last.count + 1)
            return
    findings.append(one)
