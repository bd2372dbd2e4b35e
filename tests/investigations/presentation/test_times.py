"""Times on pages: short where they are read, whole where they are pointed at."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from investigations.presentation import times

TIME = "2026-10-04T02:25:25.546480400Z"
NOW = datetime(2026, 10, 18, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times.timezone, "now", lambda: NOW)


@pytest.fixture
def in_auckland() -> Iterator[None]:
    with timezone.override(ZoneInfo("Pacific/Auckland")):
        yield


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("sentence", "4 Oct 2026, 02:25:25"),
        ("table", "4 Oct, 02:25:25"),
        ("day", "4 Oct"),
        ("row", '02:25:25<span class="ms">.546</span>'),
        ("event", '4 Oct, 02:25:25<span class="ms">.546</span>'),
        ("recent", "4 Oct, 02:25:25"),
        ("whole", TIME),
    ],
)
def test_each_form_is_short_and_keeps_the_whole_time_and_its_age_beside(form: str, shown: str) -> None:
    assert times.build_time(TIME, form) == f'<time datetime="{TIME}" title="{TIME} · 14 d ago">{shown}</time>'


def test_every_form_is_tested_and_written() -> None:
    assert all(times.build_time(TIME, form) for form in times.FORMS)


def test_the_year_is_said_in_a_table_only_where_it_is_another() -> None:
    assert times.format_table("2025-12-31T23:59:59Z") == "31 Dec 2025, 23:59:59"
    assert times.format_day("2025-12-31T23:59:59Z") == "31 Dec 2025"


@pytest.mark.parametrize(
    ("time", "fraction"), [("2026-10-04T02:25:25Z", ".000"), ("2026-10-04T02:25:25.5Z", ".500"), (TIME, ".546")]
)
def test_milliseconds_are_cut_and_always_three(time: str, fraction: str) -> None:
    assert times.split_clock(time) == ("02:25:25", fraction)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("2026-10-18T02:59:59Z", "1 s ago"),
        ("2026-10-18T02:01:00Z", "59 min ago"),
        ("2026-10-18T01:00:00Z", "2 h ago"),
        ("2024-10-17T00:00:00Z", "2 y ago"),
        ("2026-10-18T06:00:00Z", "in 3 h"),
        ("2026-10-18T03:00:00Z", "now"),
    ],
)
def test_an_age_has_one_unit(time: str, words: str) -> None:
    assert times.format_ago(time) == words


def test_what_is_new_is_shown_by_its_age() -> None:
    assert times.format_recent("2026-10-18T02:57:00.123Z") == "3 min ago"
    assert times.format_recent("2026-10-18T03:00:10Z") == "18 Oct, 03:00:10"


@pytest.mark.usefixtures("in_auckland")
def test_another_zone_changes_what_is_shown_and_never_what_is_kept_beside() -> None:
    assert times.format_sentence(TIME) == "4 Oct 2026, 15:25:25"
    assert times.split_clock(TIME) == ("15:25:25", ".546")
    assert f'datetime="{TIME}"' in times.build_time(TIME, "table")
    assert ">4 Oct, 15:25:25<" in times.build_time(TIME, "table")
    assert f">{TIME}<" in times.build_time(TIME, "whole")
    assert times.format_day("2025-12-31T23:59:59Z") == "1 Jan"


def test_a_datetime_of_the_console_is_written_like_an_event_s() -> None:
    local = datetime(2026, 10, 4, 15, 25, 25, 546480, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert times.build_time(local) == (
        '<time datetime="2026-10-04T02:25:25.546480Z" title="2026-10-04T02:25:25.546480Z · 14 d ago">'
        "4 Oct 2026, 02:25:25</time>"
    )


@pytest.mark.parametrize("hostile", ["<b>soon</b>", "2026-13-04T02:25:25Z", "yesterday"])
def test_what_is_no_time_is_shown_escaped_as_it_is(hostile: str) -> None:
    shown = times.build_time(hostile, "event")
    assert shown == f"<time>{hostile.replace('<', '&lt;').replace('>', '&gt;')}</time>"


def test_templates_write_times_by_one_tag_and_one_filter() -> None:
    template = Template('{% load console %}{% time at %} {% time at "table" %} {% time none %} {{ at|ago }}')
    shown = template.render(Context({"at": TIME, "none": None}))
    assert ">4 Oct 2026, 02:25:25</time> <time" in shown
    assert ">4 Oct, 02:25:25</time>" in shown
    assert '<span class="none">never</span> 14 d ago' in shown
