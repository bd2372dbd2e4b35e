"""Impossible travel: distances, and that reading a part of the sightings finds every leap among all of them."""

from collections import defaultdict
from itertools import pairwise
from math import asinh, atan2, cos, floor, hypot, pi, radians, sin, tan

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trail.questions import travel
from trail.questions.travel import LEAST, Place, Sighting, Stay

BERLIN, OSAKA, POTSDAM, POLE = (52.52, 13.40), (34.69, 135.50), (52.39, 13.06), (90.0, 0.0)
DAY = 86_400_000
WEST, WESTER = (52.5, 12.0), (52.5, 10.7)  # each less than 100 km from the one before, beginning in Berlin
places = st.sampled_from((BERLIN, OSAKA, POTSDAM, WEST, WESTER, (-77.85, 166.67)))
anywhere = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
# At the same instant, some time apart, or within three milliseconds of the fastest journey there is.
gaps = st.one_of(
    st.just(0), st.integers(0, 3_000_000), st.integers(0, 3 * DAY * 1_000_000),
    st.integers(-3_000_000, 3_000_000).map(lambda about: ("fastest", about)),
)  # fmt: skip
steps_taken = st.lists(st.tuples(gaps, places), max_size=12)
Step = tuple[int | tuple[str, int], Place]


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [((51.5074, -0.1278), (40.7128, -74.0060), 5_570), (BERLIN, POTSDAM, 27.2), (BERLIN, BERLIN, 0), ((0.0, 179.9), (0.0, -179.9), 22.2), (POLE, (90.0, 120.0), 0),
     (POLE, (-90.0, 0.0), 20_015)],
)  # fmt: skip
def test_a_distance_is_that_of_the_great_circle(one: Place, other: Place, kilometres: float) -> None:
    assert travel.measure_distance(one, other) == pytest.approx(kilometres, abs=1)


@given(anywhere, anywhere)
def test_a_distance_is_the_angle_between_two_directions_from_the_middle_of_the_earth(one: Place, other: Place) -> None:
    (a, b, c), (x, y, z) = (_direction(place) for place in (one, other))
    across = hypot(b * z - c * y, c * x - a * z, a * y - b * x)
    assert travel.measure_distance(one, other) == pytest.approx(
        travel.RADIUS * atan2(across, a * x + b * y + c * z), abs=1e-3
    )


def _direction(place: Place) -> tuple[float, float, float]:
    north, east = radians(place[0]), radians(place[1])
    return cos(north) * cos(east), cos(north) * sin(east), sin(north)


@given(anywhere, anywhere, anywhere)
def test_a_distance_is_the_same_there_and_back_and_no_way_round_is_shorter(
    one: Place, other: Place, third: Place
) -> None:
    there = travel.measure_distance(one, other)
    assert there == pytest.approx(travel.measure_distance(other, one), abs=1e-6)
    assert 0 <= there <= 20_016
    assert there <= travel.measure_distance(one, third) + travel.measure_distance(third, other) + 1e-3


@given(st.tuples(st.floats(-85, 85), st.floats(-180, 179.999)))
def test_the_middle_of_a_tile_is_the_place_to_within_a_few_centimetres(place: Place) -> None:
    assert travel.measure_distance(travel.find_middle(_tile(place)), place) < travel._ROUNDING


def _tile(place: Place) -> str:
    tiles = 2**29
    x = floor((place[1] + 180) / 360 * tiles)
    y = floor((1 - asinh(tan(radians(place[0]))) / pi) / 2 * tiles)
    return f"29/{min(x, tiles - 1)}/{min(max(y, 0), tiles - 1)}"


def _journey(steps: list[Step]) -> list[Sighting]:
    """Sightings, each so many nanoseconds after the one before, or about as long as the fastest journey takes."""
    found: list[Sighting] = []
    now, last = 1_700_000_000_000_000_000, BERLIN
    for number, (gap, place) in enumerate(steps):
        fastest = round(travel.measure_distance(last, place) / travel.FASTEST * 3_600e9)
        now, last = now + (max(fastest + gap[1], 0) if isinstance(gap, tuple) else gap), place
        found.append(Sighting(f"{number:03d}", str(now), now, place))
    return found


def _stays(sightings: list[Sighting]) -> list[Stay]:
    """What the engine says of them."""
    seen: dict[tuple[int, Place], list[int]] = defaultdict(list)
    for one in sightings:
        seen[(one.instant // 1_000_000 // DAY, one.place)].append(one.instant // 1_000_000)
    return [Stay(min(times), max(times), place) for (_, place), times in seen.items()]


@given(steps_taken)
@example([(0, OSAKA), (DAY, BERLIN), (1_000_000, WEST), (1_000_000, WESTER), (1_000_000, (-77.85, 166.67))])
@settings(max_examples=400)
def test_reading_a_part_finds_every_leap_among_all_and_no_other(steps: list[Step]) -> None:
    everything = _journey(steps)
    planned = travel.plan_reading(_stays(everything))
    read = [one for one in everything if any(a <= one.instant // 1_000_000 <= b for a, b in planned.windows)]
    assert list(travel.find_leaps(read, planned.segments)) == list(travel.find_leaps(everything))


@given(steps_taken)
def test_a_leap_is_two_sightings_in_a_row_too_far_apart_for_the_time(steps: list[Step]) -> None:
    everything = _journey(steps)
    found = list(travel.find_leaps(everything))
    assert {(leap.before, leap.after) for leap in found} <= set(pairwise(everything))
    for leap in found:
        assert leap.kilometres >= LEAST
        assert leap.speed is None or leap.speed > travel.FASTEST


def test_who_stays_at_one_place_or_near_it_has_nothing_read() -> None:
    day = [(3_600_000_000_000, place) for place in (BERLIN, POTSDAM) * 200]
    assert travel.plan_reading(_stays(_journey(day))).windows == []


def test_a_flight_is_no_leap_and_a_taxi_between_continents_is() -> None:
    hours = 3_600_000_000_000
    flight = _journey([(0, BERLIN), (14 * hours, OSAKA)])
    taxi = _journey([(0, BERLIN), (1 * hours, OSAKA), (0, BERLIN)])
    assert list(travel.find_leaps(flight)) == []
    first, second = travel.find_leaps(taxi)
    assert (first.seconds, round(first.speed or 0), second.speed) == (3_600, 8_817, None)
