"""Measures the scan of a run and the exports of its results beside raw scans of one point in time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from benchmarks import bare
from benchmarks.figures import Aim, Figures
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage
from investigations.exports.formats import csv, jsonl, parquet, xlsx
from investigations.exports.rows import ExportRow
from trail.connection import Trail
from trail.reserved_names import AUDIT_DATASET
from trail.search import execute
from trail.search.bodies.page import build_hits, without_documents
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Filter, Search

AIM = Aim(at_least=0.8)
SLICES, BATCH = 2, 2_000
MOST = 10_000  # events that are scanned and exported: more take longer and change no ratio
# Everything but the records of what the console did itself, which other parts of the same run write.
OURS = Search(filters=(Filter("event.dataset", (AUDIT_DATASET,), negated=True),), sort=("@timestamp", "asc"))
Writer = Callable[[Iterable[ExportRow]], Iterator[tuple[bytes, bool]]]
WRITERS: dict[str, Writer] = {"jsonl": jsonl.lines, "csv": csv.lines, "parquet": parquet.lines, "xlsx": xlsx.lines}
EXPORT_AIMS = {format: Aim(at_least=0.15 if format == "xlsx" else 0.6) for format in WRITERS}


def export(hits: Iterable[Hit], format: str, path: Path) -> int:
    """Hits into a file, each with its digest, the whole with one; how many they were."""
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for line, is_entry in WRITERS[format](map(ExportRow.of_hit, hits)):
            file.write(line)
            digest.update(line)
            count += is_entry
    return count


def read_run(trail: Trail, search: Search) -> Iterator[Hit]:
    """Everything that a search finds, as the worker writes the results of a run: by id, two chunks held at once."""
    from investigations.runs import services as runs  # which needs the console set up

    batches = execute.scan_ids(trail, search, WHOLE_TRAIL, batch=BATCH)
    return chain.from_iterable(runs.read_in_turn((batch.ids for batch in batches), WHOLE_TRAIL))


def measure_scans(stage: Stage, *, rounds: int) -> Figures:
    """Throughput of a run's scan and of the exports of its results, ÷ that of raw scans of what they read."""
    from investigations.runs import services as runs

    search = OURS
    if stage.demonstration.events > MOST:
        search = replace(OURS, end=stage.demonstration.time_of(MOST))
    documents = build_hits(search, WHOLE_TRAIL, size=BATCH)
    file = stage.folder / "export"
    chunks = [batch.ids for batch in execute.scan_ids(stage.trail, search, WHOLE_TRAIL, batch=BATCH)]

    def scan_ids() -> int:
        return sum(len(batch.ids) for batch in execute.scan_ids(stage.trail, search, WHOLE_TRAIL, batch=BATCH))

    def scan_ids_raw() -> int:
        return bare.scan(stage.engine, stage.indices, without_documents(documents), slices=1)

    def scan_raw() -> int:
        return bare.scan(stage.engine, stage.indices, documents, slices=SLICES)

    yield measure_pairs("scan of a run", AIM, ours=scan_ids, bare=scan_ids_raw, rounds=rounds)
    for format in WRITERS:

        def write_results(format: str = format) -> int:
            return export(chain.from_iterable(runs.read_in_turn(chunks, WHOLE_TRAIL)), format, file)

        yield measure_pairs(
            f"export of a run as {format}", EXPORT_AIMS[format], ours=write_results, bare=scan_raw, rounds=rounds
        )
