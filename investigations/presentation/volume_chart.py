"""Draws how many events a day has: the trail's last days as bars with an axis, and rows as sparks of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.http import urlencode

from trail.questions.volume import DayVolume

# Pixels down; across everything is in percent, so that one picture fits every width.
BASE, TOP = 88.0, 14.0
SPARK_BASE, SPARK_HEIGHT = 20.0, 16.0
LINES = 4  # above the base
LEAST = 1.0  # of a bar, so that one event among thousands is seen
# Between two labels in a wide window and in a narrow one, and how far from the right the last may stand there.
WIDE_GAP, NARROW_GAP, WIDE_END, NARROW_END = 8.0, 24.0, 80.0, 30.0


@dataclass(frozen=True, slots=True)
class VolumeBar:
    """A day: where it stands, how high its accepted part and its denied part above it are, and its search."""

    x: float
    width: float
    accepted_y: float
    accepted_height: float
    denied_y: float
    denied_height: float
    day: DayVolume
    url: str


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """Words at a place of the axis; `is_wide` where there is room in a wide window alone."""

    at: float
    words: str
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class VolumeChart:
    """The bars, the lines above the base with their numbers, the names of the months, and up to where it is sealed."""

    bars: list[VolumeBar]
    lines: list[AxisLabel]
    months: list[AxisLabel]
    sealed: float


@dataclass(frozen=True, slots=True)
class SparkBar:
    """A day of a row: its place and height."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Spark:
    """The days of a row that have anything, and how wide each is."""

    bars: list[SparkBar]
    width: float


def build_volume_chart(days: Sequence[DayVolume], sealed_at: datetime | None) -> VolumeChart:
    """The chart of so many days, the last of which goes on. No day, no bar."""
    most, slot = max((day.events for day in days), default=0), 100 / max(len(days), 1)
    return VolumeChart(
        bars=[_build_bar(number * slot, slot, day, most) for number, day in enumerate(days)],
        lines=_draw_lines(most),
        months=_label_months(days, slot),
        sealed=_place_seal(days, sealed_at),
    )


def build_spark(counts: Sequence[int]) -> Spark:
    """A small bar a day, the last is today; days without anything have none."""
    most, slot = max(counts, default=0), 100 / max(len(counts), 1)
    heights = [max(round(count / most * SPARK_HEIGHT, 1), LEAST) if count else 0 for count in counts]
    bars = [
        SparkBar(round(number * slot, 2), round(SPARK_BASE - height, 1), height)
        for number, height in enumerate(heights)
        if height
    ]
    return Spark(bars, round(slot * 0.8, 2))


def _build_bar(x: float, slot: float, day: DayVolume, most: int) -> VolumeBar:
    denied = max(_height(day.failures, most), LEAST) if day.failures else 0.0
    accepted = max(_height(day.events - day.failures, most), LEAST) if day.events > day.failures else 0.0
    ends = {"from": day.day.isoformat(), "to": (day.day + timedelta(days=1)).isoformat()}
    return VolumeBar(
        x=round(x, 2),
        width=round(slot * 0.78, 2),
        accepted_y=round(BASE - accepted, 1),
        accepted_height=round(accepted, 1),
        denied_y=round(BASE - accepted - denied, 1),
        denied_height=round(denied, 1),
        day=day,
        url=f"{reverse('search')}?{urlencode(ends)}",
    )


def _height(amount: float, most: float) -> float:
    return amount / most * (BASE - TOP) if most else 0.0


def _draw_lines(most: int) -> list[AxisLabel]:
    """The base, and lines on round values: as many as LINES at most. The highest bar reaches the top."""
    if not most:
        return []
    power = 10 ** max(len(str(most)) - 2, 0)
    step = next(step for step in (factor * power for factor in (1, 2, 5, 10, 20, 25, 50)) if most // step <= LINES)
    return [AxisLabel(round(BASE - _height(value, most), 1), f"{value:,}") for value in range(0, most + 1, step)]


def _label_months(days: Sequence[DayVolume], slot: float) -> list[AxisLabel]:
    """The first day, and each month where it begins; what would touch another is left out."""
    labels: list[AxisLabel] = []
    narrow = -NARROW_GAP
    starts = [(number, day.day) for number, day in enumerate(days) if day.day.day == 1]
    if days and (not starts or starts[0][0] * slot >= WIDE_GAP):
        labels.append(AxisLabel(0.0, f"{days[0].day.day} {days[0].day:%B}", is_wide=False))
        narrow = 0.0
    for number, day in starts:
        at = round(number * slot, 2)
        if at > WIDE_END or (labels and at - labels[-1].at < WIDE_GAP):
            continue
        is_wide = at > NARROW_END or at - narrow < NARROW_GAP
        narrow = narrow if is_wide else at
        labels.append(AxisLabel(at, f"{day:%B}", is_wide))
    return labels


def _place_seal(days: Sequence[DayVolume], sealed_at: datetime | None) -> float:
    """Up to which place of the axis everything was sealed; it is by arrival, and what is late was sealed by then too."""
    if not days or sealed_at is None:
        return 0.0
    begin = datetime.combine(days[0].day, datetime.min.time(), sealed_at.tzinfo)
    return round(min(max((sealed_at - begin) / timedelta(days=1) / len(days), 0.0), 1.0) * 100, 2)
