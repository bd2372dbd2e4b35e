"""The log as programs read it that nobody here wrote: x/mod, formats, merkle, Tessera's client, torchwood."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from operations.models import KeyScope
from operations.sealing import public_access, signing_keys
from operations.sealing.folder import LogDirectory
from tests.support.factories.events import event, write
from tests.support.factories.keys import writer_key
from tests.support.go_programs import FSCK, BuildProgram
from trail.connection import Trail
from trail.integrity import signed_note
from trail.integrity.signed_note import Algorithm

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]  # Go compiles the first time


def find_keys() -> dict[Algorithm, str]:
    return {key.algorithm: str(key) for key in signing_keys.list_verifiers()}


def read_log(build: BuildProgram, url: str, *options: str) -> dict[str, Any]:
    """What the program says that it has read and proved."""
    keys = find_keys()
    given = ["-url", f"{url}/log/", "-key", keys[Algorithm.ED25519], "-cosigner", keys[Algorithm.COSIGNATURE], *options]
    done = subprocess.run([build("./read-log"), *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("count", [1, 256, 600])
def test_other_peoples_programs_prove_what_the_log_shows(
    console_url: str, build_program: BuildProgram, ada: User, trail: Trail, seal: Callable[[], object], count: int
) -> None:
    _, key = writer_key(ada, scope=KeyScope.LOG, writer="", dataset="")
    write(trail, *(event() for _ in range(count)))
    seal()
    newest = LogDirectory().newest()
    assert newest
    seen = read_log(build_program, console_url, "-bearer", key)
    assert (seen["size"], seen["root"]) == (newest.size, signed_note.encode(newest.root))
    assert seen["cosigned"] == signing_keys.read_signing_time(LogDirectory().note() or b"")
    assert seen["inclusion"] >= min(count, 4)
    assert seen["consistency"] == seen["inclusion"] - 1


def test_an_open_log_is_read_without_a_key(
    console_url: str, build_program: BuildProgram, ada: User, trail: Trail, seal: Callable[[], object]
) -> None:
    write(trail, *(event() for _ in range(300)))
    seal()
    public_access.switch(to_open=True, by=ada)
    assert read_log(build_program, console_url)["size"] == 300


def test_a_log_whose_tile_was_altered_is_refused(
    console_url: str, build_program: BuildProgram, ada: User, trail: Trail, seal: Callable[[], object]
) -> None:
    write(trail, *(event() for _ in range(300)))
    seal()
    public_access.switch(to_open=True, by=ada)
    tile = LogDirectory().folder / "tile/0/000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(AssertionError, match="x/mod and torchwood"):
        read_log(build_program, console_url)


def run_fsck(build: BuildProgram, url: str, key: str, folder: Path) -> str:
    """What Tessera's fsck says; its exit status is 0 whatever it found."""
    (folder / "key").write_text(find_keys()[Algorithm.ED25519])
    given = ["-storage_url", f"{url}/log/", "-public_key", folder / "key", "-bearer_token", key, "-ui=false"]
    return subprocess.run([build(FSCK), *given], capture_output=True, text=True, check=True).stderr


def test_tesseras_fsck_and_torchwoods_client_read_every_entry_as_they_come(
    console_url: str,
    build_program: BuildProgram,
    ada: User,
    trail: Trail,
    seal: Callable[[], object],
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.LOG_ENTRIES = True
    _, key = writer_key(ada, scope=KeyScope.ENTRIES, writer="", dataset="")
    write(trail, *(event() for _ in range(600)))
    seal()
    newest = LogDirectory().newest()
    assert newest
    assert read_log(build_program, console_url, "-bearer", key, "-entries")["entries"] == newest.size
    assert f"Successfully fsck'd log with size {newest.size}" in run_fsck(build_program, console_url, key, tmp_path)
    tile = LogDirectory().folder / "tile/0/000"
    tile.write_bytes(tile.read_bytes()[:32] + bytes(32) + tile.read_bytes()[64:])
    assert "fsck failed" in run_fsck(build_program, console_url, key, tmp_path)
