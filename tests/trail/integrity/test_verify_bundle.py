"""The program that checks a bundle offline: the vectors hold, each tampered one is refused, and it needs nothing of ours."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import verify_bundle
from tests.support import bundle_vectors, vector_set
from tests.support.factories.events import event
from trail.canonical_form import canonicalise
from trail.integrity.merkle import verify_consistency, verify_inclusion
from trail.integrity.record_signature import find_signer, sign_record
from trail.integrity.signed_note import Signer
from trail.integrity.tiles import Tree
from trail.reserved_names import find_claim

INDEX = json.loads((vector_set.FOLDER / "vectors.json").read_text())
VECTORS = INDEX["vectors"]
OLD, NEW = map(str, (bundle_vectors.LOG.verifier, bundle_vectors.ROTATED.verifier))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the program in this process: its exit status and what it said."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["verify_bundle.py", *map(str, arguments)])
        try:
            status = verify_bundle.main()
        except SystemExit as left:
            status = int(left.code or 0)
        out, err = capsys.readouterr()
        return status, out + err

    return call


def test_the_published_vectors_are_what_makes_them_makes() -> None:
    made = vector_set.files()
    there = {str(path.relative_to(vector_set.FOLDER)): path for path in vector_set.FOLDER.rglob("*") if path.is_file()}
    assert {*made, "README.md"} == there.keys()
    for name, content in made.items():
        assert there[name].read_bytes() == content, name


def test_there_are_enough_vectors_and_most_are_to_be_refused() -> None:
    assert len(VECTORS) == len({vector["name"] for vector in VECTORS}) >= 330
    assert sum(vector["status"] == 1 for vector in VECTORS) >= 230
    assert sum(vector["status"] == 0 for vector in VECTORS) >= 60
    assert sum(vector["status"] == 2 for vector in VECTORS) >= 30
    tried = {finding["reason"] for vector in VECTORS for finding in vector["findings"]}
    assert INDEX["reasons"] == verify_bundle.REASONS
    assert INDEX["reasons"].keys() - tried == {"line-too-long"}  # 16 MiB, which nobody wants to fetch


def _arguments(vector: dict[str, Any]) -> Iterator[str]:
    for option, values in (("key", "keys"), ("witness", "witnesses"), ("console-key", "console_keys")):
        yield from (f"--{option}={value}" for value in vector[values])
    if vector["needed"] is not None:
        yield f"--witnesses={vector['needed']}"
    yield f"--signed-from={vector['signed_from']}"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_it_says_of_a_vector_what_is_published(run, vector: dict[str, Any]) -> None:
    status, said = run(vector_set.FOLDER / vector["bundle"], *_arguments(vector))
    assert (status, said.splitlines()) == (vector["status"], vector["says"])


def test_events_come_behind_all_checkpoints(run, tmp_path: Path) -> None:
    """Though each be proved by the one before it: which checkpoint proves what must not be a puzzle."""
    lines = [json.loads(line) for line in bundle_vectors.sound_bundles()["same-size"].splitlines()]
    lines.insert(2, lines.pop(3))
    path = tmp_path / "between.jsonl"
    path.write_bytes(bundle_vectors.seal(lines))
    status, said = run(path, "--key", OLD, "--key", NEW)
    assert status == 1
    assert "line 4: a checkpoint stands behind an event" in said


def test_every_changed_byte_is_noticed(run, tmp_path: Path) -> None:
    content = bundle_vectors.sound_bundles()["alone"]
    path = tmp_path / "changed.jsonl"
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert run(path, "--key", OLD)[0] in (1, 2), at


def test_it_runs_alone(tmp_path: Path) -> None:
    """From another folder, isolated, with the bundle and the keys and nothing else."""
    shutil.copy(verify_bundle.__file__, tmp_path)
    for name, status in (("sound-alone", 0), ("tampered-fork", 1), ("../README", 2)):
        path = next((vector_set.FOLDER / "bundles").glob(f"{name}.*"))
        done = subprocess.run(
            [sys.executable, "-I", "verify_bundle.py", path, "--key", OLD, "--key", NEW],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == status, done


def test_it_says_when_it_can_check_nothing(run, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tmp_path):
        status, said = run(path, "--key", OLD)
        assert (status, said.startswith("The bundle cannot be read: ")) == (2, True)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: name not in ("raw", "event")),
        _json,
        max_size=6,
    )
)
@example({"\U00010000": 1, "\uff5e": 2})  # in UTF-16 the other way round than in code points
def test_it_writes_the_canonical_form_that_was_sealed(document: dict[str, object]) -> None:
    assert verify_bundle.canonical(document).encode() == canonicalise(document)


@given(data=st.data(), size=st.integers(1, 300))
def test_it_judges_proofs_as_the_trail_does(data: st.DataObject, size: int, sealed: Tree, leaves: list[bytes]) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    inclusion, consistency = sealed.inclusion_proof(index, size), sealed.consistency_proof(old, size)
    claimed = data.draw(st.sampled_from([size, size + 1, max(size - 1, index + 1)]))
    tree = verify_bundle.Checkpoint("log", claimed, sealed.root_at(size))
    assert _holds(verify_bundle.check_inclusion, leaves[index], index, tree, inclusion) == bool(
        verify_inclusion(leaves[index], index, claimed, inclusion, tree.root)
    )
    before = verify_bundle.Checkpoint("log", old, sealed.root_at(old))
    if old <= claimed:
        assert _holds(verify_bundle.check_consistency, before, tree, consistency) == bool(
            verify_consistency(old, claimed, before.root, tree.root, consistency)
        )


RECORD_KEY, STRANGER = Signer.generate("auditconsole/1"), Signer.generate("auditconsole/1")


@given(data=st.data())
def test_it_judges_the_signature_of_a_record_as_the_console_does(data: st.DataObject) -> None:
    labels = data.draw(st.dictionaries(st.text("ab_", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
    signer = data.draw(st.sampled_from([RECORD_KEY, STRANGER]))
    record = sign_record(event(id="r", event__dataset="console", labels=labels), signer)
    changed = data.draw(
        st.sampled_from([{}, {"message": "x"}, {"signature": {"key_id": "", "value": ""}}, {"signature": 5}])
    )
    key = verify_bundle.parse_key(str(RECORD_KEY.verifier), verify_bundle.ED25519)
    assert verify_bundle.is_record(record)
    assert _holds(verify_bundle.check_record, record | changed, [key]) == (
        find_signer(record | changed, [RECORD_KEY.verifier]) == RECORD_KEY.verifier
    )


@given(
    st.sampled_from([{}, {"event__dataset": "Console "}, {"writer__id": "AUDITCONSOLE"}, {"signature__key_id": "0"}])
)
def test_it_knows_what_claims_to_be_a_record_as_the_console_does(fields: dict[str, str]) -> None:
    document = event(**fields)
    assert verify_bundle.is_record(document) == (find_claim(document) is not None)


def test_only_a_whole_number_is_a_leafs(sealed: Tree, leaves: list[bytes]) -> None:
    tree = verify_bundle.Checkpoint("log", 2, sealed.root_at(2))
    assert _holds(verify_bundle.check_inclusion, leaves[1], 1, tree, [leaves[0]])
    for index in (True, 1.0, "1", None, -1):
        assert not _holds(verify_bundle.check_inclusion, leaves[1], index, tree, [leaves[0]])


def _holds(check, *arguments: object) -> bool:
    try:
        check(*arguments)
    except verify_bundle.Wrong:
        return False
    return True
