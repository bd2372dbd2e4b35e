"""Whatever is done to a sealed sequence is found, and where."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.integrity import leaf_comparison
from trail.integrity.leaf_comparison import DifferenceKind, LeafFinding, Tampered, verify
from trail.integrity.merkle import leaf_hash
from trail.integrity.tiles import FileStore, Tree
from trail.integrity.verdict import Intact

NEW = [leaf_hash(f"new {number}".encode()) for number in range(64)]


def _verify(found: list[bytes], sealed: Tree, size: int, start: int = 0) -> Intact | Tampered:
    return verify(iter(found), sealed, size, sealed.root_at(size), start)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 1_200])
def test_what_was_sealed_is_intact(sealed: Tree, leaves: list[bytes], size: int) -> None:
    assert _verify(leaves[:size], sealed, size) == Intact()
    assert _verify(leaves[size // 2 : size], sealed, size, start=size // 2) == Intact()


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        (lambda was: [*was[:7], NEW[0], *was[8:]], LeafFinding(DifferenceKind.ALTERED, 7, 7)),
        (lambda was: [*was[:7], *NEW[:3], *was[10:]], LeafFinding(DifferenceKind.ALTERED, 7, 7, 3)),
        (lambda was: [*was[:7], *was[8:]], LeafFinding(DifferenceKind.REMOVED, 7, 7)),
        (lambda was: [*was[:7], *was[57:]], LeafFinding(DifferenceKind.REMOVED, 7, 7, 50)),
        (lambda was: [*was[:7], *NEW[:2], *was[7:]], LeafFinding(DifferenceKind.INSERTED, 7, 7, 2)),
        (lambda was: [*was[:7], was[6], *was[7:]], LeafFinding(DifferenceKind.INSERTED, 7, 7)),
        (lambda was: [*was, NEW[0]], LeafFinding(DifferenceKind.INSERTED, 300, 300)),
        (lambda was: [*was, was[0]], LeafFinding(DifferenceKind.INSERTED, 300, 300)),
        (lambda was: [NEW[0], *was], LeafFinding(DifferenceKind.INSERTED, 0, 0)),
        (lambda was: was[:-1], LeafFinding(DifferenceKind.REMOVED, 299, 299)),
        (lambda was: was[:100], LeafFinding(DifferenceKind.REMOVED, 100, 100, 200)),
        (lambda was: was[100:], LeafFinding(DifferenceKind.REMOVED, 0, 0, 100)),
        (lambda was: [], LeafFinding(DifferenceKind.REMOVED, 0, 0, 300)),
        (lambda was: [*was[:7], was[8], was[7], *was[9:]], LeafFinding(DifferenceKind.MOVED, 7, 8)),
        (lambda was: [*was[:7], *was[10:200], *was[7:10], *was[200:]], LeafFinding(DifferenceKind.MOVED, 7, 197, 3)),
        (lambda was: [*was[200:203], *was[:200], *was[203:]], LeafFinding(DifferenceKind.MOVED, 200, 0, 3)),
    ],
)
def test_one_tampering_is_one_finding(sealed: Tree, leaves: list[bytes], found, finding: LeafFinding) -> None:
    assert _verify(found(leaves[:300]), sealed, 300) == Tampered(str(finding), (finding,))


def test_a_finding_is_a_phrase() -> None:
    assert str(LeafFinding(DifferenceKind.ALTERED, 7, 7)) == "leaf 7 altered"
    assert str(LeafFinding(DifferenceKind.REMOVED, 7, 7, 3)) == "leaves 7 to 9 removed"
    assert str(LeafFinding(DifferenceKind.INSERTED, 7, 7, 2)) == "2 inserted before leaf 7"
    assert str(LeafFinding(DifferenceKind.MOVED, 7, 12, 2)) == "leaves 7 to 8 moved to 12"


def test_positions_are_the_trees_when_it_starts_later(sealed: Tree, leaves: list[bytes]) -> None:
    found = [*leaves[500:510], NEW[0], *leaves[511:700]]
    result = _verify(found, sealed, 700, start=500)
    assert isinstance(result, Tampered)
    assert result.findings == (LeafFinding(DifferenceKind.ALTERED, 510, 510),)
    assert result.first == 510


def test_two_that_changed_places_are_both_named(sealed: Tree, leaves: list[bytes]) -> None:
    found = leaves[:300]
    found[20], found[250] = found[250], found[20]
    result = _verify(found, sealed, 300)
    assert isinstance(result, Tampered)
    assert result.findings == (LeafFinding(DifferenceKind.MOVED, 20, 250), LeafFinding(DifferenceKind.MOVED, 250, 20))


def _tamper(chance: random.Random, found: list[bytes], fresh: Iterator[bytes]) -> None:
    """One thing that somebody might do to a sequence, wherever."""
    at, to = sorted(chance.sample(range(len(found) + 1), 2))
    match chance.randrange(8):
        case 0:
            found[at] = next(fresh)
        case 1:
            del found[at]
        case 2:
            found.insert(at, next(fresh))
        case 3:
            found.insert(to, found[at])
        case 4:
            del found[at:to]
        case 5:
            found[at:to] = found[at:to][::-1]
        case 6:
            del found[at:]
        case 7:
            found.insert(chance.randrange(len(found)), found.pop(at))


def _unnamed(
    sealed: list[bytes], found: list[bytes], findings: tuple[LeafFinding, ...]
) -> tuple[list[bytes], list[bytes]]:
    """Both sequences without the leaves that the findings name: the rest must be the same, in the same order."""
    gone: set[int] = set()
    come: set[int] = set()
    for finding in findings:
        if finding.kind is not DifferenceKind.INSERTED:
            gone.update(range(finding.index, finding.index + finding.count))
        if finding.kind is not DifferenceKind.REMOVED:
            come.update(range(finding.at, finding.at + finding.count))
    return (
        [leaf for index, leaf in enumerate(sealed) if index not in gone],
        [leaf for at, leaf in enumerate(found) if at not in come],
    )


def test_ten_thousand_tamperings_are_found_where_they_are(sealed: Tree, leaves: list[bytes]) -> None:
    chance = random.Random(20_261_124)
    changed = 0
    while changed < 10_000:
        size = chance.randint(2, chance.choice((12, 60, 60, 300)))
        found = leaves[:size]
        fresh = iter(NEW)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            if len(found) > 1:
                _tamper(chance, found, fresh)
        result = _verify(found, sealed, size)
        if found == leaves[:size]:
            assert result == Intact()
            continue
        changed += 1
        assert isinstance(result, Tampered)
        kept, rest = _unnamed(leaves[:size], found, result.findings)
        assert kept == rest
        named = [finding.index for finding in result.findings] + [finding.at for finding in result.findings]
        assert next(at for at in range(size + 1) if found[at : at + 1] != leaves[:size][at : at + 1]) == min(named)


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(0, 40))
def test_any_sequence_at_all_is_explained(sealed: Tree, leaves: list[bytes], numbers: list[int], size: int) -> None:
    found = [leaves[number] for number in numbers]
    result = _verify(found, sealed, size)
    assert bool(result) == (found == leaves[:size])
    kept, rest = _unnamed(leaves[:size], found, result.findings if isinstance(result, Tampered) else ())
    assert kept == rest


def _damaged(sealed: Tree, folder: Path) -> Path:
    """A copy of the tree's files, to do something to."""
    store = sealed._store
    assert isinstance(store, FileStore)
    return shutil.copytree(store.folder, folder / "tree")


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("tile/0/001", LeafFinding(DifferenceKind.UNPROVED, 256, 256, 256)),
        ("tile/0/004.p/176", LeafFinding(DifferenceKind.UNPROVED, 1_024, 1_024, 176)),
        ("tile/1/000.p/4", LeafFinding(DifferenceKind.UNPROVED, 0, 0, 1_024)),
    ],
)
def test_a_truncated_tree_says_for_which_leaves(
    sealed: Tree, leaves: list[bytes], tmp_path: Path, name: str, finding: LeafFinding
) -> None:
    folder = _damaged(sealed, tmp_path)
    (folder / name).unlink()
    result = verify(leaves, Tree(FileStore(folder), 1_200), 1_200, sealed.root())
    assert isinstance(result, Tampered)
    assert finding in result.findings


