"""A witness cosigns what goes on from what it saw, and nothing else."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.merkle import EMPTY
from trail.integrity.signed_note import Algorithm, Signer
from trail.integrity.tiles import FileStore, Tree
from trail.witness.rules import CosignRequest, Witness, WitnessRefusal, WitnessStateDamaged, judge

LOG = Signer("example.com/trail", b"\x01" * 32)
SIGNER = Signer("example.com/witness", b"\x02" * 32, Algorithm.COSIGNATURE)
NOW = 1_800_000_000


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return _witness(tmp_path)


def _witness(folder: Path) -> Witness:
    return Witness(folder, [SIGNER], {LOG.name: [LOG.verifier]}, clock=lambda: NOW + 0.9)


def _request(tree: Tree, old: int, new: int, *, signer: Signer = LOG, origin: str = LOG.name) -> bytes:
    message = Checkpoint(origin, new, tree.root_at(new)).sign(signer)
    return CosignRequest(old, tuple(tree.consistency_proof(min(old, new), new)), message).encode()


def _fork(leaves: list[bytes], folder: Path) -> Tree:
    """A tree of another history: leaf 3 is not what it was."""
    tree = Tree(FileStore(folder))
    tree.append([*leaves[:3], leaves[900], *leaves[4:200]])
    return tree


def _status(answer: bytes | WitnessRefusal) -> int:
    return answer.status if isinstance(answer, WitnessRefusal) else 200


def test_it_cosigns_a_log_that_grows(witness: Witness, sealed: Tree) -> None:
    for old, new in [(0, 0), (0, 7), (7, 7), (7, 300), (300, 1_200)]:
        line = witness.add_checkpoint(_request(sealed, old, new))
        assert isinstance(line, bytes)
        latest = witness.latest(LOG.name)
        assert latest is not None
        assert latest.endswith(line)
        assert checkpoint.find_cosignatures(latest, [SIGNER.verifier]) == {SIGNER.name: NOW}
        seen = checkpoint.verify(latest, LOG.name, [LOG.verifier])
        assert seen == Checkpoint(LOG.name, new, sealed.root_at(new))


def test_it_remembers_when_it_starts_again(tmp_path: Path, sealed: Tree) -> None:
    assert _witness(tmp_path).add_checkpoint(_request(sealed, 0, 50))
    again = _witness(tmp_path)
    assert again.add_checkpoint(_request(sealed, 0, 60)) == WitnessRefusal(
        409, "the last checkpoint seen has 50 leaves, not 0", 50
    )
    assert again.add_checkpoint(_request(sealed, 50, 60))


def test_it_refuses_a_log_that_is_rolled_back(witness: Witness, sealed: Tree) -> None:
    witness.add_checkpoint(_request(sealed, 0, 100))
    back = witness.add_checkpoint(_request(sealed, 100, 40))
    assert not back
    assert _status(back) == 400
    assert _status(witness.add_checkpoint(_request(sealed, 40, 40))) == 409
    assert _status(witness.add_checkpoint(_request(sealed, 0, 40))) == 409
    assert witness.add_checkpoint(_request(sealed, 100, 100))


def test_it_refuses_a_fork_and_keeps_the_proof_of_it(
    witness: Witness, sealed: Tree, leaves: list[bytes], tmp_path: Path
) -> None:
    witness.add_checkpoint(_request(sealed, 0, 100))
    fork = _fork(leaves, tmp_path / "fork")
    before = witness.latest(LOG.name)
    for new in (100, 150):
        assert _status(witness.add_checkpoint(_request(fork, 100, new))) == 422
    assert witness.latest(LOG.name) == before
    kept = {path.read_bytes() for path in tmp_path.rglob("refused/*")}
    assert kept == {Checkpoint(LOG.name, new, fork.root_at(new)).sign(LOG) for new in (100, 150)}


def test_it_refuses_what_the_log_did_not_sign(witness: Witness, sealed: Tree) -> None:
    stranger = Signer(LOG.name, b"\x07" * 32)
    assert _status(witness.add_checkpoint(_request(sealed, 0, 9, signer=stranger))) == 403
    unknown = _request(sealed, 0, 9, origin="example.com/unknown")
    assert _status(witness.add_checkpoint(unknown)) == 404
    forged = _request(sealed, 0, 9).replace(b"\n9\n", b"\n8\n")
    assert _status(witness.add_checkpoint(forged)) == 403
    assert witness.latest(LOG.name) is None


def test_a_tree_without_leaves_has_one_root(witness: Witness) -> None:
    message = Checkpoint(LOG.name, 0, b"\x07" * 32).sign(LOG)
    assert _status(witness.add_checkpoint(CosignRequest(0, (), message).encode())) == 422


@pytest.mark.parametrize(
    "head",
    [
        "",
        "old",
        "old ",
        "old 01",
        "old -1",
        "old 1.5",
        "old 9x",
        "new 1",
        "OLD 1",
        "old 1\nnot base64",
        "old 1\nAAAA",
        "old 0\n\xe9",
        "old 1\n" + "\n".join(["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="] * 64),
    ],
)
def test_a_malformed_request_is_refused(witness: Witness, sealed: Tree, head: str) -> None:
    body = _request(sealed, 0, 9)
    assert _status(witness.add_checkpoint(head.encode() + body[body.index(b"\n\n") :])) == 400
    assert _status(witness.add_checkpoint(head.encode())) == 400


@pytest.mark.parametrize("message", [b"", b"no note\n", signed_note.sign("no checkpoint\n", LOG)])
def test_what_is_no_checkpoint_is_refused(witness: Witness, message: bytes) -> None:
    assert _status(witness.add_checkpoint(CosignRequest(0, (), message).encode())) == 400


def test_a_proof_where_none_is_due_is_refused(witness: Witness, sealed: Tree) -> None:
    message = Checkpoint(LOG.name, 9, sealed.root_at(9)).sign(LOG)
    assert _status(witness.add_checkpoint(CosignRequest(0, (EMPTY,), message).encode())) == 422


def test_a_damaged_memory_is_not_taken_for_none(witness: Witness, sealed: Tree, tmp_path: Path) -> None:
    witness.add_checkpoint(_request(sealed, 0, 9))
    (path,) = tmp_path.rglob("checkpoint")
    path.write_bytes(path.read_bytes().replace(b"\n9\n", b"\n8\n"))
    with pytest.raises(WitnessStateDamaged):
        witness.add_checkpoint(_request(sealed, 8, 20))


def test_a_witness_with_two_keys_cosigns_with_both(tmp_path: Path, sealed: Tree) -> None:
    quantum_safe = Signer(SIGNER.name, b"\x03" * 32, Algorithm.ML_DSA_44)
    witness = Witness(tmp_path, [SIGNER, quantum_safe], {LOG.name: [LOG.verifier]}, clock=lambda: NOW)
    for old, new in ((0, 9), (9, 20)):
        lines = witness.add_checkpoint(_request(sealed, old, new))
        assert isinstance(lines, bytes)
        assert lines.count(b"\n") == 2
    latest = witness.latest(LOG.name) or b""
    for signer in (SIGNER, quantum_safe):
        assert checkpoint.find_cosignatures(latest, [signer.verifier]) == {SIGNER.name: NOW}


def test_a_log_whose_key_was_rotated_goes_on_where_both_keys_are_given(tmp_path: Path, sealed: Tree) -> None:
    new = Signer(LOG.name, b"\x09" * 32)
    assert _witness(tmp_path).add_checkpoint(_request(sealed, 0, 9))
    rotated = _request(sealed, 9, 20, signer=new)
    assert _status(_witness(tmp_path).add_checkpoint(rotated)) == 403
    both = Witness(tmp_path, [SIGNER], {LOG.name: [LOG.verifier, new.verifier]}, clock=lambda: NOW)
    assert _status(both.add_checkpoint(rotated)) == 200
    assert list(tmp_path.glob("*/refused/*")) == []


def test_what_anybody_can_send_fills_no_disk(witness: Witness, sealed: Tree, tmp_path: Path) -> None:
    """One file for each text that the log signed and that contradicts it; none for old ones that are sent again."""
    old = _request(sealed, 0, 7)
    assert _status(witness.add_checkpoint(_request(sealed, 0, 300))) == 200
    for number in range(5):
        stranger = f"\N{EM DASH} stranger {signed_note.encode(bytes([number] * 8))}\n".encode()
        message = Checkpoint(LOG.name, 400, b"\x07" * 32).sign(LOG) + stranger
        assert _status(witness.add_checkpoint(CosignRequest(300, (), message).encode())) == 422
        assert _status(witness.add_checkpoint(old.replace(b"old 0", b"old 300") + stranger)) == 400
    (kept,) = tmp_path.glob("*/refused/*")
    assert kept.read_bytes() == Checkpoint(LOG.name, 400, b"\x07" * 32).sign(LOG)


def test_two_at_once_never_go_back(tmp_path: Path, sealed: Tree) -> None:
    """Processes that ask at the same time: each size is cosigned once, in order."""
    children = []
    for new in (10, 20, 30, 40):
        child = os.fork()
        if not child:
            os._exit(0 if _witness(tmp_path).add_checkpoint(_request(sealed, 0, new)) else 1)
        children.append(child)
    assert sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children) == [0, 1, 1, 1]


@settings(max_examples=60)
@given(data=st.data())
def test_judging_agrees_with_the_two_histories(data: st.DataObject, sealed: Tree, leaves: list[bytes]) -> None:
    size, new = data.draw(st.integers(0, 300)), data.draw(st.integers(0, 300))
    old = data.draw(st.sampled_from([size, size + 1, 0]))
    last = Checkpoint(LOG.name, size, sealed.root_at(size)) if size else None
    proof = tuple(sealed.consistency_proof(min(old, new), new))
    refused = judge(last, CosignRequest(old, proof, b""), Checkpoint(LOG.name, new, sealed.root_at(new)))
    assert (refused is None) == (old == size <= new)
