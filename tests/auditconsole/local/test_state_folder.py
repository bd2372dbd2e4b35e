"""The state folder is this account's alone, or nothing starts; the refusal is the command that mends it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from auditconsole.local.errors import CannotStart
from auditconsole.local.state_folder import check_every_file, open_state_folder


def manage(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"CONSOLE_STATE_DIR": str(state)},
        text=True,
        capture_output=True,
        check=False,
    )


def test_a_folder_and_all_that_is_made_in_it_are_its_owners_alone(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    before = os.umask(0o022)
    try:
        open_state_folder(state)
        (state / "within").mkdir()
        (state / "within" / "file").touch()
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (state, state / "within", state / "within" / "file")] == [
        0o700,
        0o700,
        0o600,
    ]
    check_every_file(state)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o770])
def test_a_folder_that_others_may_open_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    state = tmp_path / "a state"
    state.mkdir()
    state.chmod(mode)
    refused = manage(state, "check")
    assert refused.returncode == 1
    command = refused.stderr.strip().partition("run: ")[2]
    assert refused.stderr == f"Other accounts of this machine may open {state}; run: chmod -R go= '{state}'\n"
    subprocess.run(["sh", "-c", command], check=True)
    assert manage(state, "check").returncode == 0


def test_a_file_that_others_may_open_is_named_and_the_command_mends_all(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "key").touch()
    (tmp_path / "log" / "key").chmod(0o640)
    (tmp_path / "link").symlink_to("/etc/passwd")  # what lies elsewhere is not in the folder
    with pytest.raises(CannotStart) as refused:
        check_every_file(tmp_path)
    assert str(refused.value) == (
        f"Other accounts of this machine may open {tmp_path / 'log' / 'key'}; run: chmod -R go= {tmp_path}"
    )
    subprocess.run(["sh", "-c", str(refused.value).partition("run: ")[2]], check=True)
    check_every_file(tmp_path)
