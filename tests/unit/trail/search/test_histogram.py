"""Bars over time: a round length each, few enough to be seen, no event lost, no gap."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trail.search import histogram
from trail.search.spec import Search

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_known_range_gets_bars_of_a_round_length() -> None:
    day = Search(start="2026-11-01T00:00:00Z", end="2026-11-02T00:00:00Z")
    assert histogram.step_of(day) == 900
    assert histogram.body(day)["date_histogram"]["fixed_interval"] == "900s"
    assert histogram.step_of(Search(start="now-1d", end="now")) is None


def test_an_open_range_is_asked_for_in_steps_that_the_trails_own_ends_allow() -> None:
    def step(ends: tuple[str, str] | None, **ask: str) -> str:
        return str(histogram.body(Search(**ask), ends)["date_histogram"]["fixed_interval"])

    assert step(None) == "86400s"
    assert step(("2026-11-24T00:00:00.000Z", "2026-11-24T10:00:00.000Z")) == "120s"
    assert step(("2020-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")) == "604800s"
    assert step(("2020-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"), start="2025-12-31") == "300s"


@given(st.lists(st.integers(0, 3_000), unique=True, min_size=1, max_size=40), st.sampled_from([60, 3600, 86_400]))
def test_bars_are_put_together_without_loss_and_without_gap(places: list[int], fine: int) -> None:
    buckets = []
    for place in sorted(places):
        at = BEGIN + timedelta(seconds=place * fine)
        stack = {"buckets": [{"key": "failure", "doc_count": 1}]}
        buckets.append(
            {"key": int(at.timestamp()) * 1000, "key_as_string": at.isoformat(), "doc_count": place + 1, "stack": stack}
        )
    bars = histogram.bars({"buckets": buckets}, Search())
    assert sum(bar.total for bar in bars) == sum(place + 1 for place in places)
    assert sum(bar.counts.get("failure", 0) for bar in bars) == len(places)
    assert len(bars) <= histogram.BARS + 1
    starts = [datetime.fromisoformat(bar.start) for bar in bars]
    assert len({later - earlier for earlier, later in pairwise(starts)}) <= 1
    assert starts[0] <= BEGIN + timedelta(seconds=min(places) * fine)
