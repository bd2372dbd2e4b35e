"""Measures how soon an event stands under a signed, served checkpoint, and whether sealing keeps up with HTTP ingest."""

import http.client
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management import call_command
from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

from auditconsole.garbage import collect_seldom
from auditconsole.local.ports import find_free_port, is_free
from auditconsole.local.processes import run_program
from auditconsole.local.web import build_command
from auditconsole.management.commands.console import programs
from benchmarks.emitter import without_number
from benchmarks.figures import Aim, Figures, Pairs, Waits
from benchmarks.stage import Stage
from benchmarks.writer import ready_events
from core.connection import trail
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from trail.mapping import install

PREFIX = "sealed"
AIM = Aim(at_least=1.0)
SOON = 1_000  # milliseconds from an event to the checkpoint that covers it, of 99 in 100
BEHIND = 2_000  # milliseconds that sealing may be behind a stream of writes: the step that is under way, and another
EVENTS_A_ROUND = 40  # sent one by one
PAUSE = 1.5  # seconds between two of them, at most
POLL = 0.002  # seconds between two looks at the log's folder
KEEPERS = ("keeper", "first-seen")  # the console's processes that take what arrives


@dataclass(frozen=True, slots=True)
class Report:
    """What the child measured, in seconds: `waits` of single events, `bulks` from the first request to the last answer, `behind`
    until all of that was sealed, and `backlogs`, as much written while nobody sealed, and then sealed."""

    waits: list[float]
    bulks: list[float]
    behind: list[float]
    backlogs: list[tuple[float, float]]


def measure_checkpoints(stage: Stage, *, size: int, rounds: int) -> Figures:
    """In a process with a database and a log of its own, whose rows no other part of the benchmark knows."""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.checkpoints", str(size), str(rounds)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENSEARCH_URL": stage.url, "TRAIL_PREFIX": PREFIX},
    )
    report = Report(**json.loads(child.stdout.splitlines()[-1]))
    yield Waits("event to served checkpoint", [1_000 * wait for wait in report.waits], SOON)
    yield Waits(f"behind after {size:,} by HTTP", [1_000 * wait for wait in report.behind], BEHIND)
    yield Pairs("sealing ÷ parallel_bulk by HTTP", AIM, [(sealed, written) for written, sealed in report.backlogs])


class Console:
    """The web server over an empty trail, and keys to write and to read the log with."""

    def __init__(self, folder: Path) -> None:
        from accounts.services import make_first_admin
        from operations.writers.keys import make_key

        self._events = itertools.count()
        self.folder, self.port, self.log = folder, find_free_port(), LogDirectory()
        admin = make_first_admin(username="ada", password="correct horse battery", name="Ada")
        self.dataset = ready_events(1)[0]["event"]["dataset"]
        _, self._writer = make_key(name="Write", scope="events:write", by=admin, writer="bench", dataset=self.dataset)
        _, self._reader = make_key(name="Read", scope="log:read", by=admin)
        self._engine = OpenSearch(
            [f"http://127.0.0.1:{self.port}/api/v1/ingest"],
            headers={"Authorization": f"Bearer {self._writer}"},
            timeout=120,
            pool_maxsize=16,
        )

    def request(self, method: str, path: str, key: str, body: bytes = b"") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, body, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(content[:1_000].decode())
        return content

    def write_event(self, document: dict[str, Any]) -> str:
        """Send one event; its id."""
        self.request("POST", "/api/v1/events", self._writer, orjson.dumps(document))
        return str(document["event"]["id"])

    def write_bulk(self, documents: list[dict[str, Any]]) -> int:
        """Send events as the engine's own client does; how many were created."""
        actions = ({"_op_type": "create", "_index": "any", "_source": document} for document in documents)
        return sum(created for created, _ in parallel_bulk(self._engine, actions))

    def read_size(self) -> int:
        """The size of the checkpoint that is served."""
        return int(self.request("GET", "/log/checkpoint", self._reader).split(b"\n")[1])

    def await_leaf(self, event_id: str, start: int) -> float:
        """The monotonic time at which a checkpoint is served that covers an event, which is none of the first leaves."""
        note = None
        while True:
            if (newest := self.log.note()) == note:
                time.sleep(POLL)
                continue
            note, size, now = newest, self.read_size(), time.monotonic()
            if event_id in self._await_ids(start, size):
                return now

    def _await_ids(self, start: int, end: int) -> list[str]:
        """The ids of leaves that are signed, which are written a moment later."""
        while True:
            try:
                return list(self.log.ids(start, end))
            except LogDamaged:
                time.sleep(POLL)

    def new_documents(self, count: int) -> list[dict[str, Any]]:
        """Events that the trail does not hold yet."""
        documents = [without_number(document) for document in ready_events(count)[:count]]
        return [
            {**document, "event": {**document["event"], "id": f"bench-{next(self._events)}"}} for document in documents
        ]


