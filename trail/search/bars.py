"""Reads the bars of a page: from its figures, from the events themselves where all are on it, or asked for once more, finer."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from trail.documents import get
from trail.search.bodies.histogram import Bar, Ends, StepCount, choose_step, make_bars, read_bars
from trail.search.bodies.page import build_bars
from trail.search.bodies.query import Body
from trail.search.responses import Response
from trail.search.spec import Scope, Search
from trail.times import SECOND, parse_time


def read_bars_of_page(
    figures: Response,
    search: Search,
    *,
    fine: int,
    documents: Sequence[dict[str, Any]] | None,
    ask: Callable[[Body], Response] | None,
    scope: Scope,
    zone: str = "UTC",
) -> list[Bar]:
    """Bars that sum to the number of events of the same response, the shortest that are at most so many as a page shows.

    `fine` are the seconds of the steps that the figures were asked in, `documents` all events where they are on the page, `ask`
    sends a body. Events that arrived meanwhile are in none of them: then the bars stay those of the figures.
    """
    histogram, ends = figures.get("aggregations", {}).get("histogram", {}), _read_ends(figures)
    coarse = read_bars(histogram, fine=fine, ends=ends, zone=zone)
    if ends is None or (step := choose_step(*ends, zone)) >= fine:
        return coarse
    if documents is not None:
        return make_bars(_steps_of(documents, search.stack), step, zone)
    if ask is None:
        return coarse
    finer = ask(build_bars(search, scope, step=step, zone=zone)).get("aggregations", {}).get("histogram", {})
    bars = read_bars(finer, fine=step, ends=ends, zone=zone)
    return bars if _sum(bars) == _sum(coarse) else coarse


def _read_ends(figures: Response) -> Ends | None:
    ends = figures.get("aggregations", {}).get("ends", {})
    return (ends["min_as_string"], ends["max_as_string"]) if ends.get("count") else None


def _sum(bars: Iterable[Bar]) -> int:
    return sum(bar.total for bar in bars)


def _steps_of(documents: Iterable[dict[str, Any]], stack: str) -> list[StepCount]:
    return [
        StepCount(parse_time(document["@timestamp"]) // SECOND, 1, _count_values(get(document, stack)))
        for document in documents
    ]


def _count_values(value: Any) -> dict[str, int]:
    values = value if isinstance(value, list) else [value]
    words = (str(each).lower() if isinstance(each, bool) else str(each) for each in values if each is not None)
    return dict.fromkeys(words, 1)
