"""Measures an import and the writer beside the client's parallel_bulk of the same final documents."""

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bare
from benchmarks.cloudtrail import records
from benchmarks.figures import Aim, Figures, Pairs
from benchmarks.pairs import measure_pairs
from benchmarks.stage import UNTIL, Stage
from operations.demonstration.generator import Demonstration, generate_events
from operations.imports import importer
from operations.imports.conversion import convert_record
from operations.imports.formats import FORMATS
from operations.imports.reader import RecordReader
from operations.imports.sources import LogSource, open_sources
from operations.imports.text_encodings import decode_chunks
from trail.connection import Trail
from trail.writing.writer import write_many

AIM = Aim(at_least=0.8)
FORMAT = FORMATS["cloudtrail"]
INGESTED = "2026-11-24T09:30:00.000000Z"


def measure_writes(stage: Stage, *, size: int, rounds: int) -> Figures:
    """Throughput of an import of a CloudTrail log, and of write_many, ÷ parallel_bulk into a bare index like the trail's."""
    log = stage.folder / "log.jsonl"
    with log.open("w") as file:
        file.writelines(f"{json.dumps(record)}\n" for record in records(size))
    imported = [
        event.document
        for source in open_sources(log)
        for record in _read(source)
        for event in convert_record(FORMAT, record).events
    ]
    ready = ready_events(size)
    yield _measure_beside_bulk(
        stage, f"import of {size:,} records", imported, lambda trail: _import(trail, log), rounds
    )
    yield _measure_beside_bulk(
        stage, f"write of {len(ready):,} events", ready, lambda trail: _write(trail, ready), rounds
    )


def ready_events(size: int) -> list[dict[str, Any]]:
    """So many events or a few more, all of one month: each side writes to one index."""
    return list(generate_events(Demonstration(max(size, 2_000), 2, UNTIL, days=20)))


def with_ingested(document: dict[str, Any]) -> dict[str, Any]:
    """An event as the index holds it: with the time at which it was taken in."""
    return {**document, "event": {**document["event"], "ingested": INGESTED}}


def _import(trail: Trail, log: Path) -> int:
    return sum(
        importer.import_records(trail, FORMAT, _read(source), rejects=io.StringIO(), source=log.name).events
        for source in open_sources(log)
    )


def _read(source: LogSource) -> RecordReader:
    return RecordReader(decode_chunks(source.chunks))


def _write(trail: Trail, documents: list[dict[str, Any]]) -> int:
    return sum(outcome.status == "created" for outcome in write_many(trail, documents))


def _measure_beside_bulk(
    stage: Stage, name: str, documents: list[dict[str, Any]], ours: Callable[[Trail], int], rounds: int
) -> Pairs:
    """Each run of either writes into an index of its own, made within the time that is taken."""
    stored = [with_ingested(document) for document in documents]
    numbers = itertools.count()
    trails = (stage.other_trail(f"into{number}") for number in numbers)
    pairs = measure_pairs(
        name,
        AIM,
        ours=lambda: ours(next(trails)),
        bare=lambda: bare.bulk(stage.engine, f"bare-{next(numbers)}", stored),
        rounds=rounds,
    )
    bare.drop(stage.engine, "into*", "bare-*")
    return pairs
