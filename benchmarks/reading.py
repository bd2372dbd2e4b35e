"""Reading everything: the streaming scan and the exports beside a raw sliced scan of one point in time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from benchmarks import bare
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import Stage
from investigations.exports import csv, jsonl
from investigations.exports.rows import Row
from trail.connection import Trail
from trail.search import bodies, execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_least=0.8)
SLICES, BATCH = 2, 2_000
WRITERS: dict[str, Callable[[Iterable[Row]], Iterator[bytes]]] = {"jsonl": jsonl.lines, "csv": csv.lines}
FIRST_LINE = {"jsonl": 0, "csv": 1}  # a CSV begins with its header


def export(hits: Iterable[Hit], format: str, path: Path) -> int:
    """Hits into a file, each with its digest, the whole with one; how many they were."""
    digest, count = hashlib.sha256(), -FIRST_LINE[format]
    with path.open("wb") as file:
        for line in WRITERS[format](map(Row.of_hit, hits)):
            file.write(line)
            digest.update(line)
            count += 1
    return count


def stream(trail: Trail, search: Search) -> Iterator[Hit]:
    return execute.stream(trail, search, WHOLE_TRAIL, slices=SLICES, batch=BATCH)


def scans(stage: Stage, *, rounds: int) -> list[Pairs]:
    """Throughput of the stream, and of each export, ÷ that of the raw scan of the same body in as many threads."""
    from investigations.services import runs  # which needs the console set up

    search = Search(sort=("@timestamp", "asc"))
    body = bodies.hits(search, WHOLE_TRAIL, size=BATCH)
    scanned = execute.scan(stage.trail, search, WHOLE_TRAIL, batch=BATCH)
    found = [[(hit.index, hit.event_id) for hit in batch.hits] for batch in scanned]
    file = stage.folder / "export"

    def raw() -> int:
        return bare.scan(stage.engine, stage.indices, body, slices=SLICES)

    ours: dict[str, Callable[[], int]] = {"streaming scan": lambda: sum(1 for _ in stream(stage.trail, search))}
    for format in WRITERS:
        ours[f"export as {format}"] = lambda format=format: export(stream(stage.trail, search), format, file)
    ours["export of a run as jsonl"] = lambda: export(
        chain.from_iterable(runs.in_turn(found, WHOLE_TRAIL)), "jsonl", file
    )
    return [measured(name, AIM, ours=work, bare=raw, rounds=rounds) for name, work in ours.items()]
