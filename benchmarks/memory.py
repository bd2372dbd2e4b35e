"""Memory of an export, in a process of its own: how far it grows, and that four times the events do not grow it more."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from auditconsole.garbage import collect_seldom
from benchmarks.reading import export, stream
from benchmarks.stage import Stage
from trail.connection import connect
from trail.search.spec import Search

MB = 1024 * 1024
MOST = 200 * MB
# What may lie between the two sizes and still be flat: the allocator's habits, not the events.
NOISE = 16 * MB


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes by which a process grew while it exported, at a quarter of the events and at all of them."""

    name: str
    events: tuple[int, int]
    grew: tuple[int, int]

    @property
    def met(self) -> bool:
        return max(self.grew) < MOST and self.grew[1] - self.grew[0] < NOISE


def exports(stage: Stage, *, size: int) -> list[Growth]:
    """For each format, an export of a quarter of `size` events and one of all."""
    return [
        Growth(
            f"memory of an export as {format}", sizes, (_grown(stage, format, sizes[0]), _grown(stage, format, size))
        )
        for format in ("jsonl", "csv")
        for sizes in [(size // 4, size)]
    ]


def _grown(stage: Stage, format: str, events: int) -> int:
    until = stage.demonstration.time_of(events) if events < stage.demonstration.events else ""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", stage.url, format, str(stage.folder / "child"), until],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    if said["events"] != events:
        raise AssertionError(f"The export held {said['events']:,} events, not {events:,}.")
    return int(said["grew"])


def _peak() -> int:
    """The most memory this process ever held. getrusage would count its parent's, which a child begins with."""
    status = Path("/proc/self/status")
    if found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None:
        return int(found[1]) * 1024
    return psutil.Process().memory_info().rss


def main(url: str, format: str, path: str, until: str = "") -> None:
    collect_seldom()
    before = psutil.Process().memory_info().rss
    trail = connect(url, prefix="bench", timeout=120)
    events = export(stream(trail, Search(end=until or None)), format, Path(path))
    print(json.dumps({"events": events, "grew": _peak() - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
