"""Half a write leaves the number before it; a number that cannot be written leaves it too."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trail.spool.test_spool import file_limit
from trail.spool.slot_file import SlotFile


@given(numbers=st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=5, unique=True), at=st.integers(0, 16))
def test_a_write_that_is_cut_at_any_byte_leaves_the_one_or_the_other(numbers: list[int], at: int) -> None:
    with TemporaryDirectory() as folder:
        number = SlotFile(Path(folder) / "number")
        assert number.read() is None
        for one in sorted(numbers)[:-1]:
            number.write(one)
            assert number.read() == one
        before = number.path.read_bytes()
        number.write(max(numbers))
        after = number.path.read_bytes()
        assert len(before) == len(after)
        (slot,) = (place for place in (0, 4096) if before[place : place + 16] != after[place : place + 16])
        number.path.write_bytes(after[:slot] + after[slot : slot + at] + before[slot + at :])
        assert number.read() in sorted(numbers)[-2:]


def test_a_write_that_fails_leaves_the_number_before(tmp_path: Path) -> None:
    number = SlotFile(tmp_path / "number")
    for one in (1, 2):
        number.write(one)
    for _ in range(3):
        with file_limit(1), pytest.raises(OSError, match=r"space|large"):
            number.write(3)
        assert number.read() == 2
    number.write(3, sync=False)
    assert number.read() == 3


def test_a_file_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    with file_limit(100), pytest.raises(OSError, match="large"):
        SlotFile(tmp_path / "number").write(1)
    assert list(tmp_path.iterdir()) == []
