"""Which part of a file a browser asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.downloads import Unsatisfiable, read_range


@given(st.integers(1, 10**12), st.data())
def test_any_range_that_begins_in_the_file_is_cut_to_it(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size * 2))
    assert read_range(f"bytes={first}-{last}", size) == (first, min(last + 1, size))
    assert read_range(f"bytes={first}-", size) == (first, size)
    assert read_range(f"bytes=-{last + 1}", size) == (max(0, size - last - 1), size)


@pytest.mark.parametrize(
    "header",
    ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=٣-", "bytes=" + "9" * 40 + "-"],
)
def test_what_is_no_single_range_of_bytes_is_left_aside(header: str) -> None:
    assert read_range(header, 10) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)]
)
def test_a_range_behind_the_end_cannot_be_met(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        read_range(header, size)
