"""However often the same is asked within a minute, the trail gets two events of it, and none is lost from their count."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.access_counts import GRACE, MOST_REFUSALS, WINDOW, AccessCounter, build_count
from trail.documents import get
from trail.times import format_datetime

BEGAN = datetime(2026, 11, 27, 9, tzinfo=UTC)
AFTER_ALL = BEGAN + timedelta(days=2)
Record = tuple[float, str]


def _document(number: int, seconds: float, what: str, action: str = "case.read") -> dict[str, Any]:
    return {
        "@timestamp": format_datetime(BEGAN + timedelta(seconds=seconds)),
        "event": {"id": f"e{number}", "action": action},
        "user": {"id": "alice"},
        "resource": {"type": "case", "id": what},
        "labels": {"duration_ms": str(number), "page": "case_detail"},
    }


def _events(records: list[Record], action: str = "case.read") -> list[dict[str, Any]]:
    """Every event that comes of records as they arrive in time."""
    counter, events = AccessCounter(), []
    for number, (seconds, what) in enumerate(records):
        if written := counter.add(("spool", number), f"{action} {what}", _document(number, seconds, what, action)):
            events.append(written)
    over = counter.list_over(AFTER_ALL)
    events += [build_count(window) for _, window in over if window.count]
    counter.forget(name for name, _ in over)
    assert counter.find_first_open("spool", len(records)) == len(records)
    return events


RECORDS = st.lists(st.tuples(st.floats(0, 600), st.sampled_from("abc")), max_size=40).map(sorted)


@given(RECORDS)
def test_every_record_is_an_event_or_in_the_count_of_one(records: list[Record]) -> None:
    events = _events(records)
    assert sum(int(get(event, "labels.further") or 1) for event in events) == len(records)


@given(RECORDS)
def test_events_of_the_same_begin_a_minute_apart(records: list[Record]) -> None:
    for what in "abc":
        firsts = [e for e in _events(records) if get(e, "resource.id") == what and not get(e, "labels.further")]
        times = sorted(get(event, "@timestamp") for event in firsts)
        minute = WINDOW.total_seconds()
        at = [datetime.fromisoformat(time).timestamp() for time in times]
        assert all(later - earlier >= minute - 1e-5 for earlier, later in itertools.pairwise(at))


@given(RECORDS)
def test_read_again_they_make_the_same_events(records: list[Record]) -> None:
    assert json.dumps(_events(records)) == json.dumps(_events(records))


def test_a_count_names_the_first_and_tells_how_many_more() -> None:
    first, count = _events([(0, "a"), (1, "a"), (30, "a")])
    assert get(count, "event.id") == "e0-further"
    assert count["labels"] == {"page": "case_detail", "first": "e0", "further": "2"}
    assert get(count, "@timestamp") == format_datetime(BEGAN + timedelta(seconds=30))
    assert "further" not in first["labels"]


def test_a_count_waits_until_its_minute_is_over_and_its_records_stay_unacknowledged() -> None:
    counter = AccessCounter()
    counter.add(("spool", 7), "a", _document(7, 0, "a"))
    assert counter.list_over(BEGAN + WINDOW) == []
    assert counter.find_first_open("spool", 9) == 7
    assert len(counter.list_over(BEGAN + WINDOW + GRACE)) == 1


def test_refusals_of_ever_other_pages_are_bounded() -> None:
    events = _events([(number / 100, f"case{number}") for number in range(1_000)], "access.refuse")
    assert len(events) == MOST_REFUSALS + 2
    assert get(events[-1], "labels.further") == str(1_000 - MOST_REFUSALS - 1)
    assert events[-1]["labels"]["of"] == "several pages"
    assert "resource" not in events[-1]
