"""A finished month takes no more writes, and a late event is all the same there once."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.factories.events import event, write
from tests.support.found_events import scan_all
from trail.connection import Trail, connect
from trail.errors import TrailUnavailable, WriteRefused
from trail.maintenance import months
from trail.maintenance.months import Month
from trail.writing import writer

AFTER = timedelta(days=3)
LONG_AFTER = datetime.now(UTC) + timedelta(days=400)


def finish(trail: Trail, now: datetime = LONG_AFTER) -> list[str]:
    """Until there is nothing left to do."""
    said = list(months.finish_months(trail, now, AFTER))
    while months.is_merging(trail):
        pass
    return said


def month(trail: Trail, number: int = 0) -> Month:
    return list(months.list_months(trail, AFTER))[number]


def statuses(trail: Trail, *documents: dict[str, Any]) -> list[str]:
    return [outcome.status for outcome in writer.write(trail, documents)]


def ids(trail: Trail) -> list[str]:
    trail.client.indices.refresh(index=trail.events)
    return sorted(hit.event_id for hit in scan_all(trail))


def old(event_id: str, **fields: Any) -> dict[str, Any]:
    return event(id=event_id, at="2026-01-31T23:59:59.999999999Z", **fields)


def test_a_month_that_is_over_is_closed_and_merged_into_one_segment(trail: Trail) -> None:
    for number in range(3):
        write(trail, old(f"{number}"))
    assert month(trail).segments > 1
    said = finish(trail)
    assert [sentence.removeprefix(f"{trail.prefix}-events-2026.01") for sentence in said] == [
        " takes no more writes.",
        "-late takes what comes late.",
        " is being merged into one segment.",
    ]
    assert month(trail).finished
    assert finish(trail) == []


def test_a_month_is_left_alone_until_it_is_due_and_while_its_events_come_in(trail: Trail) -> None:
    write(trail, old("imported-now"))
    assert month(trail).due == datetime(2026, 2, 4, tzinfo=UTC)
    assert finish(trail, month(trail).due - timedelta(seconds=1)) == []
    assert finish(trail, datetime.now(UTC) + timedelta(hours=23)) == []
    assert finish(trail, datetime.now(UTC) + timedelta(hours=25)) != []


def test_december_ends_with_the_year(trail: Trail) -> None:
    write(trail, event(at="2025-12-31T23:59:59Z"))
    assert month(trail).due == datetime(2026, 1, 4, tzinfo=UTC)


def test_an_empty_trail_has_no_month(trail: Trail) -> None:
    assert list(months.list_months(trail, AFTER)) == []


def test_a_late_event_finds_its_place_and_is_there_once_however_often_it_comes(trail: Trail) -> None:
    before, late = old("before"), old("late")
    write(trail, before)
    finish(trail)
    assert statuses(trail, before, late, late, event(id="now")) == ["existing", "created", "existing", "created"]
    assert statuses(trail, late, before) == ["existing", "existing"]
    assert ids(trail) == ["before", "late", "now"]
    assert trail.client.get(index=f"{trail.prefix}-events-2026.01-late", id="late")["found"]


def test_another_event_under_an_id_of_a_finished_month_is_a_conflict_wherever_the_first_lies(trail: Trail) -> None:
    write(trail, old("before", user__id="ada"))
    finish(trail)
    assert statuses(trail, old("late", user__id="ada")) == ["created"]
    assert statuses(trail, old("before", user__id="eve"), old("late", user__id="eve")) == ["conflict", "conflict"]


def test_what_is_stopped_half_way_goes_on_and_refuses_meanwhile(trail: Trail) -> None:
    """Closed, and nothing beside it yet: then nobody knows that no write is under way."""
    write(trail, old("before"))
    trail.client.indices.add_block(index=f"{trail.prefix}-events-2026.01", block="write")
    with pytest.raises(WriteRefused, match="did not take event late"):
        writer.write(trail, [old("late")])
    assert finish(trail) == [f"{trail.prefix}-events-2026.01-late takes what comes late."]
    assert statuses(trail, old("late")) == ["created"]


def test_a_block_that_was_lifted_is_set_again_even_while_events_come_in(trail: Trail) -> None:
    write(trail, old("before"))
    finish(trail)
    index = f"{trail.prefix}-events-2026.01"
    trail.client.indices.put_settings(index=index, body={"index.blocks.write": False})
    write(trail, old("between"))
    assert f"{index} takes no more writes." in finish(trail, datetime.now(UTC) + timedelta(seconds=1))
    assert statuses(trail, old("between")) == ["existing"]


def test_writers_that_race_each_other_and_the_end_of_the_month_write_every_event_once(trail: Trail) -> None:
    """Eight writers, each with every event in an order of its own, while the month is finished under their hands."""
    documents = [old(f"{number:03}") for number in range(400)]
    write(trail, *documents[:10])

    def all_of_them(seed: int) -> list[tuple[str, str]]:
        mine = documents.copy()
        random.Random(seed).shuffle(mine)
        return [(one.event_id, one.status) for some in _some(mine, 20) for one in _stubborn(trail, some)]

    with ThreadPoolExecutor(9) as pool:
        writers = [pool.submit(all_of_them, seed) for seed in range(8)]
        finishing = pool.submit(finish, trail)
        told = [answer for one in writers for answer in one.result()]
        assert finishing.result()
    assert ids(trail) == sorted(document["event"]["id"] for document in documents)
    assert sorted(key for key, status in told if status == "created") == ids(trail)[10:]
    assert {status for _, status in told} == {"created", "existing"}


def _some(documents: list[dict[str, Any]], size: int) -> Iterable[list[dict[str, Any]]]:
    return (documents[start : start + size] for start in range(0, len(documents), size))


def _stubborn(trail: Trail, documents: list[dict[str, Any]]) -> list[writer.Outcome]:
    """As a shipper does: what was refused is tried again. An answer for each, and `created` is never said in vain."""
    settled: list[writer.Outcome] = []
    for _ in range(1_000):
        if not documents:
            break
        answers = writer.attempt_writes(trail, documents)
        settled += [one for one in answers if isinstance(one, writer.Outcome)]
        documents = [one for one, got in zip(documents, answers, strict=True) if not isinstance(got, writer.Outcome)]
    assert not documents
    return settled


def test_a_silent_engine_is_said_to_be_unavailable() -> None:
    nobody = connect("http://127.0.0.1:1", timeout=1)
    with pytest.raises(TrailUnavailable):
        list(months.finish_months(nobody, LONG_AFTER, AFTER))
    with pytest.raises(TrailUnavailable):
        list(months.list_months(nobody, AFTER))


def test_a_month_that_cannot_be_closed_is_said(trail: Trail) -> None:
    with pytest.raises(TrailUnavailable, match="could not be closed to writes"):
        months._block(trail, f"{trail.prefix}-events-2026.01")
