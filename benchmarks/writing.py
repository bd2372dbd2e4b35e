"""Writing: an import and ready events beside the client's own parallel_bulk of the same final documents."""

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bare
from benchmarks.cloudtrail import records
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import UNTIL, Stage
from operations import importing, reading
from operations.demonstration.generate import Demonstration, stream
from operations.formats import FORMATS
from trail.connection import Trail
from trail.writer import write_many

AIM = Aim(at_least=0.8)
FORMAT = FORMATS["cloudtrail"]
INGESTED = "2026-11-24T09:30:00.000000Z"


def imports(stage: Stage, *, size: int, rounds: int) -> list[Pairs]:
    """Throughput of an import of a CloudTrail log, and of write_many, ÷ parallel_bulk into a bare index like the trail's."""
    log = stage.folder / "log.jsonl"
    with log.open("w") as file:
        file.writelines(f"{json.dumps(record)}\n" for record in records(size))
    with reading.opened(log) as source:
        imported = [
            document
            for record in reading.records(source)
            for document in importing.events_of(FORMAT, record)[0]
        ]  # fmt: skip
    ready = ready_events(size)
    return [
        _beside_bulk(stage, f"import of {size:,} records", imported, lambda trail: _import(trail, log), rounds),
        _beside_bulk(stage, f"write of {len(ready):,} events", ready, lambda trail: _write(trail, ready), rounds),
    ]


def ready_events(size: int) -> list[dict[str, Any]]:
    """So many events or a few more, all of one month: each side writes to one index."""
    return list(stream(Demonstration(max(size, 2_000), 2, UNTIL, days=20)))


def _import(trail: Trail, log: Path) -> int:
    with reading.opened(log) as source:
        rejects = io.StringIO()
        return importing.import_records(
            trail, FORMAT, reading.records(source), rejects=rejects, source=log.name
        ).written


def _write(trail: Trail, documents: list[dict[str, Any]]) -> int:
    return sum(outcome.status == "created" for outcome in write_many(trail, documents))


def _beside_bulk(
    stage: Stage, name: str, documents: list[dict[str, Any]], ours: Callable[[Trail], int], rounds: int
) -> Pairs:
    """Each run of either writes into an index of its own, made within the time that is taken."""
    stored = [{**one, "event": {**one["event"], "ingested": INGESTED}} for one in documents]
    numbers = itertools.count()
    trails = (stage.other_trail(f"into{number}") for number in numbers)
    pairs = measured(
        name,
        AIM,
        ours=lambda: ours(next(trails)),
        bare=lambda: bare.bulk(stage.engine, f"bare-{next(numbers)}", stored),
        rounds=rounds,
    )
    bare.drop(stage.engine, "into*", "bare-*")
    return pairs
