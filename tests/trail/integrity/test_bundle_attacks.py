"""The offline verifier against whoever made the bundle: it says something sound and bounded of every file, and ends in order."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import verify_bundle
from tests.support import bundle_vectors
from tests.support.bundle_vector_cases import SMALL_ORDER
from tests.support.bundle_vectors import KEYS, LOG, ROTATED, WITNESS, refit, resealed, seal, signed
from trail.canonical_form import canonicalise
from trail.integrity import bundle
from trail.integrity.bundle import BundleEntry
from trail.integrity.merkle import leaf_hash
from trail.integrity.signed_note import Algorithm, Verifier
from trail.integrity.tiles import FileStore, Tree

PROGRAM = Path(verify_bundle.__file__)
OLD, NEW = str(LOG.verifier), str(ROTATED.verifier)


@pytest.fixture
def sound() -> dict[str, bytes]:
    return bundle_vectors.sound_bundles()


def verify(content: bytes, folder: Path, *arguments: object, **environment: str) -> tuple[int, str, str]:
    """The program as a process: its status, and what it wrote to both outputs."""
    path = folder / "bundle.jsonl"
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, PROGRAM, path, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


def forge(folder: Path, size: int) -> bytes:
    """A history that never was, of so many events, signed by whoever stole the log's old key."""
    tree = Tree(FileStore(folder / "forged"))
    tree.append(leaf_hash(canonicalise(bundle_vectors.event(number + 1))) for number in range(size))
    entry = BundleEntry(size - 1, bundle_vectors.event(size))
    return b"".join(bundle.build_lines(tree, [signed(tree, size, LOG)], KEYS, [entry]))


def test_a_retired_key_signs_nothing_beyond_its_end(tmp_path: Path, sound: dict[str, bytes]) -> None:
    forged = forge(tmp_path, 10_000)
    status, said, _ = verify(forged, tmp_path, "--key", f"{OLD}@20", "--key", NEW)
    assert status == 1
    assert "line 2: the checkpoint of 10000 events is signed by a key that counts from 0 to 20" in said
    assert verify(sound["rotated"], tmp_path, "--key", f"{OLD}@20", "--key", f"{NEW}@20-")[0] == 0
    _, said, _ = verify(forged, tmp_path, "--key", OLD, "--key", NEW)
    assert "without the size up to which they count" in said


@pytest.mark.parametrize("depth", [700, 5_000, 200_000])
@pytest.mark.parametrize("place", [b'{"end":%b%b}\n', b'{"about":%b%b}\n', b'{"checkpoint":%b%b,"consistency":[]}\n'])
def test_nothing_is_nested_so_deep_that_the_program_falls(depth: int, place: bytes, tmp_path: Path, sound) -> None:
    lines = sound["alone"].splitlines(keepends=True)
    for closing in (b"]" * depth, b""):
        status, said, errors = verify(lines[0] + place % (b"[" * depth, closing), tmp_path, "--key", OLD)
        assert (status, errors) == (1, "")
        assert "the line is nested too deeply" in said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-16", "utf-8"])
