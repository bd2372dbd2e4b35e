"""How much the trail holds by the day, on the real engine."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.support.factories.events import use
from trail.connection import Trail
from trail.questions.volume import DayVolume, read_volume
from trail.search.spec import Scope

TODAY, NOBODY = date(2026, 11, 25), Scope(user_id="")


@pytest.fixture(scope="module")
def filled(trail_of: Callable[..., Trail]) -> Trail:
    return trail_of(
        use("t", at="2026-11-23T00:00:00Z"),
        use("t", at="2026-11-23T23:59:59.999Z", event__outcome="failure"),
        use("t", at="2026-11-25T08:00:00Z"),
        use("t", at="2026-11-25T09:00:00Z", event__dataset="console"),
    )


def test_every_day_since_the_earliest_event_has_its_numbers_without_a_gap(filled: Trail) -> None:
    volume = read_volume(filled, NOBODY, today=TODAY, days=90)
    assert (volume.events, volume.failures, volume.earliest) == (3, 1, "2026-11-23T00:00:00.000Z")
    assert volume.days == (
        DayVolume(date(2026, 11, 23), 2, 1),
        DayVolume(date(2026, 11, 24), 0, 0),
        DayVolume(TODAY, 1, 0),
    )


def test_only_the_last_days_are_told_apart_while_all_events_count(filled: Trail) -> None:
    volume = read_volume(filled, NOBODY, today=TODAY, days=2)
    assert volume.events == 3
    assert [day.events for day in volume.days] == [0, 1]
