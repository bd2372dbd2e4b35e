"""Measures how far a process grows while it exports, and that four times the events do not grow it more."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil

from auditconsole.garbage import collect_seldom
from benchmarks.figures import Figures, Growth
from benchmarks.scan import OURS, WRITERS, export, read_run
from benchmarks.stage import Stage
from trail.connection import connect


def measure_memory(stage: Stage, *, size: int) -> Figures:
    """For each format, an export of a quarter of `size` events and one of all."""
    sizes = (size // 4, size)
    for format in WRITERS:
        few, many = (_measure_growth(stage, format, events) for events in sizes)
        yield Growth(f"memory of an export as {format}", sizes, (few, many))


def _measure_growth(stage: Stage, format: str, events: int) -> int:
    until = stage.demonstration.time_of(events) if events < stage.demonstration.events else ""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", stage.url, format, str(stage.folder / "child"), until],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    report = json.loads(child.stdout)
    if report["events"] != events:
        raise AssertionError(f"The export held {report['events']:,} events, not {events:,}.")
    return int(report["grew"])


def measure_peak() -> int:
    """The most memory this process ever held. getrusage would count its parent's, which a child begins with."""
    status = Path("/proc/self/status")
    if peak := re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None:
        return int(peak[1]) * 1024
    return psutil.Process().memory_info().rss


def main(url: str, format: str, path: str, until: str = "") -> None:
    collect_seldom()
    before = psutil.Process().memory_info().rss
    trail = connect(url, prefix="bench", timeout=120)
    events = export(read_run(trail, replace(OURS, end=until or None)), format, Path(path))
    print(json.dumps({"events": events, "grew": measure_peak() - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
