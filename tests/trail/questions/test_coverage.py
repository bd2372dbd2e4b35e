"""What an answer covers: the trail as this person may find it, its ends, and the shards that answered."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories.events import event, write
from trail.connection import Trail
from trail.questions import coverage
from trail.questions.coverage import Coverage, Doubt
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Scope

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def _covered(trail: Trail, scope: Scope) -> Coverage:
    answer = execute.ask(trail, coverage.build_coverage(scope))
    return coverage.read_coverage(answer, NOW)


def test_a_coverage_counts_the_whole_trail_and_names_its_ends(trail: Trail) -> None:
    write(trail, event(at="2026-01-05T00:00:00Z"), event(at="2026-03-01T00:00:00Z"), event(at="2026-02-01T00:00:00Z"))
    found = _covered(trail, WHOLE_TRAIL)
    assert (found.asked_at, found.events, found.earliest) == (
        "2026-11-25T09:30:00.000000Z",
        3,
        "2026-01-05T00:00:00.000Z",
    )
    assert found.ingested_until is not None
    assert found.ingested_until > "2026-03-01"
    assert (found.shards, found.answered, found.failed, found.whole) == (3, 3, 0, True)


def test_what_a_person_cannot_find_is_not_among_the_events_searched(trail: Trail) -> None:
    theirs = event(event__dataset="console", user__id="bob", at="2025-01-01T00:00:00Z")
    write(trail, theirs, event(at="2026-01-05T00:00:00Z"))
    seen = {who: _covered(trail, Scope(who)) for who in ("alice", "bob")}
    assert {who: (one.events, one.earliest[:4] if one.earliest else "") for who, one in seen.items()} == {
        "alice": (1, "2026"),
        "bob": (2, "2025"),
    }


def test_an_empty_trail_is_covered_whole_and_has_no_ends(trail: Trail) -> None:
    found = _covered(trail, WHOLE_TRAIL)
    assert (found.events, found.earliest, found.ingested_until, found.whole) == (0, None, None, True)


@given(failed=st.integers(0, 3), late=st.booleans(), doubts=st.lists(st.text(), max_size=3))
def test_an_answer_is_whole_only_when_every_shard_answered_in_time_and_nothing_is_in_doubt(
    failed: int, late: bool, doubts: list[str]
) -> None:
    answer = {"_shards": {"total": 3, "failed": failed}, "hits": {"total": {"value": 9}}, "timed_out": late}
    found = coverage.read_coverage(answer, NOW).doubted(Doubt(text) for text in doubts)
    assert found.whole == (not failed and not late and not doubts)
    assert [doubt.sentence for doubt in found.doubts][late:] == doubts
    assert found.answered + found.failed == found.shards
