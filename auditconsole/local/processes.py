"""A program that runs beside us, ends when we end, and can be waited for."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auditconsole.local.errors import CannotStart

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Called in the child before it becomes the program: when the parent is gone, even killed, so is the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def running(
    command: list[str],
    *,
    name: str,
    log: Path,
    answers: Callable[[], bool],
    patience: float = 90,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """The program started and answering; stopped, and waited for, at the end. Raises CannotStart."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=cwd,
            preexec_fn=die_with_parent,
        )
    try:
        await_answer(process, name=name, log=log, answers=answers, patience=patience)
        yield process
    finally:
        stop(process)


def await_answer(
    process: subprocess.Popen[bytes], *, name: str, log: Path, answers: Callable[[], bool], patience: float
) -> None:
    """Return when the program answers. Raises CannotStart when it ends or keeps silent."""
    until = time.monotonic() + patience
    while not answers():
        if process.poll() is not None:
            raise CannotStart(
                f"{name} ended with status {process.returncode} while starting; {log} says why.\n{tail(log)}"
            )
        if time.monotonic() > until:
            raise CannotStart(f"{name} did not answer within {patience:.0f} seconds; {log} says why.\n{tail(log)}")
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes], patience: float = 20) -> None:
    """Ask the program to end, insist after a while, and wait until it has."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for a sentence that points there."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8_000))
        return "\n".join(f"  | {line}" for line in file.read().decode(errors="replace").splitlines()[-lines:])
