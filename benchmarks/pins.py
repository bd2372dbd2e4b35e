"""Measures the pinning of everything to a case: what a step costs at the end, how far the process grows, and who waits."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import psutil
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from auditconsole.garbage import collect_seldom
from benchmarks.figures import Aim, Figures, Growth, Pairs, Waits
from benchmarks.memory import measure_peak
from benchmarks.scan import OURS
from benchmarks.stage import Stage

AIM = Aim(at_most=1.5)
LONGEST_WAIT = 5_000  # milliseconds that somebody else's change may wait for a step
PAUSE = 0.05  # seconds between two changes of somebody else


@dataclass(frozen=True, slots=True)
class Report:
    """What the child measured: `events` pinned, `steps` in seconds, `grew` in bytes after a quarter of them and at the end, the
    bytes of the database as `size`, and the `waits` of somebody else's changes in seconds."""

    events: int
    steps: list[float]
    grew: tuple[int, int]
    size: int
    waits: list[float]


def measure_pins(stage: Stage, *, size: int) -> Figures:
    """A run of `size` events pinned by the worker's own steps, while somebody else writes, in a process with its own database."""
    until = stage.demonstration.time_of(size) if size < stage.demonstration.events else ""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.pins", until],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENSEARCH_URL": stage.url, "TRAIL_PREFIX": stage.trail.prefix},
    )
    report = Report(**json.loads(child.stdout.splitlines()[-1]))
    if report.events != size:
        raise AssertionError(f"{report.events:,} events were pinned, not {size:,}.")
    quarter = max(1, len(report.steps) // 4)
    ends = zip(report.steps[-quarter:], report.steps[:quarter], strict=True)
    rate, bytes_each = report.events / sum(report.steps), report.size / report.events
    yield Pairs(f"pins: last steps ÷ first ({rate:,.0f} /s, {bytes_each:,.0f} B)", AIM, list(ends))
    yield Growth("memory of a pin batch", (size // 4, size), (report.grew[0], report.grew[1]))
    yield Waits("change beside a pin batch", [1_000 * wait for wait in report.waits], LONGEST_WAIT)


@contextmanager
def _write_beside(waits: list[float]) -> Iterator[None]:
    """Somebody else changes a row of theirs again and again, and notes how long each change took."""
    stopped = threading.Event()

    def write() -> None:
        from accounts.models import User

        while not stopped.wait(PAUSE):
            began = time.perf_counter()
            User.objects.filter(username="else").update(name=f"{began}")
            waits.append(time.perf_counter() - began)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _start_batch(until: str) -> Any:
    """A batch that nobody works on yet, of a finished run, in a database of its own."""
    from accounts.roles import Role
    from accounts.services import create_user
    from investigations.cases import services as cases
    from investigations.evidence.services import PinWords
    from investigations.pin_batches import services as pin_batches
    from investigations.runs import services as runs

    call_command("migrate", verbosity=0)
    by = create_user(username="bench", password=token_urlsafe(), role=Role.ANALYST)
    create_user(username="else", password=token_urlsafe(), role=Role.ANALYST)
    case = cases.open_case(title="Everything", by=by)
    run = runs.start(search=replace(OURS, end=until or None), title="Everything", by=by, case=case)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    return pin_batches.start(case=case, run=run, by=by, words=PinWords("All of it"))


def main(until: str = "") -> None:
    """Pin all of a run as the worker does, and print the report."""
    from investigations.pin_batches import services as pin_batches

    collect_seldom()
    batch = _start_batch(until)
    steps: list[float] = []
    waits: list[float] = []
    before, grew, pin_step = psutil.Process().memory_info().rss, 0, pin_batches._pin_step

    def measure(batch: Any) -> None:
        nonlocal grew
        began = time.perf_counter()
        pin_step(batch)
        steps.append(time.perf_counter() - began)
        if batch.done <= batch.total // 4 or not grew:
            grew = measure_peak() - before
        if len(steps) % 100 == 0:
            print(f"{batch.done:,} of {batch.total:,}", file=sys.stderr, flush=True)

    pin_batches._pin_step = measure
    with _write_beside(waits):
        pin_batches.pin_results(batch.pk)
    batch.refresh_from_db()
    if batch.state != batch.State.FINISHED:
        raise AssertionError(f"The batch ended as {batch.state}: {batch.problem}")
    size = sum(path.stat().st_size for path in Path(settings.STATE_DIR).glob("console.sqlite3*"))
    print(json.dumps(asdict(Report(batch.done, steps, (grew, measure_peak() - before), size, waits))))


if __name__ == "__main__":
    main(*sys.argv[1:])
