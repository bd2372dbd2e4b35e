"""Measures both modes of the emitter beside the client's parallel_bulk, and one emit beside one fsync."""

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import bare
from benchmarks.figures import Aim, Figures, Pairs
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage
from benchmarks.writer import ready_events, with_ingested
from trail.connection import Trail
from trail.spool.spool import Spool
from trail.writing.emitter import Durable, Emitter

AIM = Aim(at_least=0.85)
# A caller that comes while a sync is under way waits for that one and for its own; of a hundred, each also waits for the
# others' turns at the interpreter, which take longer than the disk does.
LATENCY = {
    1: {"p50": Aim(at_most=4), "p99": Aim(at_most=10)},
    10: {"p50": Aim(at_most=4), "p99": Aim(at_most=10)},
    100: {"p50": Aim(at_most=20), "p99": Aim(at_most=20)},
}
THREADS = 8  # twice the bulks under way, so that the next is ready when one is answered
TOGETHER = 500
EMITS = 2_000

_numbers = itertools.count()


def measure_emits(stage: Stage, *, size: int, rounds: int) -> Figures:
    """Throughput of both modes, and the latency of the spooled one."""
    documents = [without_number(document) for document in ready_events(size)]
    yield from _measure_throughput(stage, documents, rounds)
    yield from _measure_latency(stage, documents[:EMITS], rounds)


def without_number(document: dict[str, Any]) -> dict[str, Any]:
    """An event before its writer numbered it."""
    event = {key: value for key, value in document["event"].items() if key != "sequence"}
    return {key: value for key, value in document.items() if key != "writer"} | {"event": event}


def _measure_throughput(stage: Stage, documents: list[dict[str, Any]], rounds: int) -> Figures:
    stored = [with_ingested(document) for document in documents]
    works: dict[str, Callable[[], int]] = {
        "indexed": lambda: _emit_indexed(stage.other_trail(f"emit{next(_numbers)}"), stage.folder, documents),
        "spooled": lambda: _emit_spooled(stage.folder, documents),
    }
    for mode, work in works.items():
        yield measure_pairs(
            f"emit of {len(documents):,} events, {mode}",
            AIM,
            ours=work,
            bare=lambda: bare.bulk(stage.engine, f"bare-{next(_numbers)}", stored),
            rounds=rounds,
        )
    bare.drop(stage.engine, "emit*", "bare-*")


def _emit_indexed(trail: Trail, folder: Path, documents: list[dict[str, Any]]) -> int:
    with Emitter(trail, writer_id="bench", state=folder / f"state{next(_numbers)}") as emitter:
        return _emit_all(emitter, documents)


def _emit_spooled(folder: Path, documents: list[dict[str, Any]]) -> int:
    with Spool(folder / f"spool{next(_numbers)}", max_bytes=2**33) as spool:
        return _emit_all(Emitter(None, writer_id="bench", mode="spooled", spool=spool), documents)


def _emit_all(emitter: Emitter, documents: list[dict[str, Any]]) -> int:
    """How many became durable, given by a few threads some hundred at a time."""
    parts = [documents[start : start + TOGETHER] for start in range(0, len(documents), TOGETHER)]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = itertools.chain.from_iterable(pool.map(emitter.emit_all, parts))
        return sum(isinstance(answer, Durable) for answer in answers)


def _measure_latency(stage: Stage, documents: list[dict[str, Any]], rounds: int) -> Figures:
    """Medians and 99th percentiles of one emit ÷ the same of one append and fsync of a bare file, pair by pair."""
    seconds: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        synced = _percentiles(_time_syncs(stage.folder / "bare", len(documents) // 10))
        for callers in LATENCY:
            emitted = _percentiles(_time_emits(stage.folder, documents, callers))
            for name in LATENCY[callers]:
                seconds.setdefault((callers, name), []).append((emitted[name], synced[name]))
    for (callers, name), pairs in seconds.items():
        yield Pairs(f"emit, spooled, {callers} callers, {name}", LATENCY[callers][name], pairs)


def _time_emits(folder: Path, documents: list[dict[str, Any]], callers: int) -> list[float]:
    with Spool(folder / f"spool{next(_numbers)}") as spool:
        emitter = Emitter(None, writer_id="bench", mode="spooled", spool=spool)

        def time_emit(document: dict[str, Any]) -> float:
            start = time.perf_counter()
            emitter.emit(document)
            return time.perf_counter() - start

        with ThreadPoolExecutor(callers) as pool:
            return list(pool.map(time_emit, documents))


def _time_syncs(path: Path, count: int) -> list[float]:
    took = []
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            start = time.perf_counter()
            file.write(bytes(700))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - start)
    return took


def _percentiles(took: list[float]) -> dict[str, float]:
    cuts = quantiles(took, n=100)
    return {"p50": cuts[49], "p99": cuts[98]}