@contextmanager
def _run_console(folder: Path) -> Iterator[Console]:
    call_command("migrate", verbosity=0)
    install(trail())
    console = Console(folder)
    command = build_command(f"127.0.0.1:{console.port}", int(os.environ.get("WEB_WORKERS", "2")))
    with _run(folder, "web", command, lambda: not is_free(console.port)):
        yield console


@contextmanager
def _run_keepers(console: Console) -> Iterator[None]:
    """What `make up` runs beside the web that reads every event."""
    with ExitStack() as stack:
        for child in programs(console.folder):
            if child.name in KEEPERS:
                stack.enter_context(_run(console.folder, child.name, child.command, lambda: True))
        last = console.write_event(console.new_documents(1)[0])
        console.await_leaf(last, 0)
        yield


@contextmanager
def _run(folder: Path, name: str, command: list[str], answers: Callable[[], bool]) -> Iterator[None]:
    environment = [f"PYTHONPATH={settings.BASE_DIR}", "INGEST_OLDEST_DAYS=36500", "INGEST_RATE=1000000"]
    with run_program(["env", *environment, *command], name=name, log=folder / f"{name}.log", answers=answers):
        yield


def _measure_waits(console: Console, chance: random.Random) -> Iterator[float]:
    """Of single events, which come at no particular time."""
    for document in console.new_documents(EVENTS_A_ROUND):
        time.sleep(chance.uniform(0, PAUSE))
        start, began = console.read_size(), time.monotonic()
        yield console.await_leaf(console.write_event(document), start) - began


def _measure_bulk(console: Console, size: int) -> tuple[float, float]:
    """Seconds that the writing took, and from then until everything was sealed."""
    documents = console.new_documents(size)
    start, began = console.read_size(), time.monotonic()
    _expect(console.write_bulk(documents), size)
    written = time.monotonic()
    while console.read_size() < start + size:
        time.sleep(POLL)
    return written - began, time.monotonic() - written


def _measure_backlog(console: Console, size: int) -> tuple[float, float]:
    """Seconds that the writing took, and that the sealing takes afterwards."""
    documents = console.new_documents(size)
    began = time.monotonic()
    _expect(console.write_bulk(documents), size)
    written = time.monotonic()
    sealed = 0
    with console.log.locked():
        sealer = Sealer(console.log)
        while count := sealer.step():
            sealed += count
    if sealed < size:
        raise AssertionError(f"Of {size:,} events {sealed:,} were sealed.")
    return written - began, time.monotonic() - written


def _expect(created: int, size: int) -> None:
    if created != size:
        raise AssertionError(f"Of {size:,} events {created:,} were created.")


def main(size: str, rounds: str) -> None:
    """Measure, and print a report as JSON."""
    collect_seldom()
    chance = random.Random(1)
    report = Report([], [], [], [])
    with _run_console(Path(settings.STATE_DIR)) as console:
        with _run_keepers(console):
            for _ in range(int(rounds)):
                report.waits.extend(_measure_waits(console, chance))
            for _ in range(int(rounds)):
                written, behind = _measure_bulk(console, int(size))
                report.bulks.append(written)
                report.behind.append(behind)
        for _ in range(int(rounds)):
            report.backlogs.append(_measure_backlog(console, int(size)))
    print(json.dumps(asdict(report)))


if __name__ == "__main__":
    main(*sys.argv[1:])
