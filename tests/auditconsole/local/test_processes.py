"""A program beside us: started and answering, or a sentence with the end of its log; gone when we are done."""

import sys
from pathlib import Path

import psutil
import pytest

from auditconsole.local import processes
from auditconsole.local.errors import CannotStart

SLEEPER = ["sleep", "60"]
STUBBORN = [sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"]  # fmt: skip


def test_a_program_runs_while_it_is_needed_and_no_longer(tmp_path: Path) -> None:
    with processes.run_program(SLEEPER, name="Sleeper", log=tmp_path / "log", answers=lambda: True) as process:
        assert psutil.pid_exists(process.pid)
    assert process.returncode == -15
    assert not psutil.pid_exists(process.pid)


def test_a_program_that_dies_while_starting_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "broken.log"
    failing = ["sh", "-c", "for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done; exit 7"]
    with (
        pytest.raises(CannotStart) as refused,
        processes.run_program(failing, name="Broken", log=log, answers=lambda: False),
    ):
        pass
    lines = "\n".join(f"  | line {number}" for number in range(2, 10))
    assert str(refused.value) == f"Broken ended with status 7 while starting; {log} says why:\n{lines}"


def test_a_program_that_never_answers_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    before = set(psutil.Process().children())
    with (
        pytest.raises(CannotStart, match="Sleeper did not answer within 0 seconds"),
        processes.run_program(SLEEPER, name="Sleeper", log=log, answers=lambda: False, patience=0),
    ):
        pass
    assert set(psutil.Process().children()) == before


def test_a_program_that_will_not_end_is_made_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with processes.run_program(
        STUBBORN, name="Stubborn", log=log, answers=lambda: "deaf" in log.read_text()
    ) as process:
        processes.stop_program(process, patience=0.1)
    assert process.returncode == -9


def test_a_log_that_is_not_there_has_no_tail(tmp_path: Path) -> None:
    assert processes.read_tail(tmp_path / "none") == ""
