"""A lifeline as it is drawn, from answers that were made up: everything is in it once, and nothing can break it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from random import Random

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from investigations.presentation.lifeline.axis import Shelf
from investigations.presentation.lifeline.build import Subject, build_picture
from investigations.presentation.lifeline.choice import LANES_OF, read_choice
from investigations.presentation.lifeline.picture import Flag, Lane, Picture
from investigations.presentation.lifeline.scale import DAY, HOUR
from trail.questions.lifeline import LaneFigures, Lifeline, Moment, Overview, TimeBin
from trail.search.spec import Search
from trail.times import parse_time

START = parse_time("2026-10-01T00:00:00Z")
NOW = START + 60 * DAY
MOMENT = datetime(2026, 11, 30, tzinfo=UTC)


def _moment(time: int, kind: str = "accepted", lane: str = "192.0.2.1", **named: str) -> Moment:
    return Moment(time, f"event-{time}", kind, lane, named)


def _lane(value: str, times: list[int], *, denied: set[int] | None = None, step: int = DAY) -> LaneFigures:
    """A lane of uses, as the trail answers it: listed up to forty, else in bins."""
    denied, times = denied or set(), sorted(times)
    moments = [_moment(time, "denied" if time in denied else "accepted", value) for time in times]
    accepted = [moment for moment in moments if moment.kind == "accepted"]
    starts = sorted({time // step * step for time in times})
    return LaneFigures(
        value=value,
        count=len(times),
        accepted=len(accepted),
        denied=len(times) - len(accepted),
        error=0,
        first=moments[0],
        last=moments[-1],
        first_accepted=accepted[0] if accepted else None,
        last_accepted=accepted[-1] if accepted else None,
        drawn=len(times),
        bins=tuple(
            TimeBin(
                start,
                start + step,
                sum(start <= time < start + step for time in times),
                sum(start <= time < start + step for time in denied),
            )
            for start in starts
        ),
        moments=tuple(moments[:40]),
        beside={},
    )


def _lifeline(*lanes: LaneFigures, lifecycle: tuple[Moment, ...] = ()) -> Lifeline:
    choice = read_choice({}, LANES_OF["token"], MOMENT)
    denied = sorted(
        (moment for lane in lanes for moment in lane.moments if moment.kind == "denied"), key=lambda moment: moment.time
    )
    request, first = choice.build_request(Search()), min((lane.first.time for lane in lanes), default=None)
    return Lifeline(
        request=request,
        total=sum(lane.count for lane in lanes),
        lanes=lanes,
        others=0,
        other_lanes=0,
        missing=0,
        denied=tuple(denied),
        denied_total=sum(lane.denied for lane in lanes),
        lifecycle=lifecycle,
        lifecycle_total=len(lifecycle),
        overview=Overview(request, (), first),
        first=first,
        last=max((lane.last.time for lane in lanes), default=None),
    )


def _draw(lifeline: Lifeline, query: str = "", **subject: object) -> Picture:
    choice = read_choice(QueryDict(query).dict(), LANES_OF["token"], MOMENT)
    return build_picture(lifeline, choice, Subject("t", **subject), now=NOW)  # type: ignore[arg-type]


def _count(lane: Lane) -> int:
    """How many events a lane names: each group by its number, each mark by its own or as a single one."""
    numbers = [group.label.partition(" ")[0].replace(",", "") for group in lane.groups]
    for mark in lane.marks:
        word = mark.label.partition(" ")[0]
        if mark.kind != "first":
            numbers.append(word if word.isdigit() else "1")
    return sum(map(int, numbers))


@given(st.integers(1, 200), st.integers(0, 120), st.integers(), st.sampled_from(["", "scale=even"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_marks_and_bars_are_all_events_of_a_lane(
    number: int, refused: int, seed: int, query: str, listed: bool
) -> None:
    times = sorted(Random(seed).sample(range(START, NOW, HOUR), number))
    lane = _lane("192.0.2.1", times, denied=set(times[:refused]), step=6 * HOUR)
    lifeline = _lifeline(lane)
    # Either every denied event is listed, or the bars hold them.
    denied = tuple(_moment(time, "denied") for time in times[:refused]) if listed else ()
    (drawn,) = _draw(replace(lifeline, denied=denied, denied_total=min(refused, number)), query).lanes
    assert _count(drawn) == lane.count


@given(st.lists(st.integers(START, NOW - 1), min_size=1, max_size=120, unique=True))
def test_everything_that_is_drawn_stands_within_the_picture(times: list[int]) -> None:
    (lane,) = _draw(_lifeline(_lane("192.0.2.1", times))).lanes
    assert all(0 <= mark.x <= 100 for mark in lane.marks)
    assert all(bar.x >= 0 and bar.x + bar.width <= 100.5 for group in lane.groups for bar in group.bars)
    assert all(bar.y >= 0 and bar.height > 0 for group in lane.groups for bar in group.bars)


def test_every_mark_has_a_name_and_an_address() -> None:
    lanes = (_lane("192.0.2.1", [START, START + HOUR]), _lane("192.0.2.2", [START + day * DAY for day in range(50)]))
    picture = _draw(_lifeline(*lanes, lifecycle=(_moment(START, "issued"),)))
    links = [part for lane in picture.lanes for part in (*lane.marks, *lane.groups)]
    assert len(links) > 4
    assert all(link.label and link.url for link in links)


def test_what_came_after_the_end_is_a_zone_or_a_band_where_it_would_be_most_of_it() -> None:
    lane = _lane("192.0.2.1", [START, START + HOUR])
    early, late = (Flag(time, "revoked", "revoked") for time in (START + 2 * HOUR, NOW - DAY))
    assert (zone := _draw(_lifeline(lane), "scale=even", end=early).ground.zone)
    assert zone.is_band
    assert (zone := _draw(_lifeline(lane), "scale=even", end=late).ground.zone)
    assert not zone.is_band
    assert _draw(_lifeline(lane)).ground.zone is None


def test_lanes_stand_in_the_order_in_which_they_came_and_newcomers_are_marked() -> None:
    late, early = _lane("192.0.2.9", [START + 9 * DAY]), _lane("192.0.2.1", [START])
    picture = _draw(_lifeline(late, early))
    assert [lane.name for lane in picture.lanes] == ["192.0.2.1", "192.0.2.9"]
    assert [word.text for word in picture.flags if "wide" in word.tier or "mid" in word.tier] == [
        "first from 192.0.2.9"
    ]
    assert [line.kind for line in picture.ground.lines] == ["first"]


def test_each_break_says_its_length_where_there_is_room() -> None:
    picture = _draw(_lifeline(_lane("192.0.2.1", [START, START + 25 * DAY])))
    assert [part.word.text for part in picture.axis.breaks if part.word] == ["25 d", "35 d"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(20, 120)), max_size=40), st.sampled_from([340, 600, 960]))
def test_no_two_words_touch_at_any_width(words: list[tuple[float, float]], width: int) -> None:
    shelf = Shelf()
    for x, length in words:
        shelf.put(x, length)
    shown = sorted(
        (x * width / 100 - left, x * width / 100 + right)
        for x, left, right, tier in shelf.taken
        if (340, 600, 960)[tier] <= width
    )
    assert all(first[1] <= second[0] + 0.001 for first, second in pairwise(shown))


@pytest.mark.usefixtures("static_files")
@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '" onload="x', "\u202egnp.exe", "x" * 3_000, "]]>"])
def test_no_value_can_break_the_picture(hostile: str) -> None:
    moments = (_moment(START, "issued", **{"token.id": hostile}),)
    picture = _draw(_lifeline(_lane(hostile, [START, START + HOUR]), lifecycle=moments), names=lambda moment: hostile)
    page = render_to_string("components/_lifeline.html", {"picture": picture})
    assert "<script>alert" not in page
    assert 'onload="' not in unescape(page).replace('" onload="x', "")
    assert "\u202e" not in page
    assert page.count("<svg") == len(re.findall(r"</svg\s*>", page))


@pytest.mark.usefixtures("static_files")
def test_the_legend_names_what_is_drawn_and_no_more() -> None:
    accepted = _draw(_lifeline(_lane("192.0.2.1", [START, START + HOUR])), has_firsts=False)
    assert [name for _, name in accepted.legend] == ["accepted"]
    refused = _draw(_lifeline(_lane("192.0.2.1", [START, START + HOUR], denied={START + HOUR})))
    assert [name for _, name in refused.legend] == ["first time ever", "accepted", "denied"]


def test_round_times_within_a_minute_say_their_seconds() -> None:
    query = "scale=even&from=2026-10-01T00:00:00Z&to=2026-10-01T00:00:50Z"
    picture = _draw(_lifeline(_lane("192.0.2.1", [START, START + HOUR // 360])), query)
    clocks = [word.text for word in picture.axis.words if word.look == "ll-mono"]
    assert "00:00:20" in clocks
    assert len(set(clocks)) == len(clocks)


def test_the_box_of_the_overview_ends_within_it_however_short_what_is_drawn() -> None:
    query = "from=2026-11-29T23:59:59Z&to=2026-11-30T00:00:00Z"
    picture = _draw(_lifeline(_lane("192.0.2.1", [START, START + HOUR])), query)
    assert picture.brush.right <= 100


def test_nothing_at_all_is_an_empty_picture() -> None:
    picture = _draw(_lifeline())
    assert picture.lanes == ()
    assert "0 events" in picture.label
    assert "<figure" in render_to_string("components/_lifeline.html", {"picture": picture})
