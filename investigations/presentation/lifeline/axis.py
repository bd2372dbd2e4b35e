"""Chooses the words of a lifeline's axis and flags, so that at no width two of them touch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from investigations.presentation.lifeline.picture import TIERS, Axis, AxisBreak, Caption, Extent, Flag
from investigations.presentation.lifeline.scale import DAY, HOUR, Scale, Stretch
from investigations.presentation.lifeline.words import (
    name_zone,
    to_datetime,
    write_clock,
    write_day,
    write_length,
)
from trail.times import SECOND, add_in_zone, floor_in_zone

MINUTE = 60 * SECOND
_STEPS = (SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
          DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY, 1825 * DAY)  # fmt: skip
# Pixels at least between the middles of two times, and of two lengths.
TIME_ROOM, SECONDS_ROOM, LENGTH_ROOM = 47, 58, 58
CHARACTER = 6.2  # pixels of one, about
DAY_Y, CLOCK_Y, LENGTH_Y, FLAG_Y = 16, 29, 48, 14
# How exactly a time of day is said; not at all where its day says it.
Clock = Literal["", "minutes", "seconds"]
_ANCHORS = ("middle", "start", "end")


@dataclass(slots=True)
class Shelf:
    """A row of words: what stands on it already, as (x in percent, pixels to the left and to the right, tier).

    A word is of the tier `first`, or of a wider one.
    """

    taken: list[tuple[float, float, float, int]] = field(default_factory=list)
    first: int = 0

    def put(self, x: float, width: float, anchors: Sequence[str] = _ANCHORS) -> tuple[str, str] | None:
        """A tier and an anchor for a word, as narrow a tier as there is room in; None where there is none in any."""
        for tier in range(self.first, len(TIERS)):
            for anchor in anchors:
                left = {"middle": width / 2, "start": 4, "end": width - 4}[anchor]
                if self._is_free(x, left, width - left, tier):
                    self.taken.append((x, left, width - left, tier))
                    return TIERS[tier][0], anchor
        return None

    def _is_free(self, x: float, left: float, right: float, tier: int) -> bool:
        return all(self._fits(x, left, right, wider) for wider in range(tier, len(TIERS)))

    def _fits(self, x: float, left: float, right: float, tier: int) -> bool:
        pixels = TIERS[tier][1] / 100
        if x * pixels - left < -6 or x * pixels + right > 100 * pixels + 6:
            return False
        others = (other for other in self.taken if other[3] <= tier)
        return all(
            x * pixels + right <= at * pixels - before or at * pixels + after <= x * pixels - left
            for at, before, after, _ in others
        )


def build_axis(scale: Scale) -> Axis:
    """The axis of a scale: where clusters begin, where they end, round times between, and the length of each break."""
    shelf, ticks, words = Shelf(), list[float](), list[Caption]()
    for time, has_day, clock in _choose_times(scale):
        x = scale.place(time)
        if place := shelf.put(x, SECONDS_ROOM if clock == "seconds" else TIME_ROOM):
            ticks.append(x)
            words += _write_time(time, x, place, has_day, clock)
    return Axis(tuple(ticks), tuple(words), tuple(_build_breaks(scale)))


def build_flags(flags: Iterable[Flag], scale: Scale, extent: Extent | None = None) -> tuple[Caption, ...]:
    """The words of vertical lines, the more important first, and of an extent; what has no room for its words has none."""
    wide, narrow, words = Shelf(first=1), Shelf(), list[Caption]()
    for flag in flags:
        x, look = scale.place(flag.time), f"ll-{flag.kind}t"
        if place := wide.put(x, _flag_width(flag.text), ("start", "end")):
            tier, anchor = place
            words.append(Caption(x, FLAG_Y, flag.text, look, anchor, 5 if anchor == "start" else -5, tier))
        for text in (flag.text, flag.short):
            if text and (place := narrow.put(x, _flag_width(text), ("start", "end"))) and not place[0]:
                words.append(Caption(x, FLAG_Y, text, look, place[1], 4 if place[1] == "start" else -4, "ll-narrow"))
                break
    if extent:
        words += _write_extent(extent, scale, wide)
    return tuple(words)


def place_extent(extent: Extent | None, scale: Scale) -> tuple[float, float] | None:
    """The ends of an extent in percent; None where none of it is drawn."""
    if extent is None or extent.end <= scale.start or extent.start >= scale.end:
        return None
    return scale.place(max(extent.start, scale.start)), scale.place(min(extent.end, scale.end))


def _write_extent(extent: Extent, scale: Scale, shelf: Shelf) -> Iterator[Caption]:
    """The words of an extent in its middle, in a picture so wide that they stand between its ends."""
    if (ends := place_extent(extent, scale)) is None:
        return
    middle, width = (ends[0] + ends[1]) / 2, _flag_width(extent.text)
    if place := shelf.put(middle, width, ("middle",)):
        yield Caption(round(middle, 2), FLAG_Y, extent.text, "ll-t", "middle", 0, place[0])


def _flag_width(text: str) -> float:
    return len(text) * CHARACTER + 14


def _choose_times(scale: Scale) -> Iterator[tuple[int, bool, Clock]]:
    """Times for the axis, the more telling first: whether each says its day, and how exactly its time of day."""
    if not scale.is_compressed:
        yield from _round_times(scale.stretches[0])
        return
    clusters = sorted(scale.clusters, key=lambda cluster: (cluster.length == 0, -cluster.length))
    for cluster in sorted(clusters, key=lambda cluster: cluster.start):
        yield cluster.start, True, "minutes"
    for cluster in clusters:
        if cluster.length:
            is_other_day = to_datetime(cluster.start).date() != to_datetime(cluster.end).date()
            yield cluster.end, is_other_day, "minutes"
    for cluster in clusters:
        yield from _round_times(cluster)


def _round_times(stretch: Stretch) -> Iterator[tuple[int, bool, Clock]]:
    """Round times in a stretch, as many as have room in the widest picture."""
    pixels = (stretch.right - stretch.left) * TIERS[-1][1] / 100
    most = max(pixels / TIME_ROOM, 0.1)
    step = next((step for step in _STEPS if stretch.length / step <= most), _STEPS[-1])
    zone = name_zone()
    time = floor_in_zone(stretch.start, step // SECOND, zone)
    while time <= stretch.end:
        if time >= stretch.start:
            at = to_datetime(time)
            is_midnight = (at.hour, at.minute, at.second) == (0, 0, 0)
            clock: Clock = "seconds" if time % MINUTE else "minutes"
            yield time, is_midnight or step >= DAY, "" if step >= DAY or is_midnight else clock
        time = add_in_zone(time, step // SECOND, zone)


def _write_time(time: int, x: float, place: tuple[str, str], has_day: bool, clock: Clock) -> Iterator[Caption]:
    tier, anchor = place
    dx = {"middle": 0, "start": -4, "end": 4}[anchor]
    if has_day:
        yield Caption(x, DAY_Y, write_day(time), "ll-t", anchor, dx, tier)
    if clock:
        yield Caption(x, CLOCK_Y, write_clock(time, seconds=clock == "seconds"), "ll-mono", anchor, dx, tier)


def _build_breaks(scale: Scale) -> Iterator[AxisBreak]:
    shelf, words = Shelf(), dict[int, Caption]()
    for part in sorted(scale.breaks, key=lambda part: -part.length):
        middle = (part.left + part.right) / 2
        if place := shelf.put(middle, LENGTH_ROOM, ("middle",)):
            words[part.start] = Caption(
                round(middle, 2), LENGTH_Y, write_length(part.length), "ll-quiet", "middle", 0, place[0]
            )
    for part in scale.breaks:
        middle = round((part.left + part.right) / 2, 2)
        yield AxisBreak(round(part.left, 2), round(part.right, 2), middle, words.get(part.start))
