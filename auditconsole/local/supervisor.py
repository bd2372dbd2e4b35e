"""Runs several programs as one: when one ends, or a signal comes, all of them are stopped.

What they print goes to a file each, without what looks like a bearer secret; the lines that are marked for the person at the
terminal go there as well, and those that hold a secret go there alone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from auditconsole.local import child as local_child
from auditconsole.local.processes import read_tail
from core.log_lines import remove_secrets_from_line

# A line of a program that begins with this is for the person at the terminal.
MARK = "» "
# One that begins with this holds a secret: it goes to a terminal, and to no file. A program prints it only where the
# environment says that a person is there to read it.
PRIVATE_MARK = "»» "
HAS_TERMINAL = "CONSOLE_HAS_TERMINAL"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that all programs together may take to end before they are killed, and then all that they needed;
# OpenSearch closes its indices first.
PATIENCE = 15
OUTPUT_PATIENCE = 5  # seconds for the last output of a program that has ended


@dataclass(frozen=True, slots=True)
class Child:
    """A program of the console. What others need (`is_needed`) is stopped only when they have ended."""

    name: str
    command: list[str]
    is_needed: bool = False


class Running:
    """A child that was started, in a process group of its own so that its own children can be stopped with it."""

    def __init__(
        self,
        child: Child,
        log: Path,
        say: Callable[[str], object],
        ended: "SimpleQueue[Running | None]",
        environment: dict[str, str],
    ) -> None:
        self.name, self.log, self.is_needed = child.name, log, child.is_needed
        self._file = log.open("ab", buffering=0)
        self.process = subprocess.Popen(
            [sys.executable, local_child.__file__, *child.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        self._reader = Thread(target=self._read_output, args=(say,), name=f"output of {self.name}", daemon=True)
        self._waiter = Thread(target=self._await_end, args=(ended,), name=f"end of {self.name}", daemon=True)
        self._reader.start()
        self._waiter.start()

    def _read_output(self, say: Callable[[str], object]) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output, self._file as file:
            for line in output:
                text = line.decode(errors="replace")
                if text.startswith(PRIVATE_MARK):
                    say(text.removeprefix(PRIVATE_MARK).rstrip("\n"))
                    continue
                secretless = remove_secrets_from_line(text)
                file.write(line if secretless == text else secretless.encode())
                if text.startswith(MARK):
                    say(text.removeprefix(MARK).rstrip("\n"))

    def _await_end(self, ended: "SimpleQueue[Running | None]") -> None:
        self.process.wait()
        ended.put(self)

    def send(self, with_signal: signal.Signals) -> None:
        """Send a signal to the program and everything that it started in its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, with_signal)

    def finish(self, until: float) -> None:
        """Wait until it has ended, kill it if it has not by then (on the monotonic clock), and take its last output."""
        self._waiter.join(max(0.0, until - time.monotonic()))
        self.send(signal.SIGKILL)  # what is left of the group, too
        self._waiter.join()
        self._reader.join(OUTPUT_PATIENCE)


def supervise(children: list[Child], *, logs: Path, say: Callable[[str], Any], has_terminal: bool = False) -> int:
    """Run until one of them ends or a signal comes, then stop all. 0 after a signal; 1 after a crash, which is named.

    `has_terminal` is whether what is said is read by a person and by no file.
    """
    environment = {name: value for name, value in os.environ.items() if name != HAS_TERMINAL}
    environment |= {HAS_TERMINAL: "1"} if has_terminal else {}
    logs.mkdir(parents=True, exist_ok=True)
    ended: SimpleQueue[Running | None] = SimpleQueue()
    with _signals_into(ended):
        say_in_turn = _in_turn(say)
        running: list[Running] = []
        try:
            for child in children:
                running.append(Running(child, logs / f"{child.name}.log", say_in_turn, ended, environment))
            # A signal that came meanwhile waits in the queue, so it finds all of them started.
            first = ended.get()
            if first is None:
                say_in_turn("Stopping …")
        finally:
            _stop(running)
    if first is None:
        say("Everything has stopped.")
        return 0
    how = _how_it_ended(first.process.returncode)
    say(f"{first.name} {how}, so everything was stopped; {first.log} says why:\n{read_tail(first.log)}")
    return 1


@contextmanager
def _signals_into(ended: "SimpleQueue[Running | None]") -> Iterator[None]:
    """Put None into the queue for each signal that asks for an end."""
    before = {number: signal.signal(number, lambda *frame: ended.put(None)) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_turn(say: Callable[[str], Any]) -> Callable[[str], None]:
    """The same for several threads."""
    turn = Lock()

    def say_in_turn(line: str) -> None:
        with turn:
            say(line)

    return say_in_turn


def _stop(running: list[Running]) -> None:
    """Those that need others first, so that none of them meets an outage that is none."""
    for is_needed in (False, True):
        programs = [program for program in running if program.is_needed == is_needed]
        until = time.monotonic() + PATIENCE
        for program in programs:
            program.send(signal.SIGTERM)
        for program in programs:
            program.finish(until)


def _how_it_ended(status: int) -> str:
    if status == -signal.SIGKILL:
        return "was killed (by the system, if memory ran out)"
    return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
