"""Every figure is printed when it is measured, a part that fails is a line, and --only takes a part of a name."""

import argparse
from collections.abc import Iterator
from typing import cast

import pytest

from benchmarks.__main__ import PARTS, _chosen_parts, _parse, measure_parts
from benchmarks.figures import MB, Aim, Figure, Growth, Pairs, Rate, line_of, record_of
from benchmarks.sizes import size
from benchmarks.stage import Stage

STAGE = cast(Stage, None)
SLOW = Pairs("scan", Aim(at_least=0.8), [(2.0, 1.0), (4.0, 1.0), (3.0, 1.0)])


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
    large = Growth("export", (1, 4), (60 * MB, 70 * MB))
    quick = Rate("compare", [60_000.0, 40_000.0, 55_000.0], 50_000)
    first, second, third = map(line_of, (SLOW, large, quick))
    assert first.split() == ["scan", "0.33", "0.25", "0.50", "≥", "0.80", "NO"]
    assert second.split() == ["export", "70", "MB", "60", "MB", "70", "MB", "<", "200", "MB", "and", "flat", "yes"]
    assert third.split() == ["compare", "55,000", "40,000", "60,000", "≥", "50,000", "/s", "yes"]
    assert record_of(SLOW)["ratio"] == pytest.approx(1 / 3)
    assert (record_of(quick)["met"], record_of(large)["met"], record_of(SLOW)["met"]) == (True, True, False)


def test_a_part_that_fails_is_a_line_and_what_was_measured_before_and_after_it_stays(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Iterator[Figure]:
        yield SLOW
        raise AssertionError("The export held 50,002 events, not 50,000.")

    parts = {"first": lambda stage, options: broken(), "second": lambda stage, options: iter([SLOW])}
    figures, failures = measure_parts(parts, STAGE, argparse.Namespace())
    assert figures == [SLOW, SLOW]
    assert list(failures) == ["first"]
    _, one, failure, two = capsys.readouterr().out.splitlines()
    assert one == two == line_of(SLOW)
    assert failure.split() == [
        "first",
        "FAILED:",
        "AssertionError:",
        "The",
        "export",
        "held",
        "50,002",
        "events,",
        "not",
        "50,000.",
    ]


def test_a_figure_is_printed_before_the_next_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    printed: list[int] = []

    def part() -> Iterator[Figure]:
        for _ in range(2):
            yield SLOW
            printed.append(capsys.readouterr().out.count("scan"))

    measure_parts({"scans": lambda stage, options: part()}, STAGE, argparse.Namespace())
    assert printed == [1, 1]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("PAGES", ["search pages", "pages", "whole pages"]),
        ("people", ["people"]),
        ("ingest", ["HTTP ingest"]),
        ("export", ["scans and exports"]),
    ],
)
def test_only_takes_a_part_of_a_name(word: str, names: list[str]) -> None:
    assert _chosen_parts(_parse(["--only", word])) == names


def test_a_word_that_no_part_has_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parse(["--only", "nothing"])
    message = capsys.readouterr().err
    assert all(name in message for name in PARTS)


def test_a_kept_node_is_only_read() -> None:
    assert _chosen_parts(_parse(["--node", "http://127.0.0.1:1"])) == ["search pages", "pages"]
