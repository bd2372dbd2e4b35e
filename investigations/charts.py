"""Events over time as bars that a template draws. Nothing here asks the trail."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from trail.search.execute import Page
from trail.search.histogram import Bar
from trail.search.spec import STACK, Filter, Search

WIDTH, HEIGHT = 960, 84
OUTCOMES = ("success", "unknown", "failure")
REST = "rest"
Link = Callable[[Search], str]


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: from `y` down, `height` high."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class BarShape:
    """One bar of the histogram with what it leads to."""

    x: float
    width: float
    segments: tuple[Segment, ...]
    label: str
    url: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Part:
    """One of the values that bars are stacked by: its look, its name, and how many events have it in all bars."""

    kind: str
    name: str
    count: int
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars in time order, what their parts mean, and how long one is, in words."""

    bars: list[BarShape]
    legend: list[Part]
    step: str = ""


def histogram(page: Page, search: Search, link: Link) -> Chart:
    """Bars by what they are stacked by; each leads to its own stretch of time."""
    most = max((bar.total for bar in page.bars), default=0)
    if not most:
        return Chart([], [])
    legend = [_linked(part, search, link) for part in _legend(page.bars, search.stack)]
    slot = WIDTH / len(page.bars)
    ends = [bar.start for bar in page.bars[1:]] + [_after_last(page.bars)]
    return Chart(
        [
            BarShape(
                x=round(number * slot, 2), width=round(max(slot - 1, 1), 2),
                segments=tuple(_segments(bar, most, legend)), label=_label(bar, legend),
                url=link(replace(search, start=bar.start, end=end)), start=bar.start, end=end,
            )
            for number, (bar, end) in enumerate(zip(page.bars, ends, strict=True))
        ],
        legend,
        _step(page.bars),
    )  # fmt: skip


def _legend(bars: Sequence[Bar], stack: str) -> list[Part]:
    """The commonest values over all bars, and the rest: events with further values, or with none."""
    counts: Counter[str] = Counter()
    for bar in bars:
        counts.update(bar.counts)
    if stack == STACK:
        named = [Part(kind, kind, counts[kind]) for kind in OUTCOMES if counts[kind]]
    else:
        named = [Part(f"n{n}", name, count) for n, (name, count) in enumerate(counts.most_common(len(OUTCOMES) + 2))]
    rest = sum(bar.total for bar in bars) - sum(part.count for part in named)
    return [*named, *([Part(REST, "others or none", rest)] if rest > 0 else [])]


def _linked(part: Part, search: Search, link: Link) -> Part:
    if part.kind == REST:
        return part
    return replace(part, url=link(search.with_filter(Filter(search.stack, (part.name,)))))


def _step(bars: Sequence[Bar]) -> str:
    """How long a bar is; nothing where they are months or years, which are not all of one length."""
    if len(bars) < 2:
        return ""
    seconds = int((datetime.fromisoformat(bars[1].start) - datetime.fromisoformat(bars[0].start)).total_seconds())
    for unit, name in ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0 and seconds < 28 * 86_400:
            return f"1 {name}" if seconds == unit else f"{seconds // unit} {name}s"
    return ""


def _parts(bar: Bar, legend: list[Part]) -> list[tuple[Part, int]]:
    named = [(part, bar.counts.get(part.name, 0)) for part in legend if part.kind != REST]
    rest = [(part, bar.total - sum(count for _, count in named)) for part in legend if part.kind == REST]
    return [(part, count) for part, count in [*named, *rest] if count > 0]


def _label(bar: Bar, legend: list[Part]) -> str:
    parts = ", ".join(f"{count:,} {part.name}" for part, count in _parts(bar, legend))
    return f"{bar.start}: {bar.total:,} events{f', {parts}' if parts else ''}"


def _segments(bar: Bar, most: int, legend: list[Part]) -> list[Segment]:
    found, bottom = [], float(HEIGHT)
    for part, count in _parts(bar, legend):
        # One event among a million is still to be seen.
        height = round(max(count / most * (HEIGHT - 4), 1.5), 2)
        bottom = max(bottom - height, 0)
        found.append(Segment(part.kind, round(bottom, 2), height))
    return found


def _after_last(bars: Sequence[Bar]) -> str:
    if len(bars) < 2:
        return _plus(bars[-1].start, timedelta(seconds=1))
    first, last = (datetime.fromisoformat(bar.start) for bar in (bars[-2], bars[-1]))
    return _plus(bars[-1].start, last - first)


def _plus(time: str, step: timedelta) -> str:
    return (datetime.fromisoformat(time) + step).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