def test_a_sound_bundle_is_proved_whatever_the_terminal_can_show(encoding: str, tmp_path: Path) -> None:
    content = bundle_vectors.sound_bundles()["about"]
    status, said, errors = verify(content, tmp_path, "--key", OLD, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (status, errors) == (0, "")
    assert "2 of 2 events proved" in said.replace("\0", "")


def test_findings_are_bounded_and_memory_is_flat(tmp_path: Path, sound: dict[str, bytes]) -> None:
    """Three million lines that are wrong, and no more memory than for one."""
    path = tmp_path / "empty-lines.jsonl"
    path.write_bytes(sound["alone"] + b"\n" * 3_000_000)
    done = subprocess.run(
        [sys.executable, PROGRAM, path, "--key", OLD],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (100_000_000, 100_000_000)),
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert len(lines) == 102
    assert lines[-2] == "and 2999900 more"
    assert "; 3000000 findings" in lines[-1]


def test_a_witness_that_is_given_must_have_cosigned(tmp_path: Path, sound: dict[str, bytes]) -> None:
    witness = ("--key", OLD, "--key", NEW, "--witness", WITNESS.verifier)
    assert verify(sound["seven"], tmp_path, *witness)[0] == 1
    assert verify(sound["seven"], tmp_path, *witness, "--witnesses", 0)[0] == 0
    assert verify(sound["rotated"], tmp_path, *witness)[0] == 0


@pytest.mark.parametrize("given", [("--witnesses", "1"), ("--witness", WITNESS.verifier, "--witnesses", "2")])
def test_more_witnesses_than_keys_are_never_there(given: tuple[object, ...], tmp_path: Path, sound) -> None:
    status, _, errors = verify(sound["rotated"], tmp_path, "--key", OLD, "--key", NEW, *given)
    assert (status, "must have cosigned" in errors) == (2, True)


def test_the_log_is_no_witness_of_itself(tmp_path: Path, sound: dict[str, bytes]) -> None:
    own = bundle_vectors.Signer(LOG.name, b"\x01" * 32, Algorithm.COSIGNATURE).verifier
    status, _, errors = verify(sound["alone"], tmp_path, "--key", OLD, "--witness", own, "--witnesses", 0)
    assert (status, "no witness of itself" in errors) == (2, True)


@pytest.mark.parametrize("point", SMALL_ORDER, ids=bytes.hex)
@pytest.mark.parametrize("option", ["--key", "--witness", "--console-key"])
def test_a_point_for_which_anybody_can_sign_is_no_key(option: str, point: bytes, tmp_path: Path, sound) -> None:
    kind = Algorithm.COSIGNATURE if option == "--witness" else Algorithm.ED25519
    given = ("--key", OLD, option, Verifier("example.com/anybody", point, kind), "--signed-from", 0)
    status, _, errors = verify(sound["alone"], tmp_path, *given)
    assert (status, "a point for which anybody can sign" in errors) == (2, True)


def test_a_statement_is_not_taken_from_the_event_that_put_it_on_record(tmp_path: Path) -> None:
    content = bundle_vectors.sound_bundles()["record-absence"]
    assert verify(content, tmp_path, "--key", OLD, "--key", NEW)[0] == 0
    lines = [json.loads(line) for line in content.splitlines()]
    del next(line for line in lines if "statement" in line)["statement"]
    for format in (bundle.WITH_STATEMENTS, bundle.FORMAT):
        lines[0] = {"format": format}
        status, said, _ = verify(seal(lines), tmp_path, "--key", OLD, "--key", NEW)
        assert status == 1
        assert "leaf 11: it puts on record that nothing was found, and its statement is not there" in said


def test_what_nobody_reads_is_no_answer(tmp_path: Path, sound: dict[str, bytes]) -> None:
    path = tmp_path / "bundle.jsonl"
    path.write_bytes(sound["alone"])
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, PROGRAM, path, "--key", OLD], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (2, b"")


def test_a_line_that_is_too_long_is_one_finding(tmp_path: Path, sound: dict[str, bytes]) -> None:
    """What follows in it is none of the lines of the bundle, though it may look like one."""
    first, checkpoint, event, _ = sound["alone"].splitlines(keepends=True)
    long = b" " * (16 * 1024 * 1024 + 1) + event
    status, said, _ = verify(resealed_lines(first, checkpoint, long), tmp_path, "--key", OLD)
    assert status == 1
    assert said.splitlines()[0] == "line 3: the line is longer than 16 MiB"
    assert said.splitlines()[-1].startswith("0 of 0 events proved")


def resealed_lines(*lines: bytes) -> bytes:
    """Lines with an end whose digest fits them."""
    return refit(b"".join(lines) + b'{"end":{"checkpoints":1,"events":0}}\n')


def test_what_a_terminal_obeys_is_spelled_out(tmp_path: Path, sound: dict[str, bytes]) -> None:
    content = resealed(sound["alone"], b'"vector-0"', '"\\u001b[2J\\u009b\u202eé"'.encode())
    _, said, _ = verify(content, tmp_path, "--key", OLD)
    assert said.startswith('line 3: event "\\u001b[2J\\u009b\\u202e\\u00e9", leaf 0: ')
    assert said.isascii()
