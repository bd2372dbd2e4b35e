"""Defines what a benchmark reports: ratios of pairs, rates, latencies and growth, each with its aim."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

MB = 1024 * 1024


class Figure(Protocol):
    """One line of the table."""

    @property
    def name(self) -> str: ...
    @property
    def met(self) -> bool: ...

    def cells(self) -> tuple[str, str, str, str]:
        """The median, the least, the greatest, and the aim, as text."""
        ...

    def as_json(self) -> dict[str, Any]:
        """The raw values behind the line."""
        ...


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
        return statistics.median(self.ratios)

    @property
    def met(self) -> bool:
        return self.aim.met(self.ratio)

    def cells(self) -> tuple[str, str, str, str]:
        ratios = self.ratios
        return f"{self.ratio:.2f}", f"{min(ratios):.2f}", f"{max(ratios):.2f}", str(self.aim)

    def as_json(self) -> dict[str, Any]:
        seconds = [{"ours": ours, "bare": bare} for ours, bare in self.seconds]
        return {"ratio": self.ratio, "ratios": self.ratios, "aim": str(self.aim), "seconds": seconds}


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per second of processor time, in each round; the median is at least `least`."""

    name: str
    rates: list[float]
    least: int

    @property
    def met(self) -> bool:
        return statistics.median_high(self.rates) >= self.least

    def cells(self) -> tuple[str, str, str, str]:
        values = (statistics.median_high(self.rates), min(self.rates), max(self.rates))
        median, least, greatest = (f"{rate:,.0f}" for rate in values)
        return median, least, greatest, f"≥ {self.least:,} /s"

    def as_json(self) -> dict[str, Any]:
        return {"events_per_second": self.rates}


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds that each page took once warm; the aim, if there is one, is for the median page."""

    name: str
    milliseconds: list[float]
    most: float = math.inf

    @property
    def met(self) -> bool:
        return statistics.median(self.milliseconds) < self.most

    def cells(self) -> tuple[str, str, str, str]:
        values = (statistics.median_high(self.milliseconds), min(self.milliseconds), max(self.milliseconds))
        median, least, greatest = (f"{value:.0f} ms" for value in values)
        return median, least, greatest, "" if math.isinf(self.most) else f"< {self.most:.0f} ms"

    def as_json(self) -> dict[str, Any]:
        return {"milliseconds": self.milliseconds}


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds that each of many took; of 99 in 100, or of another part of them, they are at most `most`, and none failed.
    Its cells are the 50th and that percentile, and the greatest."""

    name: str
    milliseconds: list[float]
    most: float
    part: float = 0.99
    errors: int = 0

    @property
    def percentiles(self) -> tuple[float, float]:
        ordered = sorted(self.milliseconds)
        return tuple(ordered[math.ceil(len(ordered) * part) - 1] for part in (0.5, self.part))  # type: ignore[return-value]

    @property
    def met(self) -> bool:
        return self.percentiles[1] <= self.most and not self.errors

    def cells(self) -> tuple[str, str, str, str]:
        median, late, greatest = (f"{value:.0f} ms" for value in (*self.percentiles, max(self.milliseconds)))
        failed = f", {self.errors:,} failed" if self.errors else ""
        return median, late, greatest, f"p{self.part * 100:.0f} ≤ {self.most:.0f} ms{failed}"

    def as_json(self) -> dict[str, Any]:
        return {"milliseconds": self.milliseconds, "errors": self.errors}


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes by which a process grew, at a quarter of the events and at all of them.

    It is less than `most`, and flat: what lies between the two is within `noise`, the allocator's habits.
    """

    name: str
    events: tuple[int, int]
    grew: tuple[int, int]
    most: int = 200 * MB
    noise: int = field(default=16 * MB)

    @property
    def met(self) -> bool:
        return max(self.grew) < self.most and self.grew[1] - self.grew[0] < self.noise

    def cells(self) -> tuple[str, str, str, str]:
        few, many = (f"{grew / MB:.0f} MB" for grew in self.grew)
        return many, few, many, f"< {self.most // MB} MB and flat"

    def as_json(self) -> dict[str, Any]:
        return {"events": self.events, "grew_bytes": self.grew}


Figures = Iterator[Figure]
HEAD = f"{'':34} {'ratio':>9} {'least':>9} {'greatest':>9}   {'aim':<20} met"


def line_of(figure: Figure) -> str:
    """The figure as a line of the table under HEAD."""
    median, least, greatest, aim = figure.cells()
    return f"{figure.name:34} {median:>9} {least:>9} {greatest:>9}   {aim:<20} {'yes' if figure.met else 'NO'}"


def record_of(figure: Figure) -> dict[str, Any]:
    """The figure as an object of the JSON file."""
    return {"name": figure.name, **figure.as_json(), "met": figure.met}
