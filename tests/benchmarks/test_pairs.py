"""A ratio is of the same work, pair by pair, and says whether its aim is met."""

import pytest

from benchmarks.figures import Aim, Pairs
from benchmarks.pairs import measure_pairs

CHEAP, FAST = Aim(at_most=1.15), Aim(at_least=0.8)


def test_a_cost_is_our_time_over_the_engines_and_a_throughput_the_other_way_round() -> None:
    assert Pairs("page", CHEAP, [(1.1, 1.0)]).ratio == pytest.approx(1.1)
    assert Pairs("scan", FAST, [(2.0, 1.0)]).ratio == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("aim", "ours", "met"), [(CHEAP, 1.15, True), (CHEAP, 1.16, False), (FAST, 1.25, True), (FAST, 1.26, False)]
)
def test_an_aim_is_met_up_to_its_bound(aim: Aim, ours: float, met: bool) -> None:
    assert Pairs("one", aim, [(ours, 1.0)]).met is met


def test_the_median_of_the_pairs_counts_and_not_one_that_was_disturbed() -> None:
    assert Pairs("page", CHEAP, [(1.0, 1.0), (9.0, 1.0), (1.1, 1.0)]).met


def test_both_run_in_turn_and_the_first_pair_is_only_to_warm_up() -> None:
    ran: list[str] = []
    pairs = measure_pairs("x", FAST, ours=lambda: ran.append("ours"), bare=lambda: ran.append("bare"), rounds=3)
    assert len(pairs.seconds) == 3
    assert ran == ["bare", "ours", "ours", "bare", "bare", "ours", "ours", "bare"]


def test_different_work_is_never_compared() -> None:
    with pytest.raises(AssertionError, match="do not compare"):
        measure_pairs("x", FAST, ours=lambda: 10, bare=lambda: 11, rounds=1)
