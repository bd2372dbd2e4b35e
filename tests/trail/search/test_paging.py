"""Pages that go on: one point in time, whatever arrives, ends or is kept meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.factories.events import event, use, write
from tests.support.points_in_time import points_in_time
from trail.connection import Trail
from trail.documents import nest
from trail.errors import BadQuery, PointEnded
from trail.maintenance import months
from trail.search import execute, paging
from trail.search.spec import SORTABLE, WHOLE_TRAIL, Scope, Search


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _asked(trail: Trail) -> int:
    return int(trail.client.transport.get_connection().pool.num_requests)


def _read(trail: Trail, search: Search, size: int) -> list[str]:
    """Every event of a search, page by page as a person reads it."""
    first = execute.read_page(trail, search, WHOLE_TRAIL, size=size)
    seen, after, point = [one.event_id for one in first.hits], list(first.hits[-1].sort), None
    while True:
        further = paging.read_page(trail, search, WHOLE_TRAIL, after=after, point=point, size=size)
        seen += [one.event_id for one in further.hits]
        if further.is_last:
            return seen
        after, point = list(further.hits[-1].sort), further.point


def _value(field: str, number: int) -> Any:
    """A few values of a field, so many of each that pages end among equals; each third event has none."""
    if number % 3 == 2 and field not in ("@timestamp", "event.id"):
        return None
    return {
        "@timestamp": f"2026-11-0{1 + number % 4}T00:00:00.{number % 2:09}Z",
        "event.id": f"e{number:02}",
        "user.id": f"v{number % 4}",
        "source.ip": f"192.0.2.{number % 4}",
        "source.port": number % 4,
        "token.expires_at": f"2026-11-0{1 + number % 4}T00:00:00.{number % 2:09}Z",
    }[field]


@pytest.mark.parametrize("field", ["@timestamp", "event.id", "user.id", "source.ip", "source.port", "token.expires_at"])
def test_a_column_that_sorts_is_read_to_its_end_with_what_has_no_value_last(trail: Trail, field: str) -> None:
    assert field in SORTABLE
    write(
        trail,
        *(
            nest(
                {
                    "@timestamp": f"2026-11-01T00:00:00.{number:09}Z",
                    "event.action": "a",
                    "event.outcome": "success",
                    "event.dataset": "test",
                    "event.id": f"e{number:02}",
                }
                | ({field: value} if (value := _value(field, number)) is not None else {})
            )
            for number in range(12)
        ),
    )
    for order in ("asc", "desc"):
        seen = _read(trail, Search(sort=(field, order), ingested_until=_now()), 5)
        assert sorted(seen) == [f"e{number:02}" for number in range(12)]
        values = [_value(field, int(one[1:])) for one in seen]
        there = sorted((one for one in values if one is not None), reverse=order == "desc")
        assert values == there + [None] * (len(values) - len(there))


def test_what_arrives_and_a_month_that_is_finished_meanwhile_change_nothing(trail: Trail) -> None:
    write(trail, *(use("t", id=f"e{n:02}", at=f"2026-01-0{1 + n % 3}T00:00:00Z") for n in range(20)))
    search = Search(text="token.id:t", ingested_until=_now())
    expected = [one.event_id for one in execute.read_page(trail, search, WHOLE_TRAIL).hits]
    first = execute.read_page(trail, search, WHOLE_TRAIL, size=5)
    second = paging.read_page(trail, search, WHOLE_TRAIL, after=list(first.hits[-1].sort), size=5)
    write(trail, *(use("t", id=f"late{n}", at=f"2026-01-0{1 + n % 3}T00:00:00Z") for n in range(9)))
    for _ in range(3):  # closed to writes, a place for what is late, merged
        assert list(months.finish_months(trail, datetime.now(UTC), timedelta(0))) is not None
    write(trail, use("t", id="very-late", at="2026-01-01T12:00:00Z"))
    third = paging.read_page(trail, search, WHOLE_TRAIL, after=list(second.hits[-1].sort), point=second.point, size=5)
    last = paging.read_page(trail, search, WHOLE_TRAIL, after=list(third.hits[-1].sort), point=third.point, size=6)
    assert [one.event_id for one in (*first.hits, *second.hits, *third.hits, *last.hits)] == expected
    assert (last.is_last, last.point) == (True, None)


def test_a_further_page_is_one_search_and_the_second_opens_the_point_that_the_last_closes(trail: Trail) -> None:
    write(trail, *(event() for _ in range(11)))
    search = Search(ingested_until=_now())
    after, point, asked = list(execute.read_page(trail, search, WHOLE_TRAIL, size=3).hits[-1].sort), None, []
    for _ in range(3):
        before = _asked(trail)
        further = paging.read_page(trail, search, WHOLE_TRAIL, after=after, point=point, size=3)
        after, point = list(further.hits[-1].sort), further.point
        asked.append(_asked(trail) - before)
    assert asked == [2, 1, 2]
    assert len(points_in_time(trail)) == 0


def test_a_point_that_has_ended_says_so_and_the_pages_go_on_without_a_gap(trail: Trail) -> None:
    write(trail, *(use("t", id=f"e{n:02}") for n in range(12)))
    search = Search(text="token.id:t", sort=("event.id", "asc"), ingested_until=_now())
    after = ["e03", *execute.read_page(trail, search, WHOLE_TRAIL, size=4).hits[-1].sort[1:]]
    second = paging.read_page(trail, search, WHOLE_TRAIL, after=after, size=4)
    assert second.point
    trail.client.delete_pit(body={"pit_id": [second.point]})
    after = list(second.hits[-1].sort)
    with pytest.raises(PointEnded, match="has ended"):
        paging.read_page(trail, search, WHOLE_TRAIL, after=after, point=second.point, size=4)
    write(trail, use("t", id="e035"), use("t", id="e09x"))
    third = paging.read_page(trail, search, WHOLE_TRAIL, after=after, size=4)
    assert [one.event_id for one in third.hits] == ["e08", "e09", "e10", "e11"]


@pytest.mark.lone
def test_an_engine_that_holds_no_more_points_lets_the_pages_go_on(trail: Trail) -> None:
    write(trail, *(use("t", id=f"e{n}") for n in range(9)))
    limit = {"persistent": {"search.max_open_pit_context": 0}}
    trail.client.cluster.put_settings(body=limit)
    try:
        assert sorted(_read(trail, Search(text="token.id:t", ingested_until=_now()), 4)) == [f"e{n}" for n in range(9)]
    finally:
        limit["persistent"]["search.max_open_pit_context"] = None
        trail.client.cluster.put_settings(body=limit)


def test_a_place_that_no_search_gave_is_refused(trail: Trail) -> None:
    write(trail, event())
    with pytest.raises(BadQuery, match="refused this search"):
        paging.read_page(trail, Search(ingested_until=_now()), WHOLE_TRAIL, after=["x"])
    with pytest.raises(ValueError, match="one moment"):
        paging.read_page(trail, Search(), WHOLE_TRAIL, after=["x", "y"])


def test_what_is_newer_is_what_arrived_since_without_ones_own_steps_and_within_the_same_time(trail: Trail) -> None:
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    write(trail, use("t", at=hour_ago))
    since = _now()

    def newer(search: Search, user: str = "alice") -> int:
        scope = Scope(user_id=user, everything=True)
        return paging.count_newer(trail, search, scope, since=since, now=datetime.now(UTC))

    search = Search(text="token.id:t", start="now-1d")
    assert newer(search) == 0
    write(
        trail,
        use("t", at=hour_ago),
        use("t", at="2026-01-01T00:00:00Z"),
        use("other", at=hour_ago),
        use("t", at=hour_ago, user__id="alice", event__dataset="console"),
    )
    assert newer(search) == 1
    assert newer(Search(text="token.id:t", ingested_until=since)) == 2
    assert newer(search, "bob") == 2
