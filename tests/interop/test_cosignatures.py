"""The time in a checkpoint, which the log itself cosigns with Ed25519 and with ML-DSA-44, holds for other people's verifiers."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.sealing import signing_keys
from operations.sealing.folder import LogDirectory
from tests.support.factories.events import event, write
from tests.support.go_programs import BuildProgram
from trail.connection import Trail
from trail.integrity.signed_note import Algorithm

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db]  # Go compiles the first time


def test_both_cosignatures_of_the_log_hold(
    build_program: BuildProgram, trail: Trail, seal: Callable[[], object], tmp_path: Path
) -> None:
    write(trail, *(event() for _ in range(7)))
    seal()
    note = LogDirectory().note() or b""
    keys = [key for key in signing_keys.list_verifiers() if key.algorithm.is_timed]
    assert {key.algorithm for key in keys} == {Algorithm.COSIGNATURE, Algorithm.ML_DSA_44}
    path, program = tmp_path / "note", build_program("./check-cosignature")
    path.write_bytes(note)
    done = subprocess.run([program, path, *map(str, keys)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, [keys[0].name] * 2), done.stderr
    path.write_bytes(note.replace(b"\n7\n", b"\n8\n"))
    for key in keys:
        assert subprocess.run([program, path, str(key)], capture_output=True, check=False).returncode == 1
