"""Firsts are exact over the whole trail, in whatever order events arrive, and wherever it is cut off."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.cut_answers import cut
from tests.support.factories.events import event, use, write
from tests.support.factories.firsts import by_hand, keep, kept
from trail import arrivals, pairs
from trail.connection import Trail
from trail.errors import Incomplete, TrailUnavailable
from trail.first_seen import coverage, index, keeper
from trail.first_seen.index import Superseded
from trail.mapping import install
from trail.search.bodies import first_seen
from trail.search.spec import Filter, Search

_numbers = itertools.count()
_some = st.sampled_from
_events = st.fixed_dictionaries(
    {"month": _some(["2026-09", "2026-10"]), "nanosecond": st.integers(0, 9)},
    optional={
        "user__id": _some(["ada", "bob"]),
        "source__ip": _some(["192.0.2.1", "2001:db8::1", "2001:DB8:0:0::1"]),
        "token__id": _some(["t1", "t2"]),
        "service__name": _some(["api", "edge"]),
        "user_agent__name": _some(["curl"]),
        "user_agent__original": _some(["curl/8", "wget/1"]),
    },
)
_cuts = st.lists(st.tuples(st.integers(0, 14), st.booleans()), max_size=3)


def _made(fields: dict[str, Any]) -> dict[str, Any]:
    fields = dict(fields)
    at = f"{fields.pop('month')}-01T00:00:00.{fields.pop('nanosecond'):09d}Z"
    return event(at=at, id=f"e{next(_numbers) * 7919 % 10_007:05d}", **fields)


def _empty(trail: Trail) -> None:
    for name in trail.client.indices.get(index=f"{trail.prefix}-events-*"):
        trail.client.indices.delete(index=name)
    trail.known_indices.clear()
    index.drop_index(trail)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(st.tuples(st.lists(_events, min_size=1, max_size=6), _cuts), min_size=1, max_size=4))
def test_whatever_arrives_in_whatever_order_and_wherever_it_is_cut_off_the_firsts_are_what_they_are(
    node: str, trail: Trail, arrivals: list[tuple[list[dict[str, Any]], list[tuple[int, bool]]]]
) -> None:
    _empty(trail)
    documents = []
    for some, cuts in arrivals:
        made = [_made(one) for one in some]
        write(trail, *made)
        documents += made
        for after, answered in cuts:
            with cut(node, trail.prefix, after=after, answered=answered) as frail:
                try:
                    keeper.run_step(frail)
                except TrailUnavailable:
                    continue
    keep(trail)
    assert kept(trail) == by_hand(documents)


def test_an_event_that_arrives_late_takes_the_mark_away_from_a_later_one(trail: Trail) -> None:
    write(trail, use("t", id="later", user__id="ada", service__name="api", at="2026-11-02T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"later": {"user_address", "token_address", "token_service"}}
    write(trail, use("t", id="earlier", user__id="ada", at="2024-03-01T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"earlier": {"user_address", "token_address"}, "later": {"token_service"}}
    write(trail, use("t", id="earliest", service__name="api", at="2023-03-01T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"earliest": {"token_address", "token_service"}, "earlier": {"user_address"}}


def test_a_batch_that_was_begun_is_taken_in_again_as_it_was(trail: Trail) -> None:
    """The worst place to be cut off: copies say what pairs do not say yet, and meanwhile more has arrived."""
    write(trail, use("t", id="third", at="2026-11-03T00:00:00Z"))
    keep(trail)
    write(trail, use("t", id="second", at="2026-11-02T00:00:00Z"))
    (shard,) = arrivals.list_shards(trail)
    known = index.read_progress(trail)
    assert known is not None
    index.save_progress(trail, replace(known, under_way=index.Batch(shard.index, 0, 1, 1)))
    (name,) = pairs.name_pairs({"token.id": ["t"], "source.ip": ["192.0.2.7"]})
    marked = index.build_copy(shard.index, "second", use("t", id="second", at="2026-11-02T00:00:00Z"), [name])
    index.write_lines(trail, [marked, index.build_reduced_copy("third", [])])
    write(trail, use("t", id="first", at="2026-11-01T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"first": {"token_address"}}


def test_each_shard_is_read_for_itself(trail: Trail) -> None:
    install(replace(trail, shards=3))
    documents = [use(f"t{n % 5}", source__ip=f"192.0.2.{n % 7}", id=f"e{n}") for n in range(60)]
    write(trail, *documents)
    keep(trail)
    assert kept(trail) == by_hand(documents)


def test_many_windows_in_short_steps_come_to_the_same(trail: Trail) -> None:
    documents = [use(f"t{n % 5}", source__ip=f"192.0.2.{n % 7}") for n in range(arrivals.FEWEST * 3 + 1)]
    write(trail, *reversed(documents))
    steps = 0
    while keeper.run_step(trail, seconds=0.001).waits:
        steps += 1
    assert steps > 1
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")
    assert kept(trail) == by_hand(documents)


def test_the_consoles_own_events_are_nobodys_first(trail: Trail) -> None:
    write(trail, event(event__dataset="console", user__id="alice", source__ip="192.0.2.1", at="2026-01-01T00:00:00Z"))
    write(trail, event(id="seen", user__id="alice", source__ip="192.0.2.1", at="2026-02-01T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"seen": {"user_address"}}


def test_a_long_source_text_is_not_copied_and_raw_is(trail: Trail) -> None:
    write(trail, use("t", id="e", raw={"a": "b"}, event__original='{"a":"b"}'))
    keep(trail)
    found = trail.client.search(index=f"{trail.prefix}-firsts", body={"query": {"term": {"raw.a": "b"}}})
    (copy,) = [hit["_source"] for hit in found["hits"]["hits"]]
    assert copy["raw"] == {"a": "b"}
    assert "original" not in copy["event"]


@pytest.mark.parametrize("lost", ["replaced", "gone"])
def test_a_month_that_was_lost_is_forgotten(trail: Trail, lost: str) -> None:
    write(trail, use("t", id="old", at="2026-01-01T00:00:00Z"), use("t", id="new", at="2026-02-01T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"old": {"token_address"}}
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.01")
    trail.known_indices.clear()
    if lost == "replaced":
        write(trail, use("other", id="else", at="2026-01-01T00:00:00Z"))
    keep(trail)
    assert kept(trail) == {"new": {"token_address"}} | ({"else": {"token_address"}} if lost == "replaced" else {})


def test_an_index_of_another_table_of_pairs_is_made_anew(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    write(trail, use("t", id="e"))
    keep(trail)
    before = trail.client.indices.get(index=f"{trail.prefix}-firsts")[f"{trail.prefix}-firsts"]
    monkeypatch.setitem(index._MADE_BY, "pairing", 0)
    keep(trail)
    after = trail.client.indices.get(index=f"{trail.prefix}-firsts")[f"{trail.prefix}-firsts"]
    assert before["settings"]["index"]["uuid"] != after["settings"]["index"]["uuid"]
    assert kept(trail) == {"e": {"token_address"}}


def test_an_index_that_somebody_took_away_is_made_anew(trail: Trail) -> None:
    write(trail, use("t", id="e"))
    keep(trail)
    index.drop_index(trail)
    keep(trail)
    assert kept(trail) == {"e": {"token_address"}}


def test_it_is_built_anew_from_the_whole_trail(trail: Trail) -> None:
    write(trail, use("t", id="e"), use("t", id="f"))
    keep(trail)
    assert sum(keeper.rebuild_index(trail)) == 2
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")
    assert kept(trail) == {"e": {"token_address"}}


def test_two_processes_meet_instead_of_writing_over_each_other(trail: Trail) -> None:
    keep(trail)
    known = index.read_progress(trail)
    assert known is not None
    index.save_progress(trail, known)
    with pytest.raises(Superseded, match="one only"):
        index.save_progress(trail, known)


def test_a_write_that_the_engine_refuses_is_an_error(trail: Trail) -> None:
    keep(trail)
    with pytest.raises(TrailUnavailable, match=r"strict.*1 in all"):
        index.write_lines(trail, [index.build_copy("x", "e", {"nothing": 1}, [])])


def test_how_far_it_goes_can_be_told(trail: Trail) -> None:
    firsts = Search(filters=(Filter("novelty", ("any",)),), ingested_until="2026-01-01T00:00:00Z")
    assert coverage.read_coverage(trail) == first_seen.FirstSeenCoverage(None, 0)
    write(trail, use("t"), use("t"))
    assert coverage.read_coverage(trail) == first_seen.FirstSeenCoverage(None, 2)
    with pytest.raises(Incomplete, match="not known yet"):
        coverage.expect_coverage(trail, firsts, patience=0.01)
    keep(trail)
    covered = coverage.read_coverage(trail)
    assert covered.waiting == 0
    assert not covered.is_late(datetime.now(UTC))
    assert covered.is_late(datetime.now(UTC) + timedelta(minutes=1))
    coverage.expect_coverage(trail, firsts)
    with pytest.raises(Incomplete, match="had arrived by"):
        coverage.expect_coverage(trail, replace(firsts, ingested_until=None))
    coverage.expect_coverage(trail, Search())


def test_that_nothing_has_arrived_is_noted_now_and_then(trail: Trail) -> None:
    keep(trail)
    first = coverage.read_coverage(trail).until
    keep(trail)
    assert coverage.read_coverage(trail).until == first
    known = index.read_progress(trail)
    assert known is not None
    index.save_progress(trail, replace(known, until="2026-01-01T00:00:00+00:00"))
    keep(trail)
    assert str(coverage.read_coverage(trail).until) > str(first)


def test_how_far_it_goes_is_not_said_of_a_month_that_does_not_answer(trail: Trail) -> None:
    keep(trail)
    before = coverage.read_coverage(trail).until
    write(trail, use("t", at="2026-01-01T00:00:00Z"), use("u", at="2026-02-01T00:00:00Z"))
    trail.client.indices.close(index=f"{trail.prefix}-events-2026.01")
    assert keeper.run_step(trail).events == 1
    assert coverage.read_coverage(trail).until == before
