"""The picture of the trail's days, and the small ones beside rows."""

from datetime import UTC, date, datetime, timedelta

from investigations.presentation.volume_chart import BASE, TOP, build_spark, build_volume_chart
from trail.questions.volume import DayVolume

FIRST = date(2026, 8, 29)


def days(*counts: int, failures: int = 0) -> list[DayVolume]:
    return [DayVolume(FIRST + timedelta(days=number), count, failures) for number, count in enumerate(counts)]


def test_the_highest_day_reaches_the_top_and_the_others_are_in_proportion() -> None:
    bars = build_volume_chart(days(1000, 500, 0, failures=0), None).bars
    assert [bar.accepted_height for bar in bars] == [BASE - TOP, (BASE - TOP) / 2, 0]
    assert all(bar.accepted_y + bar.accepted_height == BASE for bar in bars)


def test_what_was_denied_stands_on_what_was_accepted_and_one_of_many_is_seen() -> None:
    (bar,) = build_volume_chart(days(1000, failures=1), None).bars
    assert bar.denied_height == 1
    assert bar.denied_y + bar.denied_height == bar.accepted_y


def test_the_lines_are_on_round_values_up_to_the_highest_day() -> None:
    for most, words in ((1530, ["0", "500", "1,000", "1,500"]), (7, ["0", "2", "4", "6"]), (1, ["0", "1"])):
        assert [line.words for line in build_volume_chart(days(most), None).lines] == words


def test_a_day_leads_to_its_events() -> None:
    (bar,) = build_volume_chart(days(3), None).bars
    assert bar.url == "/?from=2026-08-29&to=2026-08-30"


def test_months_are_named_where_they_begin_and_never_over_one_another() -> None:
    months = build_volume_chart(days(*[1] * 90), None).months
    assert [month.words for month in months] == ["September", "October", "November"]
    assert [month.is_wide for month in months] == [False, True, True]
    assert [month.words for month in build_volume_chart(days(1, 1), None).months] == ["29 August"]


def test_it_is_sealed_up_to_the_time_of_the_checkpoint() -> None:
    at = datetime(2026, 8, 30, 12, tzinfo=UTC)
    assert build_volume_chart(days(1, 1, 1), at).sealed == 50
    assert build_volume_chart(days(1), at).sealed == 100
    assert build_volume_chart(days(1), None).sealed == 0


def test_a_trail_without_a_day_has_no_picture() -> None:
    chart = build_volume_chart([], datetime(2026, 8, 30, tzinfo=UTC))
    assert (chart.bars, chart.lines, chart.months, chart.sealed) == ([], [], [], 0)


def test_a_spark_has_a_bar_for_each_day_that_has_anything() -> None:
    spark = build_spark([0, 1, 4, 1000])
    assert [(bar.x, bar.height) for bar in spark.bars] == [(25, 1), (50, 1), (75, 16)]
    assert build_spark([0, 0]).bars == []
