"""Several programs as one: none outlives the others, or the console, however it ends."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from auditconsole.local import child

SUPERVISOR = """
import json, sys
from pathlib import Path
from auditconsole.local.supervisor import Child, supervise
children = [Child(name, command, is_needed="engine" in name) for name, command in json.loads(sys.argv[1])]
print("starting", flush=True)
sys.exit(supervise(children, logs=Path(sys.argv[2]), say=lambda line: print(line, flush=True)))
"""
# A program with a child of its own, as the worker and the web server are.
FAMILY = ["sh", "-c", "sleep 61 & echo '» The family is here'; wait"]
SLEEPER = [sys.executable, "-c", "import time; print('» The sleeper is here', flush=True); time.sleep(60)"]


class Supervised:
    """A process that supervises some programs, and every process below it."""

    def __init__(self, logs: Path, *children: tuple[str, list[str]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, json.dumps(children), str(logs)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=settings.BASE_DIR,
        )
        self.below: list[psutil.Process] = []
        self.said = ""

    def hear(self, *lines: str) -> None:
        """Read until it has said these; remember who is there."""
        assert self.process.stdout is not None
        while not all(line in self.said for line in lines):
            self.said += self.process.stdout.readline()
        self.below = psutil.Process(self.process.pid).children(recursive=True)

    def program(self, command: list[str]) -> psutil.Process:
        return next(process for process in self.below if process.cmdline()[-1] == command[-1])

    def end(self, with_signal: signal.Signals | None = None) -> int:
        if with_signal is not None:
            self.process.send_signal(with_signal)
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.said += self.process.stdout.read()
            self.process.stdout.close()
        self.process.wait()
        return self.process.returncode

    def left(self) -> list[psutil.Process]:
        """Who lives on; the patience is for a broken test, not a measure."""
        return psutil.wait_procs(self.below, timeout=20)[1]


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Supervised]:
    supervised = Supervised(tmp_path, ("family", FAMILY), ("sleeper", SLEEPER))
    supervised.hear("The family is here", "The sleeper is here")
    yield supervised
    supervised.end(signal.SIGKILL)
    for process in supervised.below:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_a_program_that_ends_is_named_and_ends_the_others(tmp_path: Path) -> None:
    broken = ["sh", "-c", "echo cannot go on; exit 3"]
    supervised = Supervised(tmp_path, ("family", FAMILY), ("broken", broken))
    assert supervised.end() == 1
    log = tmp_path / "broken.log"
    assert supervised.said.endswith(
        f"broken ended with status 3, so everything was stopped; {log} says why:\n  | cannot go on\n"
    )


def test_a_program_that_is_killed_is_named_and_leaves_no_orphan(family: Supervised) -> None:
    family.program(SLEEPER).kill()
    assert family.end() == 1
    assert "sleeper was killed (by the system, if memory ran out), so everything was stopped" in family.said
    assert family.left() == []


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_of_them_cleanly(family: Supervised, asked: signal.Signals) -> None:
    assert len(family.below) == 3
    assert family.end(asked) == 0
    assert family.said.endswith("Stopping …\nEverything has stopped.\n")
    assert family.left() == []


def test_what_others_need_is_stopped_when_they_have_ended(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    slow = (
        f"trap 'sleep 1; echo program >> {ends}; exit' TERM; echo '» The program is here'; while :; do sleep 0.1; done"
    )
    quick = f"trap 'echo engine >> {ends}; exit' TERM; echo '» The engine is here'; while :; do sleep 0.1; done"
    supervised = Supervised(tmp_path, ("engine", ["sh", "-c", quick]), ("program", ["sh", "-c", slow]))
    supervised.hear("The program is here", "The engine is here")
    assert supervised.end(signal.SIGINT) == 0
    assert ends.read_text().split() == ["program", "engine"]


@pytest.mark.parametrize("moment", [0, 0.02, 0.04, 0.08, 0.16])
def test_a_signal_at_any_moment_of_the_start_leaves_nobody(tmp_path: Path, moment: float) -> None:
    marked = f"{tmp_path.name}-{moment}"
    programs = [(name, ["sh", "-c", f": {marked}; sleep 60; :"]) for name in ("one", "two", "three")]
    supervised = Supervised(tmp_path, *programs)
    supervised.hear("starting")
    time.sleep(moment)
    supervised.end(signal.SIGINT)
    left = [
        process for process in psutil.process_iter(["cmdline"]) if marked in " ".join(process.info["cmdline"] or [])
    ]
    assert left == []


def test_when_the_console_itself_is_killed_its_programs_end_too(family: Supervised) -> None:
    (not_ours,) = family.program(FAMILY).children()  # a program's own children are its own care
    family.below.remove(not_ours)
    assert family.end(signal.SIGKILL) == -9
    not_ours.kill()
    assert family.left() == []


def test_only_marked_lines_reach_the_terminal_and_all_reach_the_log(tmp_path: Path) -> None:
    talker = ["sh", "-c", "echo for the log; echo '» for the person'"]
    supervised = Supervised(tmp_path, ("talker", talker))
    supervised.end()
    assert "for the person\n" in supervised.said.splitlines(keepends=True)
    assert "for the log\n" not in supervised.said.splitlines(keepends=True)[:2]
    assert (tmp_path / "talker.log").read_text() == "for the log\n» for the person\n"


def test_a_line_with_a_secret_reaches_the_terminal_and_no_file(tmp_path: Path) -> None:
    talker = ["sh", "-c", "echo '» for the person'; echo '»» secret'; echo \"terminal: $CONSOLE_HAS_TERMINAL\""]
    supervised = Supervised(tmp_path, ("talker", talker))
    supervised.end()
    assert "secret\n" in supervised.said.splitlines(keepends=True)
    assert (tmp_path / "talker.log").read_text() == "» for the person\nterminal: \n"


def test_a_follower_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys; "
            f"print(subprocess.Popen([sys.executable, {child.__file__!r}, 'sleep', '60']).pid, flush=True); input()",
        ],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    follower = psutil.Process(int(parent.stdout.readline()))
    while follower.cmdline() != ["sleep", "60"]:
        time.sleep(0.01)
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs([follower], timeout=20)[1] == []
