"""Runs a program beside us that ends when we end and can be waited for."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auditconsole.local.child import die_with_parent
from auditconsole.local.errors import CannotStart


@contextmanager
def run_program(
    command: list[str], *, name: str, log: Path, answers: Callable[[], bool], patience: float = 90
) -> Iterator[subprocess.Popen[bytes]]:
    """The program started and answering; stopped, and waited for, at the end. Raises CannotStart."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=log.parent,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
    try:
        _await_answer(process, name=name, log=log, answers=answers, patience=patience)
        yield process
    finally:
        stop_program(process)


def _await_answer(
    process: subprocess.Popen[bytes], *, name: str, log: Path, answers: Callable[[], bool], patience: float
) -> None:
    until = time.monotonic() + patience
    while not answers():
        if process.poll() is not None:
            what = f"ended with status {process.returncode} while starting"
            raise CannotStart(f"{name} {what}; {log} says why:\n{read_tail(log)}")
        if time.monotonic() > until:
            raise CannotStart(f"{name} did not answer within {patience:.0f} seconds; {log} says why:\n{read_tail(log)}")
        time.sleep(0.1)


def stop_program(process: subprocess.Popen[bytes], patience: float = 20) -> None:
    """Ask the program to end, insist after a while, and wait until it has."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for a sentence that points there."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8_000))
        return "\n".join(f"  | {line}" for line in file.read().decode(errors="replace").splitlines()[-lines:])
