"""The Merkle tree of RFC 9162 §2.1 (the same as RFC 6962 §2.1), over SHA-256: hashes, proofs, and their verification.

Where the nodes are kept is not known here: whoever makes a proof gives a function that knows the perfect subtrees.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from trail.integrity.verdict import Broken, Intact, Verdict

SIZE = 32  # bytes in a hash
EMPTY = sha256(b"").digest()  # the root of a tree without leaves
_NO_HASH = Broken(f"a hash is not {SIZE} bytes long")

# The hash of a perfect subtree by level and index: the root of the leaves from index << level to (index + 1) << level.
Subtree = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf; the prefix keeps a leaf from passing for a node."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)]
    return hashes[0]


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in one pass and in memory of the order of log n."""
    stack: list[bytes] = []  # the roots of the perfect subtrees so far, the largest first
    count = 0
    for count, leaf in enumerate(leaves, start=1):
        complete = count
        while complete & 1 == 0:
            leaf = node_hash(stack.pop(), leaf)
            complete >>= 1
        stack.append(leaf)
    return _fold(stack) if count else EMPTY


def root_at(size: int, subtree: Subtree) -> bytes:
    """The root over the first `size` leaves. Raises ValueError for a negative size."""
    if size < 0:
        raise ValueError(f"a tree has no size {size}")
    return _range(0, size, subtree) if size else EMPTY


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from a leaf to the root (RFC 9162 §2.1.3.1). Raises ValueError for a leaf outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    siblings = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return [_range(first, last, subtree) for first, last in reversed(siblings)]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show that the first `old` of `new` leaves are the same (RFC 9162 §2.1.4.1).

    Nothing needs to be shown for an old tree without leaves. Raises ValueError when the old one is larger.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no tree of {old} leaves within one of {new}")
    if old in (0, new):
        return []
    siblings = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    if start:  # else the verifier knows this one already: it is the old root
        siblings.append((start, end))
    return [_range(first, last, subtree) for first, last in reversed(siblings)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> Verdict:
    """Whether a proof leads from a leaf's hash to the root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return Broken(f"there is no leaf {index} in a tree of {size}")
    if not _are_hashes(leaf, root, *proof):
        return _NO_HASH
    position, last = index, size - 1
    for sibling in proof:
        if last == 0:
            return Broken("the proof is too long")
        if position & 1 or position == last:
            leaf = node_hash(sibling, leaf)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        position, last = position >> 1, last >> 1
    if last:
        return Broken("the proof is too short")
    return Intact() if leaf == root else Broken("the proof leads to another root")


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One step of a proof on its way up: on which side the sibling stands, and what the two together hash to."""

    left: bool
    sibling: bytes
    node: bytes


def list_steps(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> Iterator[ProofStep]:
    """The way of an inclusion proof, for people to read. It judges nothing; `verify_inclusion` does."""
    position, last = index, size - 1
    for sibling in proof:
        left = bool(position & 1) or position == last
        leaf = node_hash(sibling, leaf) if left else node_hash(leaf, sibling)
        yield ProofStep(left, sibling, leaf)
        while left and position and not position & 1:
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> Verdict:
    """Whether the tree of `new` leaves begins with the one of `old` leaves (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        return Broken(f"a tree of {new} leaves does not hold one of {old}")
    if not _are_hashes(old_root, new_root, *proof):
        return _NO_HASH
    if 0 < old < new:
        return _follow(old, new, old_root, new_root, proof)
    if proof:
        return Broken("the proof is too long")
    if old == 0 and old_root != EMPTY:
        return Broken("the old root is not that of a tree without leaves")
    return Broken("one size, but two roots") if old == new and old_root != new_root else Intact()


def _follow(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> Verdict:
    """The part of verify_consistency for 0 < old < new."""
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    siblings = iter(proof)
    # An old size that is a power of two is a whole subtree of the new tree, and its root need not be sent.
    first = old_root if position == 0 else next(siblings, None)
    if first is None:
        return Broken("the proof is too short")
    before = after = first
    for sibling in siblings:
        if last == 0:
            return Broken("the proof is too long")
        if position & 1 or position == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        position, last = position >> 1, last >> 1
    if last:
        return Broken("the proof is too short")
    if before != old_root:
        return Broken("the proof leads to another old root")
    return Intact() if after == new_root else Broken("the proof leads to another new root")


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(digest) == SIZE for digest in hashes)


def _split(count: int) -> int:
    """The largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1


def _range(start: int, end: int, subtree: Subtree) -> bytes:
    """The root over the leaves of a range that the splitting of a tree led to."""
    return _fold([subtree(level, index) for level, index in _perfect(start, end)])


def _perfect(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees of such a range, the largest first: its start is a multiple of every one's width."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _fold(hashes: list[bytes]) -> bytes:
    """One root over perfect subtrees that stand side by side, the largest first."""
    *before, last = hashes
    for left in reversed(before):
        last = node_hash(left, last)
    return last
