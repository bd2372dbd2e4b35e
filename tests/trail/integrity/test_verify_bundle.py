"""The program that checks a bundle offline: the vectors hold, each tampered one is refused, and it needs nothing of ours."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import verify_bundle
from tests import vectors
from trail.events import canonical
from trail.integrity.merkle import verify_consistency, verify_inclusion
from trail.integrity.tiles import Tree

KEYS = json.loads((vectors.FOLDER / "keys.json").read_text())
ARGUMENTS = [*(part for key in KEYS["log"] for part in ("--key", key)), "--witness", KEYS["witness"]]
SOUND = sorted((vectors.FOLDER / "sound").iterdir())
TAMPERED = sorted((vectors.FOLDER / "tampered").iterdir())


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


def test_the_vectors_are_what_makes_them_makes() -> None:
    made = vectors.files()
    there = {str(path.relative_to(vectors.FOLDER)): path for path in vectors.FOLDER.rglob("*") if path.is_file()}
    assert made.keys() == there.keys()
    for name, content in made.items():
        assert there[name].read_bytes() == content, name


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_a_sound_bundle_is_proved(run, path: Path) -> None:
    status, said = run(path, *ARGUMENTS)
    events = path.read_bytes().count(b'"index":')
    assert (status, said.splitlines()[0].startswith(f"{events} of {events} events proved, in the log")) == (0, True)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("path", TAMPERED, ids=lambda path: path.stem)
def test_a_tampered_bundle_is_refused_with_the_line(run, path: Path) -> None:
    status, said = run(path, *ARGUMENTS, "--witnesses", 1)
    assert status == 1
    assert all(line.startswith("line ") for line in said.splitlines()[:-1])
    assert len(said.splitlines()) > 1


def test_it_says_that_what_is_said_is_not_proved(run) -> None:
    for path in SOUND:
        _, said = run(path, *ARGUMENTS)
        assert ("“about” was said by whoever made the bundle" in said) == (path.stem in ("about", "absence"))


def test_a_bundle_is_of_one_log(run) -> None:
    path = vectors.FOLDER / "tampered" / "checkpoint-of-a-second-log.jsonl"
    status, said = run(path, *ARGUMENTS, "--key", vectors.OTHER.verifier)
    assert status == 1
    assert "line 3: the checkpoint is of another log, example.com/other" in said


def test_events_come_behind_all_checkpoints(run, tmp_path: Path) -> None:
    """Though each be proved by the one before it: which checkpoint proves what must not be a puzzle."""
    lines = [json.loads(line) for line in (vectors.FOLDER / "sound" / "same-size.jsonl").read_bytes().splitlines()]
    lines.insert(2, lines.pop(3))
    path = tmp_path / "between.jsonl"
    path.write_bytes(vectors.seal(lines))
    status, said = run(path, *ARGUMENTS)
    assert status == 1
    assert "line 4: a checkpoint stands behind an event" in said


def test_there_are_enough_tampered_ones() -> None:
    assert len(TAMPERED) >= 30
    assert len({path.read_bytes() for path in [*TAMPERED, *SOUND]}) == len(TAMPERED) + len(SOUND)


def test_every_changed_byte_is_noticed(run, tmp_path: Path) -> None:
    content = (vectors.FOLDER / "sound" / "alone.jsonl").read_bytes()
    path = tmp_path / "changed.jsonl"
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert run(path, *ARGUMENTS)[0] in (1, 2), at


def test_it_runs_alone(tmp_path: Path) -> None:
    """From another folder, isolated, with the bundle and the keys and nothing else."""
    shutil.copy(verify_bundle.__file__, tmp_path)
    for path, status in ((SOUND[0], 0), (TAMPERED[0], 1), (vectors.FOLDER / "keys.json", 2)):
        done = subprocess.run(
            [sys.executable, "-I", "verify_bundle.py", path, *ARGUMENTS], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == status, done


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_a_witness_that_is_asked_for_must_have_cosigned_the_last_checkpoint(run, path: Path) -> None:
    status, said = run(path, *ARGUMENTS, "--witnesses", 1)
    assert status == (0 if path.stem in ("rotated", "from-empty", "absence") else 1)
    assert ("cosigned by 0 of the witnesses given, not 1" in said) == bool(status)


@pytest.mark.parametrize(
    "key",
    [
        "nonsense",
        "a+b",
        "a+b+c",
        KEYS["log"][0][:-4],
        KEYS["log"][0].replace("+", " ", 1),
        KEYS["log"][0].replace("trail", "other"),
        KEYS["witness"],
    ],
)
def test_what_is_no_key_of_a_log_is_refused(run, key: str) -> None:
    assert run(SOUND[0], "--key", key)[0] == 2


def test_it_says_when_it_can_check_nothing(run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    other = tmp_path / "other.jsonl"
    other.write_bytes(b'{"format":"audit-trail-bundle/v9"}\n')
    for path in (empty, other, tmp_path / "absent.jsonl", tmp_path):
        assert run(path, *ARGUMENTS)[0] == 2
    assert run(SOUND[0])[0] == 2
    assert run(SOUND[0], "--key", KEYS["log"][1])[0] == 1


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
    assert verify_bundle.canonical(document).encode() == canonical(document)


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
