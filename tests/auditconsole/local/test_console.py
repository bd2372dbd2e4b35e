"""The console from nothing to Ctrl-C, as `make up` runs it: every part of its own, and none of them left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import requests
from django.conf import settings
from selectolax.lexbor import LexborHTMLParser

from auditconsole.local import distribution
from auditconsole.local.ports import find_free_port
from operations.management.commands.demo_people import PASSWORD

EVENTS = 2_000


@dataclass
class Machine:
    """A machine with nothing on it, where the console is started again and again."""

    state: Path
    port: int = field(default_factory=find_free_port)

    def __post_init__(self) -> None:
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("OPENSEARCH_URL", "OPENSEARCH_USER", "OPENSEARCH_PASSWORD", "REDIS_URL")
        } | {
            "CONSOLE_STATE_DIR": str(self.state),
            "WEB_PORT": str(self.port),
            "OPENSEARCH_PORT": str(find_free_port()),
            "DEMO_EVENTS": str(EVENTS),
            "OPENSEARCH_HEAP": "512m",
            "WORKERS": "1",
            "WEB_WORKERS": "1",
        }

    def start(self) -> "Started":
        started = Started(
            subprocess.Popen(
                [sys.executable, "manage.py", "console"],
                cwd=settings.BASE_DIR,
                env=self.environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )
        started.hear_address()
        return started


class Started:
    """The console while it runs, and every process it has."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.said = process, ""
        self.processes: list[psutil.Process] = []

    def hear_address(self) -> None:
        assert self.process.stdout is not None
        while "Ctrl-C stops everything." not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        self.processes = psutil.Process(self.process.pid).children(recursive=True)

    def end(self, with_signal: signal.Signals | None = None) -> int:
        """As Ctrl-C does it, the signal goes to the whole group. What is said to the end is kept."""
        if with_signal is not None:
            os.killpg(self.process.pid, with_signal)
        self.said += self.process.communicate()[0]
        return self.process.returncode

    def left(self) -> list[psutil.Process]:
        return psutil.wait_procs(self.processes, timeout=20)[1]


@pytest.fixture
def machine() -> Iterator[Machine]:
    distribution.build_class_path()  # fetched by now, as after a first start
    machine = Machine(Path(tempfile.mkdtemp(prefix="machine-")) / "state")
    yield machine
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("CONSOLE_STATE_DIR") == str(machine.state):
            process.kill()


def sign_in(url: str) -> requests.Session:
    """As a person does it: the form, with its token."""
    session = requests.Session()
    page = session.get(f"{url}/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None
    answer = session.post(
        f"{url}/accounts/login/",
        {"csrfmiddlewaretoken": token[1], "login": "alice", "password": PASSWORD},
        headers={"Referer": url},
    )
    assert answer.url == f"{url}/home/"
    return session


def all_events(url: str) -> str:
    with sign_in(url) as session:
        return session.get(f"{url}/", params={"q": "event.dataset:demonstration"}).text


def incidents(url: str) -> list[str]:
    """Each incident as its row has it."""
    with sign_in(url) as session:
        page = LexborHTMLParser(session.get(f"{url}/incidents/").text)
    assert page.css("h1")[0].text() == "Platform health"
    return [row.text(separator=" ", strip=True) for row in page.css("tbody tr")]


def test_the_console_starts_shows_events_stops_starts_again_and_never_leaves_a_process(machine: Machine) -> None:
    first = machine.start()
    url = f"http://127.0.0.1:{machine.port}"
    assert f"The console is at {url}\n" in first.said
    assert "Sign in as alice" in first.said
    assert f"Loading the demonstration, {EVENTS:,} events in all" in first.said
    page = all_events(url)
    assert f"of <b>{EVENTS:,}</b> events" in page
    assert incidents(url) == []
    assert not [str(path) for path in machine.state.rglob("*") if path.lstat().st_mode & 0o077]
    assert first.end(signal.SIGINT) == 0
    assert first.said.endswith("Stopping …\nEverything has stopped.\n")
    assert first.left() == []

    second = machine.start()
    assert "Loading" not in second.said
    assert f"of <b>{EVENTS:,}</b> events" in all_events(url)
    assert not [str(path) for path in machine.state.rglob("*") if path.lstat().st_mode & 0o077]
    assert incidents(url) == []  # neither starting nor stopping is one
    worker = next(process for process in second.processes if "runs,exports" in process.cmdline())
    worker.kill()
    assert second.end() == 1
    log = machine.state / "logs" / "worker.log"
    assert (
        f"worker was killed (by the system, if memory ran out), so everything was stopped; {log} says why:"
        in second.said
    )
    assert second.left() == []


def test_a_busy_port_is_one_sentence_and_starts_nothing(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        refused = subprocess.run(
            [sys.executable, "manage.py", "console"],
            cwd=settings.BASE_DIR,
            env=machine.environment,
            text=True,
            capture_output=True,
            check=False,
        )
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == (
        f"CommandError: Port {machine.port} is in use; stop what listens there, or set WEB_PORT to another port.\n"
    )


def test_a_setting_that_cannot_be_read_is_named(machine: Machine) -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "console"],
        cwd=settings.BASE_DIR,
        text=True,
        capture_output=True,
        check=False,
        env=machine.environment | {"OPENSEARCH_PORT": "many"},
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("OPENSEARCH_PORT is set to 'many', which cannot be read: ")
    assert len(refused.stderr.splitlines()) == 1
