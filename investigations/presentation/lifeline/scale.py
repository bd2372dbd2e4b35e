"""Computes where each time stands on a lifeline, in percent of its width: compressed around notable times, or even.

Times are nanoseconds since 1970. Nothing here knows of HTML, events or lanes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
# Two notable times further apart than this stand in clusters of their own, with a break between them.
GAP = 6 * HOUR
NOTABLE_AT_MOST = 200
# Ends come from the engine cut to the millisecond: what is nearer is the same event.
SAME = 1_000_000
# Room before the first time, for its label, and after the last.
LEAD, TAIL = 4.0, 0.4
# What a cluster leaves free after its last time, and when nothing follows it, for a count there.
PAD, LAST_PAD = 1.4, 4.0
PAD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the scale within which time is even: `start` stands at `left` and `end` at `right` percent.

    A break is drawn narrower than its time asks for; `end - start` is the length that is written below it. The picture of a
    cluster goes on to `edge`, where the next break begins.
    """

    start: int
    end: int
    left: float
    right: float
    edge: float
    is_break: bool = False

    @property
    def length(self) -> int:
        """Nanoseconds from its start to its end."""
        return self.end - self.start

    def place(self, time: int) -> float:
        """Percent of a time; what lies outside stands at the nearer end."""
        if self.end == self.start:
            return self.left
        inside = min(max(time, self.start), self.end) - self.start
        return self.left + (self.right - self.left) * (inside / self.length)


@dataclass(frozen=True, slots=True)
class Scale:
    """The stretches of a lifeline from left to right: clusters of notable times and the breaks between them."""

    stretches: tuple[Stretch, ...]
    is_compressed: bool = True

    @property
    def start(self) -> int:
        """The first time on it."""
        return self.stretches[0].start

    @property
    def end(self) -> int:
        """The last time on it."""
        return self.stretches[-1].end

    @property
    def clusters(self) -> tuple[Stretch, ...]:
        """The stretches that are no breaks."""
        return tuple(stretch for stretch in self.stretches if not stretch.is_break)

    @property
    def breaks(self) -> tuple[Stretch, ...]:
        """The stretches that are compressed."""
        return tuple(stretch for stretch in self.stretches if stretch.is_break)

    def stretch_of(self, time: int) -> Stretch:
        """The stretch that a time lies in; the end of a cluster belongs to the cluster, not to the break after it."""
        at = bisect_right(self.stretches, time, key=lambda stretch: stretch.start) - 1
        stretch = self.stretches[max(at, 0)]
        if stretch.is_break and time == stretch.start and at > 0:
            return self.stretches[at - 1]
        return stretch

    def place(self, time: int) -> float:
        """Percent of a time, from 0 to 100, never smaller for a later time."""
        return round(self.stretch_of(time).place(time), 2)


def build_scale(notable: Iterable[int], *, start: int, end: int, compressed: bool = True) -> Scale:
    """The scale from `start` to `end`: compressed around the notable times between them, or even."""
    start, end = min(start, end), max(start, end)
    if not compressed:
        return _build_even(start, end)
    times = thin_times(time for time in notable if start <= time <= end)
    return _build_compressed(times, start, end) if times else _build_even(start, end)


def thin_times(times: Iterable[int], most: int = NOTABLE_AT_MOST) -> list[int]:
    """Different times in order, at most `most`: of more, the first and the last of each of `most / 2` equal bins."""
    ordered = sorted(set(times))
    if len(ordered) <= most:
        return ordered
    first, span, bins = ordered[0], ordered[-1] - ordered[0] + 1, most // 2
    ends: dict[int, tuple[int, int]] = {}
    for time in ordered:
        place = (time - first) * bins // span
        ends[place] = (ends[place][0] if place in ends else time, time)
    return sorted({time for pair in ends.values() for time in pair})


def part_clusters(times: Sequence[int]) -> list[list[int]]:
    """Times in order, parted wherever two are further apart than GAP."""
    clusters: list[list[int]] = []
    for time in times:
        if clusters and time - clusters[-1][-1] <= GAP:
            clusters[-1].append(time)
        else:
            clusters.append([time])
    return clusters


def _build_even(start: int, end: int) -> Scale:
    right = 100 - LAST_PAD
    return Scale((Stretch(start, end, LEAD, right, 100.0),), is_compressed=False)


def _build_compressed(times: list[int], start: int, end: int) -> Scale:
    """Clusters and breaks in turn; a break leads from `start` and to `end` where nothing notable is near."""
    clusters = part_clusters(times)
    if times[0] - start < SAME:
        clusters[0][0] = start
    elif times[0] - start <= GAP:
        clusters[0].insert(0, start)
    if end - times[-1] <= GAP:
        clusters[-1].append(end)
    edges = [(cluster[0], cluster[-1], _cluster_weight(cluster)) for cluster in clusters]
    parts: list[tuple[int, int, float, bool]] = []
    previous = start
    for first, last, weight in edges:
        if first > previous:
            parts.append((previous, first, _break_weight(first - previous), True))
        parts.append((first, last, weight, False))
        previous = last
    if end > previous:
        parts.append((previous, end, _break_weight(end - previous), True))
    return Scale(tuple(_lay_out(parts)))


def _lay_out(parts: list[tuple[int, int, float, bool]]) -> Iterable[Stretch]:
    room, whole = 100 - LEAD - TAIL, sum(weight for _, _, weight, _ in parts)
    left, covered = LEAD, 0.0
    for number, (start, end, weight, is_break) in enumerate(parts):
        covered += weight
        edge = LEAD + room * min(covered / whole, 1.0)
        pad = 0.0 if is_break else min(LAST_PAD if number == len(parts) - 1 else PAD, (edge - left) * PAD_SHARE)
        yield Stretch(start, end, left, left if start == end else edge - pad, edge, is_break)
        left = edge


def _cluster_weight(times: Sequence[int]) -> float:
    hours = (times[-1] - times[0]) / HOUR
    return float(1 + len(set(times)) ** 0.75 / 2 + log(1 + hours) / 2)


def _break_weight(length: int) -> float:
    return 0.55 + 0.42 * log(1 + length / DAY)
