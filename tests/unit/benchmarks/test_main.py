"""The table says of each figure whether its aim is met; sizes are what people write."""

import argparse

import pytest

from benchmarks.__main__ import figures, table
from benchmarks.memory import MB, Growth
from benchmarks.pairs import Aim, Pairs
from benchmarks.sizes import size
from benchmarks.verifying import Rate


@pytest.mark.parametrize(
    ("text", "number"), [("100000", 100_000), ("100_000", 100_000), ("200k", 200_000), ("1m", 1_000_000), ("2.5M", 2_500_000)]
)  # fmt: skip
def test_sizes_are_read_as_people_write_them(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "many", "1g", "-5", "k"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number of events"):
        size(text)


@pytest.mark.parametrize(("few", "many", "met"), [(60, 70, True), (60, 100, False), (210, 210, False)])
def test_memory_is_in_order_when_it_is_small_and_flat(few: int, many: int, met: bool) -> None:
    assert Growth("export", (1, 4), (few * MB, many * MB)).met is met


def test_the_table_and_the_file_say_the_same() -> None:
    slow = Pairs("scan", Aim(at_least=0.8), [(2.0, 1.0), (4.0, 1.0), (3.0, 1.0)])
    large = Growth("export", (1, 4), (60 * MB, 70 * MB))
    quick = Rate("compare", [60_000.0, 40_000.0, 55_000.0], 50_000)
    _, first, second, third = table([slow, large, quick]).splitlines()
    assert third.split() == ["compare", "55,000", "40,000", "60,000", "≥", "50,000", "/s", "yes"]
    assert figures(quick)["met"] is True
    assert first.split() == ["scan", "0.33", "0.25", "0.50", "≥", "0.80", "NO"]
    assert second.split() == ["export", "70", "MB", "60", "MB", "70", "MB", "<", "200", "MB", "and", "flat", "yes"]
    assert figures(slow)["ratio"] == pytest.approx(1 / 3)
    assert figures(large)["met"] is True
