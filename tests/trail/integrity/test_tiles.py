"""Tiles are those of the specification, cost little, and survive a kill at any step."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support import rfc9162
from trail.integrity.merkle import leaf_hash, verify_inclusion
from trail.integrity.tiles import FileStore, TileConflict, TileMissing, Tree, parse_tile_name, tile_name

LEAVES = [leaf_hash(f"leaf {number}".encode()) for number in range(70_000)]
KILLED = 9


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("level", "index", "width", "name"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (1, 1_000, 256, "tile/1/x001/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (2, 0, 1, "tile/2/000.p/1"),
    ],
)
def test_names_are_those_of_the_specification(level: int, index: int, width: int, name: str) -> None:
    assert tile_name(level, index, width) == name


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts(tmp_path: Path) -> None:
    Tree(FileStore(tmp_path)).append(LEAVES)
    files = _files(tmp_path)
    full = [name for name in files if ".p/" not in name]
    assert sum(name.startswith("tile/0/") for name in full) == 273
    assert sum(name.startswith("tile/1/") for name in full) == 1
    assert set(files) - set(full) == {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert {len(files[name]) for name in full} == {8_192}


@pytest.mark.no_cover  # it would take twice as long, and tries no line that the others do not
@pytest.mark.parametrize("step", [1, 7, 256])
def test_roots_and_proofs_are_those_of_the_definition_at_every_size(tmp_path: Path, step: int) -> None:
    tree = Tree(FileStore(tmp_path))
    assert tree.root() == rfc9162.mth([])
    while tree.size < 600:
        size, root = tree.append(LEAVES[tree.size : min(tree.size + step, 600)])
        assert root == rfc9162.mth(LEAVES[:size])
    for size in range(1, 601):
        root = tree.root_at(size)
        assert root == rfc9162.mth(LEAVES[:size])
        for index in {0, size // 3, size - 1}:
            assert verify_inclusion(LEAVES[index], index, size, tree.inclusion_proof(index, size), root)
    assert list(tree.leaves()) == LEAVES[:600]
    assert list(tree.leaves(250, 520)) == LEAVES[250:520]
    assert tree.inclusion_proof(599) == rfc9162.path(599, LEAVES[:600])
    assert tree.consistency_proof(123) == rfc9162.proof(123, LEAVES[:600])


@settings(max_examples=40)
@given(st.lists(st.integers(0, 400), max_size=8))
def test_any_batches_give_the_same_full_tiles_and_no_leftovers(batches: list[int]) -> None:
    total = sum(batches)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        tree = Tree(FileStore(Path(one)))
        for batch in batches:
            tree.append(LEAVES[tree.size : tree.size + batch])
        Tree(FileStore(Path(other))).append(LEAVES[:total])
        several, single = _files(Path(one)), _files(Path(other))
    # A tile that is not full yet keeps the widths it had, for who holds a checkpoint of such a size.
    assert single.items() <= several.items()
    for name in several.keys() - single.keys():
        full, _, width = name.partition(".p/")
        assert width
        assert full not in several


class _Counting(FileStore):
    """A real store that counts what is asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[str] = []

    def read(self, name: str) -> bytes | None:
        self.reads.append(name)
        return super().read(name)


def test_proofs_and_appending_cost_a_few_tiles_a_level(tmp_path: Path) -> None:
    Tree(FileStore(tmp_path)).append(LEAVES)
    for index in (0, 40_000, 69_999):
        store = _Counting(tmp_path)
        Tree(store, 70_000).inclusion_proof(index)
        assert len(store.reads) <= 2 * 3
    store = _Counting(tmp_path)
    Tree(store, 70_000).consistency_proof(12_345)
    assert len(store.reads) <= 2 * 3
    before = _files(tmp_path)
    Tree(_Counting(tmp_path), 70_000).append(LEAVES[:1])
    assert _files(tmp_path).keys() - before.keys() == {"tile/0/273.p/113"}


def test_only_so_many_tiles_are_remembered(tmp_path: Path) -> None:
    tree = Tree(FileStore(tmp_path))
    tree.append(LEAVES)
    assert list(tree.leaves()) == LEAVES
    (tmp_path / "tile/0/000").unlink()
    with pytest.raises(TileMissing, match="tile/0/000"):
        next(tree.leaves())


def test_what_is_not_in_the_tree_is_not_asked_for(sealed: Tree) -> None:
    for ask in (sealed.root_at, sealed.consistency_proof):
        with pytest.raises(ValueError, match="leaves"):
            ask(sealed.size + 1)
    for asked in (lambda: sealed.inclusion_proof(0, sealed.size + 1), lambda: sealed.leaves(0, sealed.size + 1)):
        with pytest.raises(ValueError, match="leaves"):
            asked()
    with pytest.raises(ValueError, match="32 bytes"):
        sealed.append([b"short"])


def test_a_tile_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.write({"tile/0/000.p/1": LEAVES[0]})
    store.write({"tile/0/000.p/1": LEAVES[0]})
    with pytest.raises(TileConflict, match=r"tile/0/000\.p/1"):
        store.write({"tile/0/000.p/1": LEAVES[1]})
    assert _files(tmp_path) == {"tile/0/000.p/1": LEAVES[0]}


