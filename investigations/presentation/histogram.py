"""Builds events over time as bars and an axis that a template draws: percents across, pixels down."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import mode

from django.utils import timezone
from django.utils.safestring import SafeString

from investigations.presentation.cells import make_visible
from investigations.presentation.counts import count_events
from investigations.presentation.time_axis import Tick, build_ticks
from investigations.presentation.times import DayClock
from trail.search.bodies.histogram import Bar
from trail.search.execute import Page
from trail.search.spec import STACK, Filter, Search
from trail.times import SECOND, parse_datetime, subtract_times

# Pixels: where the bars stand, and how high the highest can be.
BASE, HEIGHT = 66.0, 61.5
# Of the room of a bar, what it takes; and how much of the whole at most, so that three bars are no walls.
_FILLED, _WIDEST = 0.8, 6.0
USUALLY_FILLED = "80.0"
OUTCOMES = ("success", "unknown", "failure")
_WORDS = {"success": "accepted", "failure": "denied"}
OTHERS = "rest"  # the name of its colour in the style sheet
ALONE = "alone"
STACKED = 5
_ROUND = (2, 4, 6, 8, 10, 12, 16)
_UNITS = ((604_800, "week"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
Link = Callable[[Search], str]


@dataclass(frozen=True, slots=True)
class BarSegment:
    """A part of a bar: from `y` down to the ground, behind those that end below it."""

    kind: str
    y: float


@dataclass(frozen=True, slots=True)
class BarShape:
    """One bar of the histogram that holds events, with the search it leads to; `number` is its place among all, `x` where it
    begins, in percent."""

    number: int
    x: str
    segments: SafeString
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One of the values that bars are stacked by: its look, its name, and how many events have it in all bars."""

    kind: str
    name: str
    count: int
    url: str | None = None

    @property
    def word(self) -> str:
        """How people call it: what was done was accepted or denied."""
        return _WORDS.get(self.name, self.name) if self.kind in (*OUTCOMES, ALONE) else self.name


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars in time order, what their parts mean, and how long one is, in words.

    From `begin` it shows `count` bars of `seconds` each, which have so much `room` each, in percent; `times` are the ends of all
    where the clocks are changed between, so that one bar is longer or shorter;
    `levels` are the numbers beside the axis, from above.
    """

    bars: list[BarShape]
    legend: list[LegendEntry]
    step: str = ""
    ticks: tuple[Tick, ...] = ()
    levels: tuple[str, ...] = ()
    begin: str = ""
    times: str = ""
    seconds: int = 0
    count: int = 0
    total: int = 0
    room: str = ""


def build_chart(page: Page, search: Search, link: Link) -> Chart:
    """Bars by what they are stacked by; each leads to its own range of time."""
    most = max((bar.total for bar in page.bars), default=0)
    if not most:
        return Chart(bars=[], legend=[])
    legend = [_with_link(entry, search, link) for entry in _build_legend(page.bars, search.stack)]
    begin, end = page.bars[0].start, page.bars[-1].end
    seconds = mode(subtract_times(bar.end, bar.start) for bar in page.bars) // SECOND
    top, room = _round_up(most), 100 / len(page.bars)
    return Chart(
        bars=_build_shapes(page.bars, top, legend, _link_times(search, link)),
        legend=legend,
        step=_describe_step(seconds),
        ticks=tuple(build_ticks(_read_wall(begin), _read_wall(end), year=timezone.localtime().year)),
        levels=tuple(_shorten(number) for number in (top, top // 2, 0)),
        begin=begin,
        times=" ".join(_list_uneven(page.bars, seconds)),
        seconds=seconds,
        count=len(page.bars),
        total=sum(bar.total for bar in page.bars),
        room=f"{room:.3f}",
    )


def _read_wall(time: str) -> datetime:
    """What the clocks of the active zone show at a time, as if they were those of UTC."""
    return timezone.localtime(parse_datetime(time)).replace(tzinfo=UTC)


def _list_uneven(bars: Sequence[Bar], seconds: int) -> list[str]:
    """Where each bar begins, and the last ends; nothing where all are of so many seconds."""
    if all(subtract_times(bar.end, bar.start) == seconds * SECOND for bar in bars):
        return []
    return [*(_without_zeros(bar.start) for bar in bars), _without_zeros(bars[-1].end)]


def _build_shapes(
    bars: Sequence[Bar], top: int, legend: list[LegendEntry], link: Callable[[str, str], str]
) -> list[BarShape]:
    room = 100 / len(bars)
    filled = f"{min(_FILLED, _WIDEST / room) * 100:.1f}"
    clock, shapes = DayClock(), []
    for number, bar in enumerate(bars):
        if not bar.total:
            continue
        parts = _counts_of(bar, legend)
        shapes.append(
            BarShape(
                number=number,
                x=f"{number * room:.2f}",
                segments=_draw_segments(_build_segments(parts, top), filled),
                label=_build_label(bar, parts, clock),
                url=link(bar.start, bar.end),
            )
        )
    return shapes


def _link_times(search: Search, link: Link) -> Callable[[str, str], str]:
    """How a range of time becomes the address of the search within it: the rest of the address is made once."""
    rest = link(replace(search, start=None, end=None))
    if rest in ("", "#"):
        return lambda start, end: rest
    rest += "" if rest.endswith("?") else "&"
    return lambda start, end: f"{rest}from={_without_zeros(start)}&to={_without_zeros(end)}"


def _without_zeros(time: str) -> str:
    return time.replace(".000Z", "Z").replace("T00:00:00Z", "")


def _name_time(time: str, clock: DayClock) -> str:
    day, time_of_day = clock.split(time)
    return day if time_of_day == "00:00:00" else f"{day} {time_of_day.removesuffix(':00')}"


def _build_legend(bars: Sequence[Bar], stack: str) -> list[LegendEntry]:
    """The commonest values over all bars, and an entry for events with further values, or with none."""
    counts: Counter[str] = Counter()
    for bar in bars:
        counts.update(bar.counts)
    if stack == STACK:
        entries = [LegendEntry(outcome, outcome, counts[outcome]) for outcome in OUTCOMES if counts[outcome]]
    else:
        commonest = counts.most_common(STACKED)
        entries = [LegendEntry(f"n{number}", name, count) for number, (name, count) in enumerate(commonest)]
    others = sum(bar.total for bar in bars) - sum(entry.count for entry in entries)
    if others > 0:
        # Below what was denied, which lies on top.
        entries.insert(len(entries) - (entries[-1:] != [] and entries[-1].kind == "failure"), _others(others))
    if len(entries) == 1 and entries[0].kind not in ("failure", OTHERS):
        return [replace(entries[0], kind=ALONE)]
    return entries


def _others(count: int) -> LegendEntry:
    return LegendEntry(OTHERS, "others or none", count)


def _with_link(entry: LegendEntry, search: Search, link: Link) -> LegendEntry:
    if entry.kind == OTHERS:
        return entry
    return replace(entry, url=link(search.with_filter(Filter(search.stack, (entry.name,)))))


def _describe_step(seconds: int) -> str:
    """How long a bar is: 10 min, 1 week."""
    for unit, name in _UNITS:
        if seconds % unit == 0:
            number = seconds // unit
            return f"{number} {name}{'s' if name == 'week' and number > 1 else ''}"
    raise AssertionError("a bar is of whole seconds")


def _round_up(most: int) -> int:
    """The next even round number, so that half of it is one as well."""
    scale = 1
    while True:
        for number in _ROUND:
            if number * scale >= most:
                return number * scale
        scale *= 10


def _shorten(number: int) -> str:
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{sign}"
    return str(number)


def _counts_of(bar: Bar, legend: list[LegendEntry]) -> list[tuple[LegendEntry, int]]:
    """What a bar holds of each entry, from below, without those it has nothing of."""
    others = bar.total - sum(bar.counts.get(entry.name, 0) for entry in legend if entry.kind != OTHERS)
    counts = [(entry, others if entry.kind == OTHERS else bar.counts.get(entry.name, 0)) for entry in legend]
    return [(entry, count) for entry, count in counts if count > 0]


def _build_label(bar: Bar, parts: list[tuple[LegendEntry, int]], clock: DayClock) -> str:
    counts = ", ".join(f"{count:,} {make_visible(entry.word)}" for entry, count in parts)
    return f"{_name_time(bar.start, clock)}: {count_events(bar.total)}{f', {counts}' if counts else ''}"


def _draw_segments(segments: Sequence[BarSegment], filled: str) -> SafeString:
    """The parts of a bar as they are drawn, the highest first: one value for the template, which has hundreds of them to write.

    How wide they are the style sheet says, but of few bars.
    """
    width = "" if filled == USUALLY_FILLED else f' width="{filled}%"'
    return SafeString("".join(f'<rect class="{part.kind}"{width} y="{part.y:g}"/>' for part in reversed(segments)))


def _build_segments(parts: list[tuple[LegendEntry, int]], top: int) -> list[BarSegment]:
    """From below; one event among a million is still to be seen."""
    segments, above = [], BASE
    for entry, count in parts:
        above = max(above - round(max(count / top * HEIGHT, 1.5), 1), 0)
        segments.append(BarSegment(entry.kind, round(above, 1)))
    return segments
