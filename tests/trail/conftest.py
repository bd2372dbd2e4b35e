"""A sealed tree on disk, as the tests of proofs need it."""

import pytest

from trail.integrity.merkle import leaf_hash
from trail.integrity.tiles import FileStore, Tree


@pytest.fixture(scope="session")
def leaves() -> list[bytes]:
    """Leaf hashes, each its own."""
    return [leaf_hash(f"event {number}".encode()) for number in range(1_200)]


@pytest.fixture(scope="session")
def sealed(leaves: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree of them all. Nobody appends to it."""
    tree = Tree(FileStore(tmp_path_factory.mktemp("tree")))
    tree.append(leaves)
    return tree
