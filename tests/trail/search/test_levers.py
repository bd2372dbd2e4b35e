"""No small lever of the engine makes an answer say less, or other, than the truth without a word."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from opensearchpy.exceptions import TransportError

from tests.support import levers
from tests.support.factories.events import event, use, write
from tests.support.levers import Lever
from tests.support.missing_months import Month
from trail.connection import Trail
from trail.errors import BadQuery, Incomplete, TrailUnavailable
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Filter, Search
from trail.writing.writer import write as write_to

MANY = Search(filters=(Filter("user.id", ("ann", "bob", "eve")),))


@pytest.fixture
def sealed(trail: Trail) -> tuple[Trail, Month]:
    """A trail that knows how many events are sealed, and its newest month."""
    events = tuple(use("t", id=f"e{number}", at=f"2026-11-0{number}T00:00:00Z", user__id="ann") for number in (2, 3))
    write(trail, *events, use("t", id="e1", at="2026-10-01T00:00:00Z", user__id="ann"))
    month = Month(trail, f"{trail.prefix}-events-2026.11", events)
    counts = {month.index: 2, f"{trail.prefix}-events-2026.10": 1}
    return replace(trail, read_sealed=lambda: counts, recent={}), month


def _read_ids(trail: Trail, search: Search) -> list[str]:
    return [hit.event_id for batch in execute.scan(trail, search, WHOLE_TRAIL) for hit in batch.hits]


ANSWERS: dict[str, Callable[[Trail], Any]] = {
    "count": lambda trail: execute.count(trail, Search(), WHOLE_TRAIL),
    "nobody": lambda trail: execute.count(trail, Search(text="user.id:nobody"), WHOLE_TRAIL),
    "word": lambda trail: execute.count(trail, Search(text="ann"), WHOLE_TRAIL),
    "values": lambda trail: execute.count(trail, MANY, WHOLE_TRAIL),
    "first": lambda trail: _read_ids(trail, Search(text="user.id:ann"))[-1],
    "events": lambda trail: _read_ids(trail, Search()),
}


@pytest.mark.parametrize("lever", [*levers.ALIASES, *levers.SETTINGS], ids=lambda lever: lever.name)
def test_an_answer_is_the_truth_or_an_error_whatever_lever_is_pulled(sealed: tuple[Trail, Month], lever: Lever) -> None:
    trail, month = sealed
    truth = {name: answer(trail) for name, answer in ANSWERS.items()}
    lever.pull(month)
    try:
        for name, answer in ANSWERS.items():
            try:
                assert answer(trail) == truth[name], name
            except (TrailUnavailable, BadQuery) as error:
                assert str(error)
    finally:
        lever.put_right(month)


def test_a_foreign_index_behind_an_alias_is_named_and_no_answer_holds_its_events(sealed: tuple[Trail, Month]) -> None:
    trail, month = sealed
    foreign = next(lever for lever in levers.ALIASES if lever.name == "foreign index found by the pattern")
    foreign.pull(month)
    try:
        with pytest.raises(Incomplete, match=r"foreign-.* is searched with the trail and is no month of it"):
            execute.count(trail, Search(), WHOLE_TRAIL)
        assert "is no month of it" in execute.read_page(trail, Search(), WHOLE_TRAIL).missing
    finally:
        foreign.put_right(month)


def test_no_search_goes_through_a_pipeline_of_the_engine(sealed: tuple[Trail, Month]) -> None:
    """The embedded engine has no processor of searches; one whose pipeline is not there is refused, so that it shows who asks.

    Opening a point in time, which finds nothing, cannot do without, and is refused.
    """
    trail, month = sealed
    asked = {name: answer for name, answer in ANSWERS.items() if name not in ("first", "events")}
    truth = {name: answer(trail) for name, answer in asked.items()}
    month.put_settings(**{"search.default_pipeline": f"p-{trail.prefix}"})
    with pytest.raises(TransportError, match="not defined"):
        trail.client.search(index=month.index, body={"size": 0})
    assert {name: answer(trail) for name, answer in asked.items()} == truth


def test_a_default_pipeline_changes_nothing_that_is_written(trail: Trail) -> None:
    write(trail, event(id="before", user__id="ann"))
    name = f"p-{trail.prefix}"
    trail.client.ingest.put_pipeline(id=name, body={"processors": [{"set": {"field": "user.id", "value": "mallory"}}]})
    index = f"{trail.prefix}-events-2026.11"
    trail.client.indices.put_settings(index=index, body={"index.default_pipeline": name})
    write_to(trail, [event(id="after", user__id="ann")], refresh=True)
    assert trail.client.get(index=index, id="after")["_source"]["user"]["id"] == "ann"
