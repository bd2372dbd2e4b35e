"""Reading everything: the streaming scan and the exports beside a raw sliced scan of one point in time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import bare
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import Stage
from investigations.exports import csv, jsonl
from investigations.exports.rows import Row
from trail.connection import Trail
from trail.search import bodies, execute
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_least=0.8)
SLICES, BATCH = 2, 2_000
WRITERS: dict[str, Callable[[Iterable[Row]], Iterator[bytes]]] = {"jsonl": jsonl.lines, "csv": csv.lines}


def export(trail: Trail, search: Search, format: str, path: Path) -> int:
    """Everything that matches into a file, each event with its digest, the whole with one; how many events."""
    digest, count = hashlib.sha256(), 0

    def rows() -> Iterator[Row]:
        nonlocal count
        for hit in execute.stream(trail, search, WHOLE_TRAIL, slices=SLICES, batch=BATCH):
            count += 1
            yield Row.of_hit(hit)

    with path.open("wb") as file:
        for line in WRITERS[format](rows()):
            file.write(line)
            digest.update(line)
    return count


def scans(stage: Stage, *, rounds: int) -> list[Pairs]:
    """Throughput of the stream, and of each export over it, ÷ that of the raw scan of the same body in as many threads."""
    search = Search(sort=("@timestamp", "asc"))
    body = bodies.hits(search, WHOLE_TRAIL, size=BATCH)

    def raw() -> int:
        return bare.scan(stage.engine, stage.indices, body, slices=SLICES)

    def streamed() -> int:
        return sum(1 for _ in execute.stream(stage.trail, search, WHOLE_TRAIL, slices=SLICES, batch=BATCH))

    ours: dict[str, Callable[[], int]] = {"streaming scan": streamed} | {
        f"export as {format}": lambda format=format: export(stage.trail, search, format, stage.folder / "export")
        for format in WRITERS
    }
    return [measured(name, AIM, ours=work, bare=raw, rounds=rounds) for name, work in ours.items()]
