"""Which numbers never arrived, by name, however many there are; and who has fallen silent."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.factories.events import event, write
from trail.connection import Trail
from trail.maintenance import sequences
from trail.search.bodies import sequences as number_bodies


def numbered(writer: str, *numbers: int) -> list[dict[str, object]]:
    return [event(writer__id=writer, event__sequence=number) for number in numbers]


def missing(trail: Trail) -> list[str]:
    return [str(gap) for gap in sequences.find_gaps(trail)]


def test_an_empty_trail_misses_nothing(trail: Trail) -> None:
    assert missing(trail) == []
    assert list(sequences.find_silent(trail, datetime.now(UTC))) == []


def test_every_number_that_never_arrived_is_named_by_its_writer(trail: Trail) -> None:
    write(trail, *numbered("whole", *range(30)), *numbered("x", *range(2, 10), 11, *range(14, 20)), event())
    assert missing(trail) == [
        "writer x: 0–1 never arrived",
        "writer x: 10 never arrived",
        "writer x: 12–13 never arrived",
    ]


def test_a_number_that_is_there_twice_hides_no_other(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 1, 1, 3))
    assert missing(trail) == ["writer x: 2 never arrived"]


@pytest.mark.parametrize(("blocks", "few"), [(3, 4), (2, 1), (500, 5_000)])
def test_gaps_are_the_same_however_finely_they_are_looked_for(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, blocks: int, few: int
) -> None:
    monkeypatch.setattr(sequences, "BLOCKS", blocks)
    monkeypatch.setattr(sequences, "FEW", few)
    monkeypatch.setattr(number_bodies.build_writers, "__kwdefaults__", {"after": None, "size": 2})
    monkeypatch.setattr(number_bodies.build_numbers, "__kwdefaults__", {"after": None, "size": 2})
    gone = {0, 7, 8, 9, 10, 11, 30, *range(33, 58)}
    for writer in ("a", "b", "c"):
        write(trail, *numbered(writer, *(number for number in range(60) if number not in gone), 99))
    found = [(gap.first, gap.last) for gap in sequences.find_gaps(trail) if gap.writer == "b"]
    assert found == [(0, 0), (7, 11), (30, 30), (33, 57), (60, 98)]
    assert len(missing(trail)) == 15


def test_a_number_far_beyond_the_others_costs_few_questions(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 1, 2**50))
    assert [(gap.first, gap.last) for gap in sequences.find_gaps(trail)] == [(2, 2**50 - 1)]


def test_who_has_not_been_heard_of_since_a_time_is_silent(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 1))
    between = datetime.now(UTC) + timedelta(milliseconds=1)
    while datetime.now(UTC) < between + timedelta(milliseconds=1):
        pass
    write(trail, *numbered("y", 0))
    (silent,) = sequences.find_silent(trail, between)
    assert (silent.id, silent.first, silent.last, silent.events, silent.whole) == ("x", 0, 1, 2, True)
    assert {one.id for one in sequences.find_silent(trail, datetime.now(UTC) + timedelta(seconds=1))} == {"x", "y"}


def test_where_nothing_is_missing_nothing_is_named(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 1))
    assert list(sequences.find_gaps_of(trail, "x", 0, 1)) == []
