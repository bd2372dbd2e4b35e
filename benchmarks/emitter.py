"""Emitting: both modes beside the client's own parallel_bulk, and how long one emit takes beside one fsync."""

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import bare
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import Stage
from benchmarks.writing import INGESTED, ready_events
from trail.connection import Trail
from trail.emitter import Durable, Emitter
from trail.spool import Spool

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


def emits(stage: Stage, *, size: int, rounds: int) -> list[Pairs]:
    """Throughput of both modes, and the latency of the spooled one."""
    documents = [unnumbered(one) for one in ready_events(size)]
    return [*_throughput(stage, documents, rounds), *_latency(stage, documents[:EMITS], rounds)]


def unnumbered(document: dict[str, Any]) -> dict[str, Any]:
    """An event before its writer numbered it."""
    event = {key: value for key, value in document["event"].items() if key != "sequence"}
    return {key: value for key, value in document.items() if key != "writer"} | {"event": event}


def _throughput(stage: Stage, documents: list[dict[str, Any]], rounds: int) -> list[Pairs]:
    stored = [{**one, "event": {**one["event"], "ingested": INGESTED}} for one in documents]
    works: dict[str, Callable[[], int]] = {
        "indexed": lambda: _indexed(stage.other_trail(f"emit{next(_numbers)}"), stage.folder, documents),
        "spooled": lambda: _spooled(stage.folder, documents),
    }
    pairs = [
        measured(
            f"emit of {len(documents):,} events, {mode}", AIM, ours=work, rounds=rounds,
            bare=lambda: bare.bulk(stage.engine, f"bare-{next(_numbers)}", stored),
        )
        for mode, work in works.items()
    ]  # fmt: skip
    bare.drop(stage.engine, "emit*", "bare-*")
    return pairs


def _indexed(trail: Trail, folder: Path, documents: list[dict[str, Any]]) -> int:
    with Emitter(trail, writer_id="bench", state=folder / f"state{next(_numbers)}") as emitter:
        return _all(emitter, documents)


def _spooled(folder: Path, documents: list[dict[str, Any]]) -> int:
    with Spool(folder / f"spool{next(_numbers)}", max_bytes=2**33) as spool:
        return _all(Emitter(None, writer_id="bench", mode="spooled", spool=spool), documents)


def _all(emitter: Emitter, documents: list[dict[str, Any]]) -> int:
    """How many became durable, given by a few threads some hundred at a time."""
    parts = [documents[start : start + TOGETHER] for start in range(0, len(documents), TOGETHER)]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = itertools.chain.from_iterable(pool.map(emitter.emit_all, parts))
        return sum(isinstance(answer, Durable) for answer in answers)


def _latency(stage: Stage, documents: list[dict[str, Any]], rounds: int) -> list[Pairs]:
    """Medians and 99th percentiles of one emit ÷ the same of one append and fsync of a bare file, pair by pair."""
    seconds: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        synced = _percentiles(_syncs(stage.folder / "bare", len(documents) // 10))
        for callers in LATENCY:
            emitted = _percentiles(_timed_emits(stage.folder, documents, callers))
            for name in LATENCY[callers]:
                seconds.setdefault((callers, name), []).append((emitted[name], synced[name]))
    return [
        Pairs(f"emit, spooled, {callers} callers, {name}", LATENCY[callers][name], pairs)
        for (callers, name), pairs in seconds.items()
    ]


def _timed_emits(folder: Path, documents: list[dict[str, Any]], callers: int) -> list[float]:
    with Spool(folder / f"spool{next(_numbers)}") as spool:
        emitter = Emitter(None, writer_id="bench", mode="spooled", spool=spool)

        def timed(document: dict[str, Any]) -> float:
            start = time.perf_counter()
            emitter.emit(document)
            return time.perf_counter() - start

        with ThreadPoolExecutor(callers) as pool:
            return list(pool.map(timed, documents))


def _syncs(path: Path, count: int) -> list[float]:
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
