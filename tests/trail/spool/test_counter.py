"""A number that was given out is never given to another event, however the process ended."""

from pathlib import Path

import pytest

from trail.errors import SpoolBusy, WriteRefused
from trail.spool.counter import SequenceCounter


def test_it_goes_on_where_it_was_kept(tmp_path: Path) -> None:
    for expected in (0, 3, 6, 9):
        count = SequenceCounter(tmp_path / "new" / "count")
        assert count.take_numbers(3) == range(expected, expected + 3)
        count.save()
        count.save()
        count.close()


def test_it_begins_no_lower_than_it_is_told(tmp_path: Path) -> None:
    count = SequenceCounter(tmp_path / "count", at_least=7)
    assert count.take_numbers(1) == range(7, 8)
    count.close()


def test_one_process_counts_at_a_time(tmp_path: Path) -> None:
    count = SequenceCounter(tmp_path / "count")
    with pytest.raises(SpoolBusy):
        SequenceCounter(tmp_path / "count")
    count.close()


@pytest.mark.parametrize("content", [bytes(range(16)), b"", bytes(8192)])
def test_a_count_that_cannot_be_read_is_not_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "count").write_bytes(content)
    for _ in range(2):
        with pytest.raises(WriteRefused, match="cannot be read"):
            SequenceCounter(tmp_path / "count")
