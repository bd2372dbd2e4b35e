"""A number that was given out is never given to another event, however the process ended."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.count import Count
from trail.errors import SpoolBusy, WriteRefused


def test_it_goes_on_where_it_was_kept(tmp_path: Path) -> None:
    for expected in (0, 3, 6, 9):
        count = Count(tmp_path / "new" / "count")
        assert count.take(3) == range(expected, expected + 3)
        count.keep()
        count.keep()
        count.close()


def test_it_begins_no_lower_than_it_is_told(tmp_path: Path) -> None:
    count = Count(tmp_path / "count", at_least=7)
    assert count.take(1) == range(7, 8)
    count.close()


def test_one_process_counts_at_a_time(tmp_path: Path) -> None:
    count = Count(tmp_path / "count")
    with pytest.raises(SpoolBusy):
        Count(tmp_path / "count")
    count.close()


@given(kept=st.integers(1, 5), at=st.integers(0, 15))
def test_half_a_write_leaves_the_number_before_it(tmp_path_factory: pytest.TempPathFactory, kept: int, at: int) -> None:
    path = tmp_path_factory.mktemp("count") / "count"
    count = Count(path)
    for _ in range(kept):
        count.take(1)
        count.keep()
    before = path.read_bytes()
    count.take(1)
    count.keep()
    after = path.read_bytes()
    count.close()
    slot = 4096 * count._turn
    torn = bytearray(after)
    torn[slot : slot + 16] = before[slot : slot + 16].ljust(16, b"\0")
    torn[slot : slot + at] = after[slot : slot + at]
    path.write_bytes(bytes(torn))
    again = Count(path)
    assert again.next in (kept, kept + 1)
    again.close()


def test_a_count_that_cannot_be_read_is_not_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "count").write_bytes(os.urandom(16))
    with pytest.raises(WriteRefused, match="cannot be read"):
        Count(tmp_path / "count")
