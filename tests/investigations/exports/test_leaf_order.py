"""An export's items come out by their leaves, whatever was held in memory, and leave nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.exports.leaf_order import InLeafOrder
from trail.errors import TrailUnavailable


@given(leaves=st.lists(st.integers(0, 10_000), unique=True, max_size=60), held=st.integers(1, 20))
def test_they_are_sorted_and_the_last_is_known_before(
    tmp_path_factory: pytest.TempPathFactory, leaves: list[int], held: int
) -> None:
    folder = tmp_path_factory.mktemp("sorting")
    order = InLeafOrder(((leaf, "i", f"é{leaf}") for leaf in leaves), folder, held)
    assert order.last == max(leaves, default=-1)
    assert list(order) == [(leaf, "i", f"é{leaf}") for leaf in sorted(leaves)]
    assert list(folder.iterdir()) == []


def test_what_is_not_read_to_its_end_leaves_no_file_either(tmp_path: Path) -> None:
    order = iter(InLeafOrder([(2, "i", "b"), (1, "i", "a")], tmp_path, 1))
    assert next(order) == (1, "i", "a")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_sorted_to_its_end_leaves_no_file_open(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[int, str, str]]:
        yield (1, "i", "a")
        yield (2, "i", "b")
        raise TrailUnavailable("The trail does not answer.")

    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(TrailUnavailable) as raised:
        InLeafOrder(broken(), tmp_path, 1)
    assert raised.value.__traceback__ is not None  # which holds what was made meanwhile
    assert len(list(Path("/proc/self/fd").iterdir())) == before
