"""What is on record of an identifier, on small trails whose every figure is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.factories.events import event, use
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions.entity import KINDS, ask_entity, ask_every_value, ask_top_values, search_by
from trail.search import execute
from trail.search.bodies.entity import VALUES_A_PAGE
from trail.search.spec import WHOLE_TRAIL, Scope

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
HOSTILE = 'a/b|c\\d "e" <script>\u202e\n*'


@pytest.fixture(scope="module")
def trail(trail_of: Callable[..., Trail]) -> Trail:
    office = {"user__id": "mallory", "source__ip": "192.0.2.1", "service__name": "api", "user_agent__original": "ctl/1"}
    return trail_of(
        event(id="first", at="2026-01-05T00:00:00.000000009Z", **office, resource__id="r1"),
        event(at="2026-01-05T00:00:00.000000010Z", **office | {"service__name": "edge"}),
        *(event(at=f"2026-{month:02}-20T00:00:00Z", **office, resource__id="r1") for month in range(2, 12)),
        event(
            id="odd",
            at="2026-11-10T00:00:00Z",
            **office | {"source__ip": "198.51.100.9"},
            event__outcome="failure",
            event__reason="expired",
        ),
        event(
            id="last",
            at="2026-11-21T00:00:00.5Z",
            **office | {"user_agent__original": "curl/8"},
            event__outcome="failure",
            event__reason="revoked",
        ),
        event(id="hostile", at="2026-06-01T00:00:00Z", user__id=HOSTILE, resource__id="r2", service__name="api"),
        event(
            id="hidden",
            at="2025-01-01T00:00:00Z",
            event__dataset="console",
            user__id="mallory",
            service__name="auditconsole",
        ),
        *(
            use(
                "t",
                at="2026-05-01T00:00:00Z",
                source__ip=f"10.1.{n // 250}.{n % 250}",
                user__id="many",
                organization__id="o",
            )
            for n in range(VALUES_A_PAGE + 25)
        ),
        use("t", at="2026-05-02T00:00:00Z", source__ip="10.1.0.7", user__id="many", organization__id="o"),
    )


def _of(trail: Trail, kind: str, value: str, scope: Scope = Scope("alice"), **more: str):  # noqa: B008
    return ask_entity(trail, KINDS[kind], search_by(KINDS[kind], value, **more), scope, now=NOW)


def test_it_begins_and_ends_where_the_identifier_does_and_counts_every_event(trail: Trail) -> None:
    found = _of(trail, "user", "mallory")
    assert (found.first and found.first.event_id, found.last and found.last.event_id) == ("first", "last")
    assert (found.total, found.outcomes, found.failed) == (14, {"success": 12, "failure": 2}, 2)
    assert {one.value: one.count for one in found.reasons.values} == {"expired": 1, "revoked": 1}
    assert [hit.event_id for hit in found.failures] == ["last", "odd"]
    assert sum(bar.total for bar in found.bars) == 14
    assert (found.coverage.whole, found.coverage.asked_at) == (True, "2026-11-25T09:30:00.000000Z")


def test_what_it_had_to_do_with_has_first_and_last(trail: Trail) -> None:
    related = _of(trail, "user", "mallory").related
    addresses = {one.value: (one.count, one.first, one.last) for one in related["source.ip"].values.values}
    assert addresses == {
        "192.0.2.1": (13, "2026-01-05T00:00:00.000Z", "2026-11-21T00:00:00.500Z"),
        "198.51.100.9": (1, "2026-11-10T00:00:00.000Z", "2026-11-10T00:00:00.000Z"),
    }
    assert (related["source.ip"].number, related["source.ip"].counted, related["user_agent.original"].number) == (
        2,
        True,
        2,
    )


def test_what_appeared_within_thirty_days_of_the_last_event_is_new_but_not_what_was_there_from_the_first(
    trail: Trail,
) -> None:
    found = _of(trail, "user", "mallory")
    assert found.new_since == "2026-10-22T00:00:00.500Z"
    assert [one.value for one in found.news("source.ip")] == ["198.51.100.9"]
    assert [one.value for one in found.news("user_agent.original")] == ["curl/8"]
    given = ask_entity(
        trail,
        KINDS["user"],
        search_by(KINDS["user"], "mallory"),
        Scope("alice"),
        now=NOW,
        new_since="2026-11-15T00:00:00Z",
    )
    assert [one.value for one in given.news("source.ip")] == []
    assert [one.value for one in _of(trail, "address", "198.51.100.9").news("user.id")] == []


def test_within_a_range_only_that_counts_and_nothing_is_called_new(trail: Trail) -> None:
    found = _of(trail, "user", "mallory", start="2026-11-01T00:00:00Z", end="2026-11-21T00:00:00Z")
    assert (found.total, found.first and found.first.event_id) == (2, "odd")
    assert found.news("source.ip") == []


def test_what_a_person_may_not_find_is_in_no_figure(trail: Trail) -> None:
    seen = {user: _of(trail, "user", "mallory", Scope(user)) for user in ("alice", "mallory")}
    assert [(one.total, one.first and one.first.event_id) for one in seen.values()] == [(14, "first"), (15, "hidden")]
    assert _of(trail, "service", "auditconsole").total == 0


def test_an_identifier_is_a_value_and_never_a_query(trail: Trail) -> None:
    found = _of(trail, "user", HOSTILE)
    assert (found.total, found.first and found.first.event_id) == (1, "hostile")
    assert [one.value for one in _of(trail, "resource", "r2").related["user.id"].values.values] == [HOSTILE]


def test_who_was_never_seen_has_an_answer_with_its_coverage(trail: Trail) -> None:
    found = _of(trail, "user", "nobody")
    assert (found.total, found.first, found.last, found.bars, found.failures) == (0, None, None, [], [])
    assert all(one.number == 0 for one in found.related.values())
    assert found.coverage.events > 200


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_answered_in_one_round_trip(trail: Trail, kind: str) -> None:
    pool = trail.client.transport.get_connection().pool
    before = pool.num_requests
    assert _of(trail, kind, "10.1.0.7" if kind == "address" else "o").coverage.events
    assert pool.num_requests == before + 1


def test_an_address_that_is_none_is_refused(trail: Trail) -> None:
    with pytest.raises(BadQuery, match="holds addresses"):
        _of(trail, "address", "not an address")
    assert _of(trail, "address", "10.1.0.0/16").total == VALUES_A_PAGE + 26


def test_every_value_is_there_page_by_page_each_exact(trail: Trail) -> None:
    search = search_by(KINDS["user"], "many")
    first = ask_every_value(trail, search, "source.ip", WHOLE_TRAIL)
    second = ask_every_value(trail, search, "source.ip", WHOLE_TRAIL, after=first.after)
    values = [*first.values, *second.values]
    assert (len(first.values), len(second.values), second.after) == (VALUES_A_PAGE, 25, None)
    assert len({one.value for one in values}) == VALUES_A_PAGE + 25
    assert {one.value: one.count for one in values}["10.1.0.7"] == 2
    top = ask_top_values(trail, search, "source.ip", WHOLE_TRAIL)
    assert (top.values.values[0].value, top.number, top.counted) == ("10.1.0.7", VALUES_A_PAGE + 25, True)


def test_values_that_are_not_shown_are_counted_and_roughly_said_to_be(trail: Trail) -> None:
    found = _of(trail, "organisation", "o").related["source.ip"]
    assert len(found.values.values) == 10
    assert found.values.others == VALUES_A_PAGE + 26 - sum(one.count for one in found.values.values)
    assert not found.counted
    assert found.number == pytest.approx(VALUES_A_PAGE + 25, rel=0.02)


def test_its_search_finds_the_same_events(trail: Trail) -> None:
    found = _of(trail, "user", HOSTILE)
    assert replace(found.search) == found.search.from_query(found.search.to_query())
    assert execute.count(trail, found.search, WHOLE_TRAIL) == 1