def test_a_tile_cut_short_is_no_tile(tmp_path: Path) -> None:
    Tree(FileStore(tmp_path)).append(LEAVES[:5])
    (tmp_path / "tile/0/000.p/5").write_bytes(LEAVES[0])
    with pytest.raises(TileMissing, match=r"tile/0/000\.p/5"):
        Tree(FileStore(tmp_path), 5).root()


def test_other_leaves_after_an_append_that_was_not_signed_need_a_persons_word(tmp_path: Path) -> None:
    tree = Tree(FileStore(tmp_path))
    tree.append(LEAVES[:300])
    signed = _files(tmp_path)
    tree.append(LEAVES[300:1_400])  # and its checkpoint was never signed
    again = Tree(FileStore(tmp_path), 300)
    with pytest.raises(TileConflict):
        again.append(LEAVES[301:1_500])
    assert again.root() == rfc9162.mth(LEAVES[:300])
    assert again.read_unsigned() == LEAVES[300:1_400]
    again.discard_unsigned()
    assert _files(tmp_path) == signed
    assert again.append(LEAVES[301:1_500]) == (1_499, rfc9162.mth(LEAVES[:300] + LEAVES[301:1_500]))


def _killed_at(step: int, folder: Path, size: int, batch: list[bytes]) -> bool:
    """Append in a process of its own that dies at its n-th step on the file system; whether it lived to the end."""
    child = os.fork()
    if not child:
        steps = iter(range(step))

        def die(event: str, arguments: tuple[object, ...]) -> None:
            if event in ("open", "os.link", "os.remove", "os.rmdir", "os.mkdir") and next(steps, None) is None:
                os._exit(KILLED)

        sys.addaudithook(die)
        Tree(FileStore(folder), size).append(batch)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_append_killed_at_any_step_does_no_harm(tmp_path: Path) -> None:
    """At each step in turn: what was signed still holds, and the same leaves go in, in other batches."""
    before, whole = rfc9162.mth(LEAVES[:500]), rfc9162.mth(LEAVES[:900])
    lived = False
    step = 0
    while not lived:
        folder = tmp_path / str(step)
        Tree(FileStore(folder)).append(LEAVES[:500])
        lived = _killed_at(step, folder, 500, LEAVES[500:1_100])
        tree = Tree(FileStore(folder), 500)
        assert tree.root() == before
        tree.append(LEAVES[500:530])
        assert tree.append(LEAVES[530:900]) == (900, whole)
        step += 1
    assert step > 20


class _Crashes(RuleBasedStateMachine):
    """Appends, killed or not, signed or not, in any order; the size goes on from the last checkpoint."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.tree = Tree(FileStore(Path(self.folder.name)))
        self.leaves: list[bytes] = []  # numbered for good before they are sealed
        self.other = 0

    @rule(count=st.integers(1, 600), signed=st.booleans())
    def append(self, count: int, signed: bool) -> None:
        batch = self._next(count)
        size, _ = self.tree.append(batch)
        self.tree = Tree(FileStore(Path(self.folder.name)), size if signed else size - count)

    @rule(count=st.integers(1, 600), step=st.integers(0, 40))
    def kill(self, count: int, step: int) -> None:
        _killed_at(step, Path(self.folder.name), self.tree.size, self._next(count))
        self.tree = Tree(FileStore(Path(self.folder.name)), self.tree.size)

    @rule()
    def renumber(self) -> None:
        """What was numbered but not signed comes in another order, on a person's word."""
        self.other += 1
        self.leaves[self.tree.size :] = []
        self.tree.discard_unsigned()

    def _next(self, count: int) -> list[bytes]:
        end = self.tree.size + count
        for number in range(len(self.leaves), end):
            self.leaves.append(leaf_hash(f"{self.other} {number}".encode()))
        return self.leaves[self.tree.size : end]

    @invariant()
    def what_was_signed_holds(self) -> None:
        signed = self.leaves[: self.tree.size]
        assert self.tree.root() == rfc9162.mth(signed)
        assert list(self.tree.leaves()) == signed

    def teardown(self) -> None:
        self.folder.cleanup()


TestCrashes = pytest.mark.no_cover(_Crashes.TestCase)
TestCrashes.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)


@given(level=st.integers(0, 7), index=st.integers(0, 2**55), width=st.integers(1, 256))
def test_a_tiles_name_is_read_back(level: int, index: int, width: int) -> None:
    assert parse_tile_name(tile_name(level, index, width)) == (level, index, width)


@pytest.mark.parametrize(
    "name",
    [
        "", "tile", "tile/0", "tile/0/", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/8/000", "tile/-1/000", "tile/00/000",
        "tile/0/x000/000", "tile/0/001/000", "tile/0/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/300",
        "tile/0/000.p/08", "tile/0/000.p/", "tile/0/000.p", "tile/entries/000", "tile/0/../0/000", "tile/0/000\n",
        "tile/0/٠٠٠", "/tile/0/000", "tile/0/000/", "key", "tile/0/x001/x234", "tile/0/" + "x001/" * 7 + "001",
    ],
)  # fmt: skip
def test_what_is_no_tiles_name_is_none(name: str) -> None:
    assert parse_tile_name(name) is None
