"""The check of the lock for known faults never takes silence for health."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support import known_faults

SOUND = {"name": "orjson", "version": "3.13.0", "vulns": []}
FAULTY = {"name": "redis", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"], "aliases": []}]}
UNKNOWN = {"name": "django", "skip_reason": "Dependency not found on PyPI and could not be audited: django (1)"}


def said_of(packages: list[object], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    answer = CompletedProcess([], 0, json.dumps({"dependencies": packages, "fixes": []}), "")
    status = known_faults.main(lambda lock: answer)
    *said, last = capsys.readouterr().out.splitlines()
    assert last == known_faults.NOT_COVERED
    return status, said


def test_a_known_fault_is_named_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert said_of([SOUND, FAULTY], capsys) == (
        1,
        ["redis 1: PYSEC-1, mended in 2", "Of 2 locked packages 2 were looked up; 1 have known faults."],
    )


def test_what_nobody_knows_is_said_not_to_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = said_of([SOUND, UNKNOWN], capsys)
    assert (status, said[0]) == (0, "Of 2 locked packages 1 were looked up; 0 have known faults.")
    assert said[1].startswith("NOT CHECKED: 1 packages")


def test_without_a_network_it_says_so_and_fails_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    down = CompletedProcess([], 1, "", "Traceback …\nConnectionError: no route to host")
    assert known_faults.main(lambda lock: down) == 0
    assert capsys.readouterr().out.startswith(
        "NOT CHECKED: no service of advisories was reached (ConnectionError: no route to host)."
    )


def test_the_lock_that_is_asked_about_is_the_one_that_is_installed() -> None:
    assert Path(known_faults.__file__).parents[2] / "requirements.txt" == known_faults.LOCK
    assert known_faults.LOCK.exists()
