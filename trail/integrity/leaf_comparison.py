"""Compares the trail with what was sealed: which leaves were altered, removed, inserted or moved.

Both sides are streams. Where they agree, memory is bounded; where they differ, it grows with the difference up to a limit.
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


class DifferenceKind(StrEnum):
    """What happened to leaves; *unproved*: the tree itself cannot answer for them."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class LeafFinding:
    """Consecutive leaves that differ in the same way.

    `index` is the number of the first in the tree (of inserted leaves, that of the leaf before which they stand), `at` its number
    in the stream now, both counted alike; `count` is how many there are.
    """

    kind: DifferenceKind
    index: int
    at: int
    count: int = 1

    def __str__(self) -> str:
        last = self.index + self.count - 1
        leaves = f"leaf {self.index}" if self.count == 1 else f"leaves {self.index} to {last}"
        if self.kind is DifferenceKind.INSERTED:
            return f"{self.count} inserted before leaf {self.index}"
        return f"{leaves} {self.kind}" + (f" to {self.at}" if self.kind is DifferenceKind.MOVED else "")


@dataclass(frozen=True, slots=True)
class Tampered(Broken):
    """The differences, in the tree's order. Not `complete` where so much differs that the comparison was given up."""

    findings: tuple[LeafFinding, ...]
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
    differences = sorted([*unproved, *findings], key=lambda finding: (finding.index, finding.at))
    return _tampered(differences, complete) if differences else Intact()


def verify_range(leaves: Iterable[bytes], tree: Tree, start: int, end: int) -> Intact | Tampered:
    """The same for the leaves from `start` up to, and without, `end`: a part of a long trail.

    Call `find_unproved` once for all parts.
    """
    unproved = list(_loose(tree, 0, start, min(tree.size, -(-end // WIDTH) * WIDTH)))
    try:
        findings, complete = _compare(tree.leaves(start, end), iter(leaves), start)
    except TileMissing:
        findings, complete = [], False
    differences = sorted([*unproved, *findings], key=lambda finding: (finding.index, finding.at))
    return _tampered(differences, complete) if differences else Intact()


def find_unproved(tree: Tree, size: int, root: bytes) -> list[LeafFinding]:
    """The leaves that the levels above the lowest, or the root, do not prove."""
    return list(_unproved(tree, size, root, 0, lowest=1))


def _tampered(findings: list[LeafFinding], complete: bool) -> Tampered:
    reason = "; ".join(map(str, findings[:3])) + ("; …" if findings[3:] else "")
    return Tampered(reason, findings=tuple(findings), complete=complete)


def _unproved(tree: Tree, size: int, root: bytes, start: int, lowest: int = 0) -> Iterator[LeafFinding]:
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
        yield LeafFinding(DifferenceKind.UNPROVED, start, start, size - start)


def _loose(tree: Tree, level: int, start: int, end: int) -> Iterator[LeafFinding]:
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
        yield LeafFinding(DifferenceKind.UNPROVED, first * width, first * width, (last - first) * width)


class _LookAhead:
    """A stream of leaves that can be looked at before they are taken. `at` is the number of the next one."""

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
        """The next leaves, which must have been looked at."""
        leaves, self.next = self.next[:count], self.next[count:]
        self.at += count
        return leaves


@dataclass(slots=True)
class _Gap:
    """Leaves of both sides, between two that agree, that have no counterpart in the other side."""

    index: int
    sealed: list[bytes]
    at: int
    present: list[bytes]


def _compare(sealed: Iterator[bytes], present: Iterator[bytes], start: int) -> tuple[list[LeafFinding], bool]:
    left, right = _LookAhead(sealed, start), _LookAhead(present, start)
    gaps: list[_Gap] = []
    different = 0
    while left.fill(_AHEAD) | right.fill(_AHEAD):
        same = _count_common(left.next, right.next)
        left.take(same)
        right.take(same)
        if same or not (left.next or right.next):
            continue
        meeting = _meet(left, right, MAX_DIFFERENT - different)
        if meeting is None:
            gaps.append(_Gap(left.at, left.next, right.at, right.next))
            return _name_findings(gaps), False
        gaps.append(_Gap(left.at, left.take(meeting[0]), right.at, right.take(meeting[1])))
        different += sum(meeting)
    return _name_findings(gaps), True


def _count_common(left: list[bytes], right: list[bytes]) -> int:
    """How many leaves agree before the first that do not."""
    if left == right:
        return len(left)
    return next(at for at, pair in enumerate(zip_longest(left, right)) if pair[0] != pair[1])


def _meet(left: _LookAhead, right: _LookAhead, limit: int) -> tuple[int, int] | None:
    """How many to leave out on each side until both go on with the same leaf; all, where they never do.

    None when more than `limit` would have to be looked at.
    """
    first_left: dict[bytes, int] = {}
    first_right: dict[bytes, int] = {}
    ahead = 0
    while ahead <= limit:
        ends = left.fill(ahead + 1), right.fill(ahead + 1)
        if ahead >= max(ends):
            return ends
        if ahead < ends[0]:
            first_left.setdefault(left.next[ahead], ahead)
        if ahead < ends[1]:
            first_right.setdefault(right.next[ahead], ahead)
        if ahead < ends[0] and left.next[ahead] in first_right:
            return ahead, first_right[left.next[ahead]]
        if ahead < ends[1] and right.next[ahead] in first_left:
            return first_left[right.next[ahead]], ahead
        ahead += 1
    return None


def _name_findings(gaps: list[_Gap]) -> list[LeafFinding]:
    """The findings of each gap: a leaf that is missing in one and present in another was moved."""
    places = {leaf: gap.at + offset for gap in gaps for offset, leaf in enumerate(gap.present)}
    moved = {leaf for gap in gaps for leaf in gap.sealed} & places.keys()
    findings: list[LeafFinding] = []
    for gap in gaps:
        removed = []
        for index, leaf in enumerate(gap.sealed, gap.index):
            if leaf in moved:
                _add(findings, LeafFinding(DifferenceKind.MOVED, index, places[leaf]))
            else:
                removed.append(index)
        inserted = [at for at, leaf in enumerate(gap.present, gap.at) if leaf not in moved or places[leaf] != at]
        both = min(len(removed), len(inserted))
        for index, at in zip(removed[:both], inserted[:both], strict=True):
            _add(findings, LeafFinding(DifferenceKind.ALTERED, index, at))
        for index in removed[both:]:
            _add(findings, LeafFinding(DifferenceKind.REMOVED, index, gap.at))
        for at in inserted[both:]:
            _add(findings, LeafFinding(DifferenceKind.INSERTED, gap.index + len(gap.sealed), at))
    return findings


def _add(findings: list[LeafFinding], finding: LeafFinding) -> None:
    """Add a finding, or extend the last one where it continues it."""
    if findings:
        last = findings[-1]
        index = last.index + (0 if finding.kind is DifferenceKind.INSERTED else last.count)
        at = last.at + (0 if finding.kind is DifferenceKind.REMOVED else last.count)
        if (last.kind, index, at) == (finding.kind, finding.index, finding.at):
            findings[-1] = replace(last, count=last.count + 1)
            return
    findings.append(finding)
