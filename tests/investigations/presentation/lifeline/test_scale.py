"""Where each time stands on a lifeline."""

from hypothesis import example, given
from hypothesis import strategies as st

from investigations.presentation.lifeline.scale import (
    DAY,
    GAP,
    HOUR,
    NOTABLE_AT_MOST,
    Scale,
    build_scale,
    part_clusters,
    thin_times,
)

TIMES = st.integers(0, 40 * 365 * DAY)
NOTABLE = st.lists(TIMES, max_size=300)


def _scale(notable: list[int], ends: tuple[int, int], compressed: bool) -> Scale:
    return build_scale(notable, start=min(ends), end=max(ends), compressed=compressed)


@given(NOTABLE, st.tuples(TIMES, TIMES), st.booleans(), st.lists(TIMES, min_size=2, max_size=20))
def test_a_later_time_never_stands_left_of_an_earlier(
    notable: list[int], ends: tuple[int, int], compressed: bool, times: list[int]
) -> None:
    scale = _scale(notable, ends, compressed)
    places = [scale.place(time) for time in sorted([*times, *notable, *ends])]
    assert places == sorted(places)


@given(NOTABLE, st.tuples(TIMES, TIMES), st.booleans(), TIMES)
def test_every_time_stands_within_the_picture(
    notable: list[int], ends: tuple[int, int], compressed: bool, time: int
) -> None:
    scale = _scale(notable, ends, compressed)
    assert 0 <= scale.place(time) <= 100
    assert all(0 <= stretch.left <= stretch.right <= stretch.edge <= 100 for stretch in scale.stretches)


@example(notable=[1], ends=(0, 1), compressed=True)
@given(NOTABLE, st.tuples(TIMES, TIMES), st.booleans())
def test_the_stretches_are_all_of_the_time_and_none_of_it_twice(
    notable: list[int], ends: tuple[int, int], compressed: bool
) -> None:
    scale = _scale(notable, ends, compressed)
    assert (scale.start, scale.end) == (min(ends), max(ends))
    pairs = list(zip(scale.stretches, scale.stretches[1:], strict=False))
    assert all(left.end == right.start and left.edge == right.left for left, right in pairs)
    assert sum(stretch.length for stretch in scale.stretches) == max(ends) - min(ends)


@given(NOTABLE, st.tuples(TIMES, TIMES))
def test_a_break_has_the_length_between_what_it_parts(notable: list[int], ends: tuple[int, int]) -> None:
    scale = _scale(notable, ends, True)
    inside = [scale.start, *sorted(time for time in notable if scale.start <= time <= scale.end), scale.end]
    for stretch in scale.breaks:
        assert stretch.length > GAP
        assert {stretch.start, stretch.end} <= set(inside)
        # At most 200 times are looked at; of fewer none lies in a break.
        if len(set(inside)) <= NOTABLE_AT_MOST:
            assert not [time for time in inside if stretch.start < time < stretch.end]


@given(NOTABLE, st.tuples(TIMES, TIMES))
def test_a_longer_break_is_never_narrower(notable: list[int], ends: tuple[int, int]) -> None:
    breaks = sorted(_scale(notable, ends, True).breaks, key=lambda stretch: stretch.length)
    widths = [round(stretch.right - stretch.left, 6) for stretch in breaks]
    assert widths == sorted(widths)


@given(st.lists(TIMES, min_size=1, max_size=1_000))
def test_times_are_at_most_two_hundred_and_keep_their_ends(times: list[int]) -> None:
    thinned = thin_times(times)
    assert len(thinned) <= NOTABLE_AT_MOST
    assert set(thinned) <= set(times)
    assert (thinned[0], thinned[-1]) == (min(times), max(times))
    if len(set(times)) <= NOTABLE_AT_MOST:
        assert thinned == sorted(set(times))


def test_more_than_two_hundred_times_are_thinned_by_bins() -> None:
    thinned = thin_times(range(0, 10_000 * HOUR, HOUR))
    assert len(thinned) == NOTABLE_AT_MOST
    assert (thinned[0], thinned[-1]) == (0, 9_999 * HOUR)


def test_six_hours_hold_a_cluster_together_and_more_parts_it() -> None:
    assert part_clusters([0, GAP, 2 * GAP, 3 * GAP + 1]) == [[0, GAP, 2 * GAP], [3 * GAP + 1]]


def test_a_last_break_leads_to_now() -> None:
    scale = build_scale([0, HOUR], start=0, end=20 * DAY)
    last = scale.stretches[-1]
    assert last.is_break
    assert last.length == 20 * DAY - HOUR


def test_an_even_scale_has_no_break_and_halves_time_where_it_halves_width() -> None:
    scale = build_scale([0, HOUR, 9 * DAY], start=0, end=10 * DAY, compressed=False)
    assert scale.breaks == ()
    middle = (scale.place(0) + scale.place(10 * DAY)) / 2
    assert abs(scale.place(5 * DAY) - middle) < 0.01


def test_what_is_notable_has_more_room_than_what_is_not() -> None:
    times = [day * DAY for day in (0, 60)] + [30 * DAY + hour * HOUR for hour in range(5)]
    scale = build_scale(times, start=0, end=60 * DAY)
    cluster = next(stretch for stretch in scale.clusters if stretch.start == 30 * DAY)
    assert cluster.edge - cluster.left > max(stretch.right - stretch.left for stretch in scale.breaks)


def test_a_lifeline_of_one_moment_has_a_place() -> None:
    scale = build_scale([5], start=5, end=5)
    assert [stretch.length for stretch in scale.stretches] == [0]
    assert 0 <= scale.place(5) <= 100
