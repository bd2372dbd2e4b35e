"""The axis of a lifeline: its days are those of the active time zone."""

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from investigations.presentation.lifeline.axis import DAY_Y, build_axis
from investigations.presentation.lifeline.scale import build_scale
from trail.times import parse_time


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_days_begin_at_midnight_of_the_zone_also_after_its_clocks_were_changed(zone: str) -> None:
    start, end = parse_time("2026-10-20T03:00:00Z"), parse_time("2026-10-30T03:00:00Z")
    with timezone.override(ZoneInfo(zone)):
        axis = build_axis(build_scale((), start=start, end=end, compressed=False))
    days = [word.text for word in axis.words if word.y == DAY_Y]
    assert days == [f"{day} Oct" for day in range(21, 31)][: len(days)]
    assert len(days) >= 9
    assert len(days) == len(axis.words) - sum(word.text == "12:00" for word in axis.words)
