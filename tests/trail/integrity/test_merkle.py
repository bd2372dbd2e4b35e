"""Roots and proofs are those of the RFCs, and what is no proof is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import rfc9162
from trail.integrity import merkle
from trail.integrity.merkle import verify_consistency, verify_inclusion
from trail.integrity.tiles import Tree
from trail.integrity.verdict import Broken, Intact

# The tree that implementations of RFC 6962 are tested by: the reference tests of Certificate Transparency.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
NODES = {  # level, index: hash
    (0, 1): "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    (1, 0): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    (1, 1): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    (1, 2): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    (1, 3): "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    (0, 4): "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    (0, 6): "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    (2, 0): "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 1): "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]


def _nodes(*names: tuple[int, int]) -> list[bytes]:
    return [bytes.fromhex(NODES[name]) for name in names]


def _subtree(level: int, index: int) -> bytes:
    return rfc9162.mth(LEAVES[index << level : index + 1 << level])


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root(LEAVES[:size]) == merkle.root_at(size, _subtree) == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "names"),
    [
        (0, 8, [(0, 1), (1, 1), (2, 1)]),
        (5, 8, [(0, 4), (1, 3), (2, 0)]),
        (6, 7, [(1, 2), (2, 0)]),
        (0, 1, []),
    ],
)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int, names: list[tuple[int, int]]) -> None:
    proof = merkle.inclusion_proof(index, size, _subtree)
    assert proof == _nodes(*names)
    assert verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size]) == Intact()


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (1, 8, [(0, 1), (1, 1), (2, 1)]),
        (4, 7, [(2, 1)]),
        (6, 8, [(1, 2), (1, 3), (2, 0)]),
        (8, 8, []),
    ],
)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, names: list[tuple[int, int]]) -> None:
    proof = merkle.consistency_proof(old, new, _subtree)
    if new == 8:
        assert proof == _nodes(*names)
    assert verify_consistency(old, new, ROOTS[old], ROOTS[new], proof) == Intact()


@given(data=st.data(), size=st.integers(1, 400))
def test_every_inclusion_proof_is_the_definitions_and_holds_for_nothing_else(
    data: st.DataObject, size: int, sealed: Tree, leaves: list[bytes]
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = sealed.inclusion_proof(index, size)
    root = sealed.root_at(size)
    assert proof == rfc9162.path(index, leaves[:size])
    assert verify_inclusion(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(0, size + 300))
    assert not verify_inclusion(leaves[other], index, size, proof, root) or other == index
    assert not verify_inclusion(leaves[index], other, size, proof, root) or other == index
    # The proof for another size holds only for a leaf that has the same way up there, and never for another root.
    assert not verify_inclusion(leaves[index], index, size, proof, sealed.root_at(other)) or other == size


@given(data=st.data(), new=st.integers(0, 400))
def test_every_consistency_proof_is_the_definitions_and_holds_for_nothing_else(
    data: st.DataObject, new: int, sealed: Tree, leaves: list[bytes]
) -> None:
    old = data.draw(st.integers(0, new))
    proof = sealed.consistency_proof(old, new)
    assert proof == (rfc9162.proof(old, leaves[:new]) if old else [])
    roots = sealed.root_at(old), sealed.root_at(new)
    assert verify_consistency(old, new, *roots, proof)
    other = data.draw(st.integers(0, new + 300).filter(lambda size: size not in (old, new)))
    assert not verify_consistency(old, new, sealed.root_at(other), roots[1], proof)
    # The empty tree is consistent with any, so there the new root is the signature's matter alone.
    assert not verify_consistency(old, new, roots[0], sealed.root_at(other), proof) or old == 0 < new


P8 = _nodes((0, 4), (1, 3), (2, 0))  # leaf 5 of 8
SHORT = b"\x00" * 31
OTHER = b"\x07" * 32


@pytest.mark.parametrize(
    ("leaf", "index", "size", "proof", "root"),
    [
        (LEAVES[5], 5, 8, P8[:-1], ROOTS[8]),
        (LEAVES[5], 5, 8, [], ROOTS[8]),
        (LEAVES[5], 5, 8, P8[1:], ROOTS[8]),
        (LEAVES[5], 5, 8, [*P8, OTHER], ROOTS[8]),
        (LEAVES[5], 5, 8, [OTHER, *P8], ROOTS[8]),
        (LEAVES[5], 5, 8, [*P8, ROOTS[8]], ROOTS[8]),
        (LEAVES[5], 5, 8, P8[::-1], ROOTS[8]),
        (LEAVES[5], 5, 8, [P8[0], OTHER, P8[2]], ROOTS[8]),
        (LEAVES[5], 4, 8, P8, ROOTS[8]),
        (LEAVES[5], 7, 8, P8, ROOTS[8]),
        (LEAVES[5], 8, 8, P8, ROOTS[8]),
        (LEAVES[5], 2**63, 8, P8, ROOTS[8]),
        (LEAVES[5], -1, 8, P8, ROOTS[8]),
        (LEAVES[5], -3, 8, P8, ROOTS[8]),
        (LEAVES[5], 5, 9, P8, ROOTS[8]),
        (LEAVES[5], 5, 16, P8, ROOTS[8]),
        (LEAVES[5], 5, 5, P8, ROOTS[8]),
        (LEAVES[5], 5, 0, P8, ROOTS[8]),
        (LEAVES[5], 0, 0, [], ROOTS[0]),
        (LEAVES[5], 5, -8, P8, ROOTS[8]),
        (LEAVES[5], 5, 8, P8, ROOTS[7]),
        (LEAVES[5], 5, 8, P8, OTHER),
        (LEAVES[4], 5, 8, P8, ROOTS[8]),
        (INPUTS[5], 5, 8, P8, ROOTS[8]),
        (LEAVES[5], 5, 8, [P8[0], SHORT, P8[2]], ROOTS[8]),
        (LEAVES[5], 5, 8, [P8[0] + b"\x00", *P8[1:]], ROOTS[8]),
        (LEAVES[5], 5, 8, P8, ROOTS[8][:-1]),
        (LEAVES[5], 5, 8, P8, b""),
        (b"", 0, 1, [], b""),
        (SHORT, 0, 1, [], SHORT),
        (LEAVES[0], 0, 1, [OTHER], ROOTS[1]),
        (LEAVES[1], 0, 1, [LEAVES[0]], ROOTS[2]),  # leaf 1 of 2, told to be all there is
        (LEAVES[1], 0, 1, [], ROOTS[1]),
        (_subtree(1, 2), 2, 4, P8[1:], OTHER),
    ],
)
def test_what_is_no_inclusion_proof_is_refused(
    leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> None:
    assert verify_inclusion(LEAVES[5], 5, 8, P8, ROOTS[8])
    assert isinstance(verify_inclusion(leaf, index, size, proof, root), Broken)


C68 = _nodes((1, 2), (1, 3), (2, 0))


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root", "proof"),
    [
        (6, 8, ROOTS[6], ROOTS[8], C68[:-1]),
        (6, 8, ROOTS[6], ROOTS[8], C68[1:]),
        (6, 8, ROOTS[6], ROOTS[8], []),
        (6, 8, ROOTS[6], ROOTS[8], [*C68, OTHER]),
        (6, 8, ROOTS[6], ROOTS[8], [OTHER, *C68]),
        (6, 8, ROOTS[6], ROOTS[8], C68[::-1]),
        (6, 8, ROOTS[6], ROOTS[8], [C68[0], OTHER, C68[2]]),
        (6, 8, ROOTS[6], ROOTS[8], [C68[0], SHORT, C68[2]]),
        (6, 8, ROOTS[8], ROOTS[6], C68),
        (8, 6, ROOTS[8], ROOTS[6], C68),
        (8, 6, ROOTS[6], ROOTS[8], C68),
        (6, 8, ROOTS[5], ROOTS[8], C68),
        (6, 8, ROOTS[6], ROOTS[7], C68),
        (5, 8, ROOTS[6], ROOTS[8], C68),
        (7, 8, ROOTS[6], ROOTS[8], C68),
        (6, 6, ROOTS[6], ROOTS[8], C68),
        (6, 9, ROOTS[6], ROOTS[8], C68),
        (6, 16, ROOTS[6], ROOTS[8], C68),
        (-6, 8, ROOTS[6], ROOTS[8], C68),
        (6, -8, ROOTS[6], ROOTS[8], C68),
        (0, 8, ROOTS[6], ROOTS[8], C68),
        (0, 8, ROOTS[0], ROOTS[8], C68),
        (0, 8, OTHER, ROOTS[8], []),
        (0, 0, ROOTS[0], OTHER, []),
        (0, 0, OTHER, OTHER, []),
        (8, 8, ROOTS[8], ROOTS[8], C68),
        (8, 8, ROOTS[8], ROOTS[8], [ROOTS[8]]),
        (8, 8, ROOTS[8], OTHER, []),
        (6, 8, ROOTS[6][:-1], ROOTS[8], C68),
        (6, 8, ROOTS[6], b"", C68),
        (1, 1, b"one", b"one", []),
        (4, 8, ROOTS[4], ROOTS[8], []),
        (4, 8, ROOTS[4], ROOTS[8], [ROOTS[4], *_nodes((2, 1))]),
        (1, 2, ROOTS[1], ROOTS[2], _nodes((1, 1))),
    ],
)
def test_what_is_no_consistency_proof_is_refused(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]
) -> None:
    assert verify_consistency(6, 8, ROOTS[6], ROOTS[8], C68)
    assert isinstance(verify_consistency(old, new, old_root, new_root, proof), Broken)


@pytest.mark.parametrize("index", [-1, 8, 9])
def test_no_proof_is_made_for_a_leaf_outside(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, 8, _subtree)


@pytest.mark.parametrize(("old", "new"), [(-1, 8), (9, 8), (0, -1)])
def test_no_proof_is_made_from_a_larger_tree(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no tree"):
        merkle.consistency_proof(old, new, _subtree)


def test_a_tree_has_no_negative_size() -> None:
    with pytest.raises(ValueError, match="no size"):
        merkle.root_at(-1, _subtree)


@given(size=st.integers(1, 300), data=st.data())
def test_the_steps_of_a_proof_lead_where_its_verification_leads(
    size: int, data: st.DataObject, sealed: Tree, leaves: list[bytes]
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = sealed.inclusion_proof(index, size)
    steps = list(merkle.list_steps(leaves[index], index, size, proof))
    assert [step.sibling for step in steps] == proof
    assert (steps[-1].node if steps else leaves[index]) == sealed.root_at(size)
