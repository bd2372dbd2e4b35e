"""What is known of each identifier of one event."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.support.factories.events import event, use
from trail.connection import Trail
from trail.questions.event_context import EventContext, ask_event_context
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL


@pytest.fixture(scope="module")
def trail(trail_of: Callable[..., Trail]) -> Trail:
    client = {"user_agent__original": "Mozilla/5.0 (X11) Firefox/145.0", "user__id": "mallory"}
    return trail_of(
        use("t", id="one", at="2026-01-01T00:00:00.000000001Z", **client),
        use("t", id="two", at="2026-01-01T00:00:00.000000002Z", **client),
        use("t", id="other", at="2026-03-01T00:00:00Z", **client, source__ip="198.51.100.9", event__outcome="failure"),
        use("t", id="later", at="2026-04-01T00:00:00Z", source__ip="198.51.100.9", user__id="bob"),
        event(id="bare"),
    )


def _known(trail: Trail, event_id: str) -> EventContext:
    found = execute.find_event(trail, event_id, WHOLE_TRAIL)
    assert found is not None
    return ask_event_context(trail, found, WHOLE_TRAIL, now=datetime(2026, 11, 25, tzinfo=UTC))


def test_of_each_identifier_it_says_how_often_when_and_how_often_in_vain(trail: Trail) -> None:
    told = {one.field: (one.events, one.failures, one.first, one.last) for one in _known(trail, "other").identifiers}
    assert told == {
        "user.id": (3, 1, "2026-01-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"),
        "source.ip": (2, 1, "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"),
        "token.id": (4, 1, "2026-01-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"),
    }


def test_the_first_of_two_that_go_together_is_told_to_the_nanosecond(trail: Trail) -> None:
    first = {
        event_id: {pair.fields: pair.first for pair in _known(trail, event_id).pairs}
        for event_id in ("one", "two", "other")
    }
    assert set(first["one"].values()) == {True}
    assert set(first["two"].values()) == {False}
    assert first["other"] == {
        ("user.id", "source.ip"): True,
        ("token.id", "source.ip"): True,
        ("user.id", "user_agent.original"): False,
    }


def test_it_is_one_round_trip_and_says_what_it_covers(trail: Trail) -> None:
    pool = trail.client.transport.get_connection().pool
    counted = []
    for event_id in ("one", "bare"):
        before = pool.num_requests
        _known(trail, event_id)
        counted.append(pool.num_requests - before - 1)  # the event itself
    assert counted == [1, 1]
    told = _known(trail, "bare")
    assert (told.identifiers, told.pairs, told.coverage.events, told.coverage.whole) == ([], [], 5, True)
