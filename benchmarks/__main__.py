"""Measures what the console costs beside the bare engine, in one run, as ratios. README.md says how to read them."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from auditconsole.local.errors import CannotStart
from benchmarks import (
    checkpoints,
    emitter,
    first_seen,
    ingest,
    memory,
    neighbours,
    pages,
    people,
    pins,
    proofs,
    scan,
    search,
    verification,
    whole_pages,
    writer,
)
from benchmarks.figures import HEAD, Figure, Figures, line_of, record_of
from benchmarks.sizes import size
from benchmarks.stage import Stage, stage, use_kept_node

Part = Callable[[Stage, argparse.Namespace], Figures]
# First the index of first seen, which the pages after it mark and search.
PARTS: dict[str, Part] = {
    "first seen": lambda stage, options: first_seen.measure_rebuild(stage),
    "search pages": lambda stage, options: search.measure_search_pages(stage, rounds=options.rounds * 2),
    "pages": lambda stage, options: pages.measure_pages(stage, rounds=options.rounds * 2),
    "whole pages": lambda stage, options: whole_pages.measure_whole_pages(stage, rounds=options.rounds * 2),
    "people": lambda stage, options: people.measure_people(stage),
    "scans and exports": lambda stage, options: scan.measure_scans(stage, rounds=options.rounds),
    "bundles": lambda stage, options: proofs.measure_bundles(stage, rounds=options.rounds),
    "imports": lambda stage, options: writer.measure_writes(stage, size=options.import_size, rounds=options.rounds),
    "emits": lambda stage, options: emitter.measure_emits(stage, size=options.import_size, rounds=options.rounds),
    "verification": lambda stage, options: verification.measure_verification(stage, rounds=max(options.rounds - 1, 1)),
    "HTTP ingest": lambda stage, options: ingest.measure_ingest(stage, size=options.import_size, rounds=options.rounds),
    "sealing": lambda stage, options: checkpoints.measure_checkpoints(
        stage, size=options.import_size, rounds=options.rounds
    ),
    "neighbours": lambda stage, options: neighbours.measure_neighbours(stage, rounds=max(options.rounds - 1, 1)),
    "memory": lambda stage, options: memory.measure_memory(stage, size=options.memory_size),
    "pins": lambda stage, options: pins.measure_pins(stage, size=options.memory_size),
}
# What only reads: all that is measured on a node that was filled before.
READING = ("search pages", "pages")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when everything was measured, 1 when a part failed, or with --strict when an aim was missed."""
    options = _parse(arguments)
    events = max(options.size, options.memory_size)
    began = time.monotonic()
    _log(f"Asking {options.node} …" if options.node else f"Starting a node and writing {events:,} events …")
    with _open_stage(options, events) as ready:
        names = _chosen_parts(options)
        figures, failures = measure_parts({name: PARTS[name] for name in names}, ready, options)
    print(f"\n{events:,} events, {options.rounds} pairs or more each, {time.monotonic() - began:.0f} seconds in all.")
    if options.json:
        Path(options.json).write_text(json.dumps([record_of(figure) for figure in figures], indent=2) + "\n")
    missed = options.strict and not all(figure.met for figure in figures)
    return 1 if failures or missed else 0


def measure_parts(
    parts: dict[str, Part], stage: Stage, options: argparse.Namespace
) -> tuple[list[Figure], dict[str, Exception]]:
    """Measure each part and print every figure as soon as it is there. A part that fails is a line, and the next begins."""
    figures: list[Figure] = []
    failures: dict[str, Exception] = {}
    print(HEAD, flush=True)
    for name, part in parts.items():
        began = time.monotonic()
        try:
            figures += _print_each(part(stage, options))
        except Exception as error:  # noqa: BLE001  what one part dies of must not hide what the others measured
            failures[name] = error
            print(f"{name:34} FAILED: {type(error).__name__}: {error}", flush=True)
        _log(f"{name}: {time.monotonic() - began:.0f} s")
    return figures, failures


def _print_each(figures: Iterable[Figure]) -> Iterable[Figure]:
    for figure in figures:
        print(line_of(figure), flush=True)
        yield figure


def _chosen_parts(options: argparse.Namespace) -> list[str]:
    """The parts whose name holds one of the words of --only; all without it. On a kept node those that only read."""
    names = [name for name in PARTS if not options.node or name in READING]
    if not options.only:
        return names
    return [name for name in names if any(word.lower() in name.lower() for word in options.only)]


def _open_stage(options: argparse.Namespace, events: int) -> AbstractContextManager[Stage]:
    folder = Path(options.folder) if options.folder else None
    if options.node:
        return use_kept_node(options.node, folder or Path(tempfile.gettempdir()), events=events, seed=options.seed)
    return stage(events, seed=options.seed, folder=folder)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=size, default=25_000, help="events in the trail (200k and 1m are understood)")
    parser.add_argument("--import-size", type=size, help="records of an import; a fifth of the size, at most 50,000")
    parser.add_argument("--memory-size", type=size, help="events of the export whose memory is measured; the size")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of each measurement")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", metavar="WORD", action="append", help="the parts whose name holds this word; may be repeated"
    )
    parser.add_argument(
        "--node", metavar="URL", help="a node that was filled before: only what reads is measured there"
    )
    parser.add_argument("--folder", metavar="DIR", help="keep the filled node here, and use it again when it is there")
    parser.add_argument("--json", metavar="FILE", help="write every figure there too")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when an aim is missed")
    options = parser.parse_args(arguments)
    options.import_size = options.import_size or min(max(options.size // 5, 2_000), 50_000)
    options.memory_size = options.memory_size or (0 if options.node else options.size)
    if not _chosen_parts(options):
        parser.error(f"no part's name holds {' or '.join(options.only)}; there are {', '.join(PARTS)}")
    return options


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before its time."))  # and the node and its folder go too
    try:
        sys.exit(main())
    except CannotStart as error:
        sys.exit(str(error))
