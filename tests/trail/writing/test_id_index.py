"""The index of ids says where each is, while one process adds and others read, and after any end."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.writing import id_index
from trail.writing.id_index import IdIndex, IdIndexReader, name_index, number_index

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PLACES = st.integers(0, 2**13 - 1)


def _add(index: IdIndex, pairs: list[tuple[str, int | None]]) -> list[tuple[str, int, int]]:
    """Takes leaves in; the ids that were in another place, as well."""
    found = [pair[:3] for pair in index.add([event_id for event_id, _ in pairs], [place for _, place in pairs])]
    index.advance(index.leaves + len(pairs))
    return found


@given(batches=st.lists(st.lists(st.tuples(IDS, PLACES), max_size=40), max_size=6))
def test_every_place_of_every_id_is_known_and_no_other(
    batches: list[list[tuple[str, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_index, "FIRST_SLOTS", 8)
        index = IdIndex(tmp_path_factory.mktemp("index"))
        reader = IdIndexReader(index._folder)
        known: dict[str, set[int]] = {}
        for batch in batches:
            found = _add(index, list(batch))
            expected = []
            for event_id, place in batch:
                there = known.setdefault(event_id, set())
                expected += [(event_id, other, place) for other in there - {place}]
                there.add(place)
            assert sorted(found) == sorted(expected)
        index.complete()
        asked = [*known, "none of them, for it is too long"]
        places = reader.find(asked)
        assert places is not None
        assert list(map(set, places)) == [*known.values(), set()]


def test_who_reads_sees_what_is_added_and_each_new_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_index, "FIRST_SLOTS", 2**16)
    index, reader = IdIndex(tmp_path), IdIndexReader(tmp_path)
    assert reader.find(["id 0"]) is None
    index.complete()
    assert reader.find(["id 0"]) == [()]
    for start in range(0, 80_000, 10_000):
        _add(index, [(f"id {number}", 7) for number in range(start, start + 10_000)])
        assert reader.find([f"id {start}", f"id {start + 9_999}", f"id {start + 10_000}"]) == [(7,), (7,), ()]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "head"]


def test_a_process_that_died_begins_where_the_disk_has_it_and_adds_nothing_twice(tmp_path: Path) -> None:
    index = IdIndex(tmp_path)
    _add(index, [("a", 1), ("b", 2)])
    index.complete()
    index.close()
    index = IdIndex(tmp_path)
    assert index.leaves == 2
    _add(index, [("c", 3)])
    again = IdIndex(tmp_path)  # the one before was not closed
    assert again.leaves == 2
    assert _add(again, [("c", 3), ("a", 2)]) == [("a", 1, 2)]
    again.complete()
    assert IdIndexReader(tmp_path).find(["a", "b", "c"]) == [(1, 2), (2,), (3,)]
    assert again._used == 4


def test_a_new_index_is_not_relied_on_until_it_is_complete(tmp_path: Path) -> None:
    index, reader = IdIndex(tmp_path), IdIndexReader(tmp_path)
    _add(index, [("a", 1)])
    index.complete()
    assert reader.find(["a"]) == [(1,)]
    index.begin_anew()
    assert reader.find(["a"]) is None


def test_every_month_has_a_place_and_its_index_follows_from_it() -> None:
    for index in ("t-events-1969.12", "t-events-2311.01", "t-events-2026.13", "t-firsts", "other-events-2026.11"):
        assert number_index("t", index) is None
    for month in ("1970.01", "2026.11", "2262.12", "2310.12"):
        for index in (f"t-events-{month}", f"t-events-{month}-late"):
            place = number_index("t", index)
            assert place is not None
            assert 0 <= place < 2**13
            assert name_index("t", place) == index
