"""Several programs as one: honcho starts and stops them; what they say goes to files, what people need to the terminal."""

import os
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honcho import manager as honcho
from honcho.printer import Message
from honcho.process import Process

from auditconsole.local import follow
from auditconsole.local.processes import tail

# A line of a program that begins with this is for the person at the terminal.
MARK = "» "


@dataclass(frozen=True, slots=True)
class Child:
    """A program of the console."""

    name: str
    command: list[str]


# How long a program may take to end before it is killed; OpenSearch closes its indices first.
honcho.KILL_WAIT = 15


class Programs(honcho.Manager):  # type: ignore[misc]
    """Honcho's manager, which a signal finds either with no program or with all of them."""

    def _start(self) -> None:
        # Held back here and in what we start, until each is ready for them: `follow` lets them through again.
        signal.pthread_sigmask(signal.SIG_BLOCK, honcho.SIGNALS)
        super()._start()
        early = []
        while not self._all_started():
            message = self.events.get(timeout=60)
            if message.type == "start":
                self._processes[message.name]["pid"] = message.data["pid"]
            else:
                early.append(message)
        for message in early:
            self.events.put(message)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, honcho.SIGNALS)

    def _all_stopped(self) -> bool:
        """Asked at every step, so the place to notice a go-between that was killed: its program has ended with it."""
        for name, known in self._processes.items():
            if known.get("returncode") is None and known["process"].exitcode not in (None, 0):
                known["returncode"] = known["process"].exitcode
                self._system_print(f"{name} stopped (rc={known['returncode']})\n")
        return bool(super()._all_stopped())


class Follower(Process):  # type: ignore[misc]
    """Honcho's go-between for one program; it must not outlive us either."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        follow.die_with_parent(signal.SIGKILL)
        super().run(events, ignore_signals)


class LogFiles:
    """Takes honcho's printer's place: each program's lines into its own file, the marked ones to the terminal as well."""

    def __init__(self, logs: Path, say: Callable[[str], Any]) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.logs, self.say = logs, say
        self.width = 0
        self.ended: list[tuple[str, str]] = []
        self.stopping = False
        self.files: dict[str, Any] = {}

    def write(self, message: Message) -> None:
        data = message.data.decode(errors="replace") if isinstance(message.data, bytes) else str(message.data)
        if message.name == "system":
            self._note(data)
            return
        if message.name not in self.files:
            self.files[message.name] = (self.logs / f"{message.name}.log").open("a", buffering=1)
        self.files[message.name].write(data)
        if data.startswith(MARK):
            self.say(data.removeprefix(MARK).rstrip("\n"))

    def _note(self, data: str) -> None:
        if "received" in data:
            self.stopping = True
            self.say("Stopping …")
        elif "stopped (rc=" in data and not self.stopping:
            self.ended.append((data.split()[0], data.partition("rc=")[2].rstrip(")\n")))


def supervise(children: list[Child], *, logs: Path, say: Callable[[str], Any]) -> int:
    """Run until one of them ends or a signal comes, then stop all. 0 after a signal; 1 after a crash, which is named."""
    printer = LogFiles(logs, say)
    manager = Programs(printer=printer)
    manager._process_ctor = Follower
    for child in children:
        wrapped = [sys.executable, follow.__file__, *child.command]
        manager.add_process(child.name, f"exec {shlex.join(wrapped)}", env=dict(os.environ))
    manager.loop()
    if printer.stopping or not printer.ended:
        say("Everything has stopped.")
        return 0
    name, status = printer.ended[0]
    log = logs / f"{name}.log"
    say(f"{name} {_how(int(status))}, so everything was stopped; {log} says why:\n{tail(log)}")
    return 1


def _how(status: int) -> str:
    """How a program ended, from what its parent is told."""
    if status == -signal.SIGKILL:
        return "was killed (by the system, if memory ran out)"
    return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
