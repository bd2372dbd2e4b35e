"""Runs ours beside the bare engine, pair by pair in one run: only the ratio within a pair is a verdict."""

import gc
import time
from collections.abc import Callable

from auditconsole.garbage import collect_seldom
from benchmarks.figures import Aim, Pairs

AS_PYTHON_COMES = gc.get_threshold()
Work = Callable[[], object]


def measure_pairs(name: str, aim: Aim, *, ours: Work, bare: Work, rounds: int) -> Pairs:
    """Run both in turn, first one then the other at the head of a pair. What they return must be equal: the same work.

    One pair before the first is run and not counted, so that neither pays for what is cold. Ours runs as the console's
    processes do, the bare engine's client in Python as it comes. Raises AssertionError where they did different work.
    """
    seconds = []
    for number in range(rounds + 1):
        order = (ours, bare) if number % 2 else (bare, ours)
        took, results = {}, {}
        for work in order:
            gc.collect()
            collect_seldom() if work is ours else gc.set_threshold(*AS_PYTHON_COMES)
            start = time.perf_counter()
            results[work] = work()
            took[work] = time.perf_counter() - start
        if results[ours] != results[bare]:
            raise AssertionError(
                f"{name}: ours did {results[ours]!r} and the bare engine {results[bare]!r}; they do not compare."
            )
        if number:
            seconds.append((took[ours], took[bare]))
    return Pairs(name, aim, seconds)
