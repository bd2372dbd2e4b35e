"""What the console does beside the bare engine, in one run, as ratios. README.md says how to read them."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from auditconsole.local.errors import CannotStart
from benchmarks import emitting, finding, ingesting, memory, pages, proving, reading, search, verifying, writing
from benchmarks.memory import Growth
from benchmarks.pages import Warm
from benchmarks.pairs import Pairs
from benchmarks.sizes import size
from benchmarks.stage import kept, stage
from benchmarks.verifying import Rate

Result = Pairs | Growth | Rate | Warm
# What only reads: all that is measured on a node that was filled before.
READING = ("search pages", "pages")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    events = max(options.size, options.memory_size)
    began = time.monotonic()
    _say(f"Asking {options.node} …" if options.node else f"Starting a node and writing {events:,} events …")
    results: list[Result] = []
    folder = Path(options.folder) if options.folder else None
    where = (
        kept(options.node, folder or Path(tempfile.gettempdir()), events=events, seed=options.seed)
        if options.node
        else stage(events, seed=options.seed, folder=folder)
    )
    with where as ready:
        for what, measure in {
            "firsts": lambda: finding.firsts(ready),  # which the pages after it mark and find
            "search pages": lambda: search.pages(ready, rounds=options.rounds * 4),
            "pages": lambda: pages.pages(ready, rounds=options.rounds * 4),
            "scans and exports": lambda: reading.scans(ready, rounds=options.rounds),
            "bundles": lambda: proving.exported(ready, rounds=options.rounds),
            "imports": lambda: writing.imports(ready, size=options.import_size, rounds=options.rounds),
            "emits": lambda: emitting.emits(ready, size=options.import_size, rounds=options.rounds),
            "verifying": lambda: verifying.verifications(ready, rounds=options.rounds),
            "HTTP ingest": lambda: ingesting.ingests(ready, size=options.import_size, rounds=options.rounds),
            "memory": lambda: memory.exports(ready, size=options.memory_size),
        }.items():
            if what not in (options.only or (READING if options.node else (what,))):
                continue
            _say(f"Measuring {what} …")
            results += measure()
    print(table(results))
    print(f"\n{events:,} events, {options.rounds} pairs or more each, {time.monotonic() - began:.0f} seconds in all.")
    if options.json:
        Path(options.json).write_text(json.dumps([figures(one) for one in results], indent=2) + "\n")
    return 1 if options.strict and not all(one.met for one in results) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=size, default=50_000, help="events in the trail (200k and 1m are understood)")
    parser.add_argument("--import-size", type=size, help="records of an import; a fifth of the size, at most 50,000")
    parser.add_argument("--memory-size", type=size, help="events of the export whose memory is measured; the size")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of each measurement")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", metavar="PART", action="append", help="this part alone, such as emits; may be repeated"
    )
    parser.add_argument(
        "--node", metavar="URL", help="a node that was filled before: only what reads is measured there"
    )
    parser.add_argument("--folder", metavar="DIR", help="keep the filled node here, and use it again when it is there")
    parser.add_argument("--json", metavar="FILE", help="write every figure there too")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when an aim is missed")
    options = parser.parse_args(arguments)
    options.import_size = options.import_size or min(max(options.size // 5, 5_000), 50_000)
    options.memory_size = options.memory_size or (0 if options.node else max(options.size, 50_000))
    return options


def table(results: Sequence[Result]) -> str:
    """A line for each: the median ratio, the least and the greatest, the aim, and whether it is met."""
    lines = [f"{'':34} {'ratio':>9} {'least':>9} {'greatest':>9}   {'aim':<18} met"]
    for one in results:
        if isinstance(one, Pairs):
            ratios = sorted(one.ratios)
            cells = (f"{one.ratio:.2f}", f"{ratios[0]:.2f}", f"{ratios[-1]:.2f}", str(one.aim))
        elif isinstance(one, Warm):
            took = sorted(one.took)
            cells = (*(f"{ms:.0f} ms" for ms in (took[len(took) // 2], took[0], took[-1])), f"< {pages.MOST} ms")
        elif isinstance(one, Rate):
            rates = sorted(one.rates)
            cells = (*(f"{rate:,.0f}" for rate in (rates[len(rates) // 2], rates[0], rates[-1])), f"≥ {one.least:,} /s")
        else:
            few, many = (f"{grew / memory.MB:.0f} MB" for grew in one.grew)
            cells = (many, few, many, f"< {memory.MOST // memory.MB} MB and flat")
        lines.append(
            f"{one.name:34} {cells[0]:>9} {cells[1]:>9} {cells[2]:>9}   {cells[3]:<18} {'yes' if one.met else 'NO'}"
        )
    return "\n".join(lines)


def figures(one: Result) -> dict[str, object]:
    if isinstance(one, Rate):
        return {"name": one.name, "events_per_second": one.rates, "met": one.met}
    if isinstance(one, Warm):
        return {"name": one.name, "milliseconds": one.took, "met": one.met}
    if isinstance(one, Growth):
        return {"name": one.name, "events": one.events, "grew_bytes": one.grew, "met": one.met}
    return {
        "name": one.name, "ratio": one.ratio, "ratios": one.ratios, "aim": str(one.aim), "met": one.met,
        "seconds": [{"ours": ours, "bare": bare} for ours, bare in one.seconds],
    }  # fmt: skip


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before its time."))  # and the node and its folder go too
    try:
        sys.exit(main())
    except CannotStart as error:
        sys.exit(str(error))
