"""What is written as a bundle holds, and what would not hold is not written."""

import json
from pathlib import Path

import pytest

from tests import vectors
from tests.factories.events import event
from trail.events import canonical
from trail.integrity import bundle, note
from trail.integrity.bundle import Entry, Unproved
from trail.integrity.merkle import leaf_hash
from trail.integrity.tiles import FileStore, Tree

EVENTS = [vectors.event(number) for number in range(30)]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(FileStore(tmp_path))
    made.append(leaf_hash(canonical(document)) for document in EVENTS)
    return made


def test_it_is_written_as_a_stream(tree: Tree) -> None:
    lines = bundle.lines(tree, [vectors.signed(tree, 30, vectors.LOG)], vectors.KEYS, map(Entry, range(30), EVENTS))
    assert json.loads(next(lines)) == {"format": "audit-trail-bundle/v1"}
    assert set(json.loads(next(lines))) == {"checkpoint", "consistency"}
    assert json.loads(next(lines))["event"] == EVENTS[0]
    assert json.loads(list(lines)[-1])["end"]["events"] == 30


def test_what_the_trail_added_and_what_was_not_sealed_stays_out(tmp_path: Path) -> None:
    document = event(raw={"ratio": 0.5}, event__original='{"ratio":0.5}', event__ingested="2026-11-24T09:30:00Z")
    tree = Tree(FileStore(tmp_path))
    tree.append([leaf_hash(canonical(document))])
    lines = list(bundle.lines(tree, [vectors.signed(tree, 1, vectors.LOG)], vectors.KEYS, [Entry(0, document)]))
    written = json.loads(lines[2])["event"]
    assert "raw" not in written
    assert written["event"].keys() == {"id", "action", "outcome", "dataset", "original"}


def test_an_event_that_changed_is_not_written(tree: Tree) -> None:
    with pytest.raises(Unproved, match="leaf 4"):
        list(bundle.lines(tree, [vectors.signed(tree, 30, vectors.LOG)], vectors.KEYS, [Entry(4, EVENTS[5])]))


def test_an_event_beyond_the_checkpoint_is_not_written(tree: Tree) -> None:
    with pytest.raises(Unproved, match="Leaf 20 is not under the checkpoint of 20 leaves"):
        list(bundle.lines(tree, [vectors.signed(tree, 20, vectors.LOG)], vectors.KEYS, [Entry(20, EVENTS[20])]))


def test_what_is_said_stands_beside_what_is_proved(tree: Tree) -> None:
    checkpoints = [vectors.signed(tree, 30, vectors.LOG)]
    entries = [Entry(3, EVENTS[3], {"evidence": "E1"}), Entry(4, EVENTS[4])]
    lines = [json.loads(line) for line in bundle.lines(tree, checkpoints, vectors.KEYS, entries, {"case": "c"})]
    assert (lines[1], lines[3]["about"]) == ({"about": {"case": "c"}}, {"evidence": "E1"})
    assert lines[4].keys() == {"index", "event", "proof"}
    assert (lines[5]["end"]["checkpoints"], lines[5]["end"]["events"]) == (1, 2)


@pytest.mark.parametrize(
    "signer", [vectors.STRANGER, note.Signer("example.com/other", b"\x01" * 32)], ids=["stranger", "other name"]
)
def test_a_checkpoint_that_the_log_did_not_sign_is_not_written(tree: Tree, signer: note.Signer) -> None:
    keys = [*vectors.KEYS, note.Signer("example.com/other", b"\x01" * 32).verifier]
    with pytest.raises(Unproved, match="known key"):
        list(bundle.lines(tree, [vectors.signed(tree, 30, signer)], keys, []))


@pytest.mark.parametrize("message", [b"no note\n", note.sign("no checkpoint\n", vectors.LOG)])
def test_what_is_no_checkpoint_is_not_written(tree: Tree, message: bytes) -> None:
    with pytest.raises(Unproved, match="checkpoint"):
        list(bundle.lines(tree, [message], vectors.KEYS, []))


def test_a_checkpoint_of_another_tree_is_not_written(tree: Tree, tmp_path: Path) -> None:
    other = Tree(FileStore(tmp_path / "other"))
    other.append(leaf_hash(canonical(document)) for document in reversed(EVENTS))
    with pytest.raises(Unproved, match="not of this tree"):
        list(bundle.lines(tree, [vectors.signed(other, 30, vectors.LOG)], vectors.KEYS, []))


def test_no_bundle_is_without_a_checkpoint(tree: Tree) -> None:
    with pytest.raises(Unproved, match="no checkpoint"):
        list(bundle.lines(tree, [], vectors.KEYS, []))
