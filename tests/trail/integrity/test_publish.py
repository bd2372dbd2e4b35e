"""Checkpoints in a folder that nobody can rewrite: each once, whole, in order, whatever happened in between."""

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.integrity import publish
from trail.integrity.publish import FolderPublisher, NotPublished, PublishedUnreadable, read_newest, read_published


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher(tmp_path: Path, clock: Clock) -> FolderPublisher:
    return FolderPublisher(tmp_path, clock)


@pytest.fixture
def only_file(tmp_path: Path) -> Callable[[], Path]:
    def find() -> Path:
        (path,) = (one for one in tmp_path.rglob("*") if one.is_file())
        return path

    return find


def test_what_is_published_is_read_back_from_old_to_new(
    publisher: FolderPublisher, clock: Clock, tmp_path: Path
) -> None:
    assert (list(read_published(tmp_path)), read_newest(tmp_path)) == ([], None)
    publisher.publish(b"of nine\n", 9)
    publisher.publish(b"of ten\n", 10)
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    publisher.publish(b"of a hundred\n", 100)
    assert list(read_published(tmp_path)) == [b"of nine\n", b"of ten\n", b"of a hundred\n"]
    assert read_newest(tmp_path) == b"of a hundred\n"


def test_what_stands_behind_a_position_is_read_and_nothing_before_it(publisher: FolderPublisher, clock: Clock) -> None:
    assert (list(publisher.read_after()), publisher.read_newest()) == ([], None)
    publisher.publish(b"of nine\n", 9)
    publisher.publish(b"of ten\n", 10)
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    publisher.publish(b"of a hundred\n", 100)
    notes = list(publisher.read_after())
    assert [note.message for note in notes] == [b"of nine\n", b"of ten\n", b"of a hundred\n"]
    assert sorted(notes, key=lambda note: note.position) == notes
    assert [list(publisher.read_after(note.position)) for note in notes] == [notes[1:], notes[2:], []]
    assert publisher.read_newest() == b"of a hundred\n"


def test_a_folder_that_is_away_cannot_be_read(tmp_path: Path) -> None:
    away = FolderPublisher(tmp_path / "away")
    with pytest.raises(PublishedUnreadable, match="cannot be read"):
        list(away.read_after())
    with pytest.raises(PublishedUnreadable, match="cannot be read"):
        away.read_newest()


def test_each_is_a_file_that_is_made_once_and_published_again_is_no_harm(
    publisher: FolderPublisher, tmp_path: Path, only_file: Callable[[], Path]
) -> None:
    publisher.publish(b"note\n", 7)
    before = only_file().stat()
    publisher.publish(b"note\n", 7)
    after = only_file().stat()  # but for when it was read
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert stat.S_IMODE(before.st_mode) & 0o222 == 0
    assert only_file().name.startswith("0000000000000000007-")


def test_two_of_one_size_are_two(publisher: FolderPublisher, tmp_path: Path) -> None:
    for note in (b"at noon\n", b"a minute later\n"):
        publisher.publish(note, 7)
    assert sorted(read_published(tmp_path)) == [b"a minute later\n", b"at noon\n"]


@given(at=st.integers(0, 11))
def test_one_that_was_cut_off_anywhere_is_finished(tmp_path_factory: pytest.TempPathFactory, at: int) -> None:
    folder = tmp_path_factory.mktemp("published")
    publisher = FolderPublisher(folder, Clock())
    publisher.publish(b"a whole note", 7)
    (path,) = folder.glob("*/*")
    path.chmod(0o600)
    path.write_bytes(b"a whole note"[:at])
    publisher.publish(b"a whole note", 7)
    assert list(read_published(folder)) == [b"a whole note"]


def test_where_the_cut_one_can_no_longer_be_written_it_stands_beside(
    publisher: FolderPublisher, tmp_path: Path, only_file: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WORM file system, stood in for by an `open` that lets nothing but new files be written; root may write all."""
    publisher.publish(b"note\n", 7)
    only_file().chmod(0o600)
    only_file().write_bytes(b"no")
    real = os.open

    def once(path: os.PathLike[str], flags: int, mode: int = 0o777, **options: Any) -> int:
        if flags & os.O_WRONLY and not flags & os.O_EXCL:
            raise PermissionError(1, "Operation not permitted", str(path))
        return real(path, flags, mode, **options)

    monkeypatch.setattr(publish.os, "open", once)
    publisher.publish(b"note\n", 7)
    publisher.publish(b"note\n", 7)
    assert sorted(path.name[-2:] for path in tmp_path.glob("*/*"))[0] == ".1"
    assert len(list(tmp_path.glob("*/*"))) == 2
    assert list(read_published(tmp_path)) == [b"note\n"]


def test_another_that_stands_under_its_name_is_not_touched(
    publisher: FolderPublisher, tmp_path: Path, only_file: Callable[[], Path]
) -> None:
    publisher.publish(b"note\n", 7)
    path = only_file()
    path.chmod(0o600)
    path.write_bytes(b"another\n")
    publisher.publish(b"note\n", 7)
    assert path.read_bytes() == b"another\n"
    assert list(read_published(tmp_path)) == [b"note\n"]


def test_what_is_published_can_be_read_by_everybody_whatever_else_the_process_keeps_to_itself(
    publisher: FolderPublisher, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        publisher.publish(b"note", 1)
    finally:
        os.umask(before)
    (month,) = tmp_path.iterdir()
    (file,) = month.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (month, file)] == [0o755, 0o444]


def test_what_else_lies_there_is_passed_over(publisher: FolderPublisher, tmp_path: Path) -> None:
    publisher.publish(b"note\n", 7)
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "2026-11" / "README").write_text("not ours")
    (tmp_path / "2026-12").mkdir()
    assert (list(read_published(tmp_path)), read_newest(tmp_path)) == ([b"note\n"], b"note\n")


def test_a_folder_that_is_not_there_is_a_failure_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match=r"The checkpoint of 1,234 events was not written to .*absent"):
        FolderPublisher(tmp_path / "absent").publish(b"note\n", 1_234)
    assert not (tmp_path / "absent").exists()