def test_an_edited_tile_is_found_with_the_leaf(sealed: Tree, leaves: list[bytes], tmp_path: Path) -> None:
    path = _damaged(sealed, tmp_path) / "tile/0/001"
    path.write_bytes(path.read_bytes().replace(leaves[300], NEW[0]))
    result = verify(leaves, Tree(FileStore(tmp_path / "tree"), 1_200), 1_200, sealed.root())
    assert isinstance(result, Tampered)
    assert result.findings == (
        LeafFinding(DifferenceKind.UNPROVED, 256, 256, 256),
        LeafFinding(DifferenceKind.ALTERED, 300, 300),
    )


def test_a_tree_made_anew_to_fit_does_not_lead_to_the_signed_root(
    sealed: Tree, leaves: list[bytes], tmp_path: Path
) -> None:
    rewritten = [*leaves[:300], NEW[0], *leaves[301:]]
    forged = Tree(FileStore(tmp_path))
    forged.append(rewritten)
    result = verify(rewritten, forged, 1_200, sealed.root())
    assert result == Tampered("leaves 0 to 1199 unproved", (LeafFinding(DifferenceKind.UNPROVED, 0, 0, 1_200),))


def test_many_findings_are_cut_short_in_the_phrase_only(sealed: Tree, leaves: list[bytes]) -> None:
    found = [leaf for number, leaf in enumerate(leaves[:100]) if number % 10]
    result = _verify(found, sealed, 100)
    assert isinstance(result, Tampered)
    assert result.reason == "leaf 0 removed; leaf 10 removed; leaf 20 removed; …"
    assert len(result.findings) == 10


def test_a_long_gap_is_bridged(sealed: Tree, leaves: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf_comparison, "_AHEAD", 16)
    result = _verify([*leaves[:5], *leaves[1_000:]], sealed, 1_200)
    assert isinstance(result, Tampered)
    assert result.findings == (LeafFinding(DifferenceKind.REMOVED, 5, 5, 995),)


def test_where_nearly_everything_differs_it_gives_up_and_says_so(
    sealed: Tree, leaves: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaf_comparison, "_AHEAD", 16)
    monkeypatch.setattr(leaf_comparison, "MAX_DIFFERENT", 40)
    result = _verify([*leaves[:5], *leaves[1_000:]], sealed, 1_200)
    assert isinstance(result, Tampered)
    assert not result.complete
    assert result.first == 5
