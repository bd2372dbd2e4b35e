"""What is written as a bundle holds, and what would not hold is not written."""

import json
from pathlib import Path

import pytest

from tests.support import bundle_vectors
from tests.support.factories.events import event
from trail.canonical_form import canonicalise
from trail.integrity import bundle, signed_note
from trail.integrity.bundle import BundleEntry, Unproved
from trail.integrity.merkle import leaf_hash
from trail.integrity.tiles import FileStore, Tree

EVENTS = [bundle_vectors.event(number) for number in range(30)]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(FileStore(tmp_path))
    made.append(leaf_hash(canonicalise(document)) for document in EVENTS)
    return made


def test_it_is_written_as_a_stream(tree: Tree) -> None:
    lines = bundle.build_lines(
        tree,
        [bundle_vectors.signed(tree, 30, bundle_vectors.LOG)],
        bundle_vectors.KEYS,
        map(BundleEntry, range(30), EVENTS),
    )
    assert json.loads(next(lines)) == {"format": "audit-trail-bundle/v1"}
    assert set(json.loads(next(lines))) == {"checkpoint", "consistency"}
    assert json.loads(next(lines))["event"] == EVENTS[0]
    assert json.loads(list(lines)[-1])["end"]["events"] == 30


def test_what_the_trail_added_and_what_was_not_sealed_stays_out(tmp_path: Path) -> None:
    document = event(raw={"ratio": 0.5}, event__original='{"ratio":0.5}', event__ingested="2026-11-24T09:30:00Z")
    tree = Tree(FileStore(tmp_path))
    tree.append([leaf_hash(canonicalise(document))])
    lines = list(
        bundle.build_lines(
            tree, [bundle_vectors.signed(tree, 1, bundle_vectors.LOG)], bundle_vectors.KEYS, [BundleEntry(0, document)]
        )
    )
    written = json.loads(lines[2])["event"]
    assert "raw" not in written
    assert written["event"].keys() == {"id", "action", "outcome", "dataset", "original"}


def test_an_event_that_changed_is_not_written(tree: Tree) -> None:
    with pytest.raises(Unproved, match="leaf 4"):
        list(
            bundle.build_lines(
                tree,
                [bundle_vectors.signed(tree, 30, bundle_vectors.LOG)],
                bundle_vectors.KEYS,
                [BundleEntry(4, EVENTS[5])],
            )
        )


def test_an_event_beyond_the_checkpoint_is_not_written(tree: Tree) -> None:
    with pytest.raises(Unproved, match="Leaf 20 is not under the checkpoint of 20 leaves"):
        list(
            bundle.build_lines(
                tree,
                [bundle_vectors.signed(tree, 20, bundle_vectors.LOG)],
                bundle_vectors.KEYS,
                [BundleEntry(20, EVENTS[20])],
            )
        )


def test_what_is_said_stands_beside_what_is_proved(tree: Tree) -> None:
    checkpoints = [bundle_vectors.signed(tree, 30, bundle_vectors.LOG)]
    entries = [BundleEntry(3, EVENTS[3], {"evidence": "E1"}), BundleEntry(4, EVENTS[4])]
    lines = [
        json.loads(line) for line in bundle.build_lines(tree, checkpoints, bundle_vectors.KEYS, entries, {"case": "c"})
    ]
    assert (lines[1], lines[3]["about"]) == ({"about": {"case": "c"}}, {"evidence": "E1"})
    assert lines[4].keys() == {"index", "event", "proof"}
    assert (lines[5]["end"]["checkpoints"], lines[5]["end"]["events"]) == (1, 2)


@pytest.mark.parametrize(
    "signer",
    [bundle_vectors.STRANGER, signed_note.Signer("example.com/other", b"\x01" * 32)],
    ids=["stranger", "other name"],
)
def test_a_checkpoint_that_the_log_did_not_sign_is_not_written(tree: Tree, signer: signed_note.Signer) -> None:
    keys = [*bundle_vectors.KEYS, signed_note.Signer("example.com/other", b"\x01" * 32).verifier]
    with pytest.raises(Unproved, match="known key"):
        list(bundle.build_lines(tree, [bundle_vectors.signed(tree, 30, signer)], keys, []))


@pytest.mark.parametrize("message", [b"no note\n", signed_note.sign("no checkpoint\n", bundle_vectors.LOG)])
def test_what_is_no_checkpoint_is_not_written(tree: Tree, message: bytes) -> None:
    with pytest.raises(Unproved, match="checkpoint"):
        list(bundle.build_lines(tree, [message], bundle_vectors.KEYS, []))


def test_a_checkpoint_of_another_tree_is_not_written(tree: Tree, tmp_path: Path) -> None:
    other = Tree(FileStore(tmp_path / "other"))
    other.append(leaf_hash(canonicalise(document)) for document in reversed(EVENTS))
    with pytest.raises(Unproved, match="not of this tree"):
        list(bundle.build_lines(tree, [bundle_vectors.signed(other, 30, bundle_vectors.LOG)], bundle_vectors.KEYS, []))


def test_no_bundle_is_without_a_checkpoint(tree: Tree) -> None:
    with pytest.raises(Unproved, match="no checkpoint"):
        list(bundle.build_lines(tree, [], bundle_vectors.KEYS, []))
