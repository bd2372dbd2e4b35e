"""Ours beside the bare engine, pair by pair in one run: only the ratio within a pair is a verdict, never a time."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from auditconsole.garbage import collect_seldom

AS_PYTHON_COMES = gc.get_threshold()
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Aim:
    """`at_most` bounds the time we take over the bare engine's; `at_least` bounds our throughput over its."""

    at_most: float | None = None
    at_least: float | None = None

    def ratio(self, ours: float, bare: float) -> float:
        return ours / bare if self.at_most is not None else bare / ours

    def met(self, ratio: float) -> bool:
        return ratio <= self.at_most if self.at_most is not None else ratio >= (self.at_least or 0)

    def __str__(self) -> str:
        return f"≤ {self.at_most:.2f}" if self.at_most is not None else f"≥ {self.at_least:.2f}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds that ours and the bare engine took for the same work, side by side."""

    name: str
    aim: Aim
    seconds: list[tuple[float, float]]

    @property
    def ratios(self) -> list[float]:
        return [self.aim.ratio(ours, bare) for ours, bare in self.seconds]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool:
        return self.aim.met(self.ratio)


def measured(name: str, aim: Aim, *, ours: Work, bare: Work, rounds: int) -> Pairs:
    """Run both in turn, first one then the other at the head of a pair. What they return must be equal: the same work.

    One pair before the first is run and not counted, so that neither pays for what is cold. Ours runs as the console's
    processes do, the bare engine's client in Python as it comes.
    """
    seconds = []
    for number in range(rounds + 1):
        order = (ours, bare) if number % 2 else (bare, ours)
        took, did = {}, {}
        for work in order:
            gc.collect()
            collect_seldom() if work is ours else gc.set_threshold(*AS_PYTHON_COMES)
            start = time.perf_counter()
            did[work] = work()
            took[work] = time.perf_counter() - start
        if did[ours] != did[bare]:
            raise AssertionError(
                f"{name}: ours did {did[ours]!r} and the bare engine {did[bare]!r}; they do not compare."
            )
        if number:
            seconds.append((took[ours], took[bare]))
    return Pairs(name, aim, seconds)
