"""Every line of a growing file is read once, through rotations and restarts."""

import os
from pathlib import Path

import pytest

from tests.support.descriptors import take_low_descriptors
from trail.errors import SpoolBusy
from trail.writing.tail import CHUNK, HEAD, MAX_LINE, FileTail, Pipe


class Log:
    """A log file, and one who follows it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.log"
        self.state = folder / "state"
        self.said: list[str] = []
        self.follower = self.followed()

    def followed(self) -> FileTail:
        return FileTail(self.path, self.state, patience=0, report=self.said.append)

    def write(self, text: str, path: Path | None = None) -> None:
        with (path or self.path).open("a") as file:
            file.write(text)

    def rotate(self) -> None:
        for number in (3, 2, 1, 0):
            older = self.path.with_name(f"audit.log.{number}") if number else self.path
            if older.exists():
                older.rename(self.path.with_name(f"audit.log.{number + 1}"))

    def read(self, *, acknowledge: bool = True) -> list[bytes]:
        found = []
        while lines := self.follower.read(2):
            if acknowledge:
                self.follower.acknowledge(*lines)
            found += [line.payload for line in lines]
        return found

    def restart(self) -> None:
        self.follower.close()
        self.follower = self.followed()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_lines_come_as_they_are_ended_and_empty_ones_do_not(log: Log) -> None:
    assert log.read() == []
    log.write("one\n\ntwo\nth")
    assert log.read() == [b"one", b"two"]
    log.write("ree\n")
    assert log.read() == [b"three"]


def test_a_restart_goes_on_after_what_was_acknowledged(log: Log) -> None:
    log.write("one\ntwo\n")
    assert log.read() == [b"one", b"two"]
    log.write("three\nfour")
    assert log.read(acknowledge=False) == [b"three"]
    log.restart()
    assert log.read() == [b"three"]
    log.write(" and more\n")
    assert log.read() == [b"four and more"]
    assert log.said == []


def test_a_rotated_file_is_read_to_its_end_and_what_has_no_end_gets_none(log: Log) -> None:
    log.write("one\n")
    assert log.read() == [b"one"]
    log.write("two\nthree")
    log.rotate()
    assert log.read() == [b"two"]
    log.write("four\n")
    assert log.read() == [b"three", b"four"]


def test_what_is_written_to_a_file_after_it_was_renamed_is_read(log: Log) -> None:
    log.write("one\n")
    log.read()
    with log.path.open("a") as still_open:
        log.rotate()
        log.write("three\n")
        still_open.write("two\n")
    assert log.read() == [b"two", b"three"]


def test_several_rotations_while_nobody_followed_lose_nothing(log: Log) -> None:
    for number, text in enumerate(("one\n", "two\n", "three\n", "four\n")):
        log.write(text)
        os.utime(log.path, (number, number))
        if number == 0:
            assert log.read() == [b"one"]
            log.write("one more\n")
            os.utime(log.path, (number, number))
            log.follower.close()
        log.rotate()
    log.write("five\n")
    (log.path.parent / "audit.log.5.gz").write_bytes(b"older")
    log.follower = log.followed()
    assert log.read() == [b"one more", b"two", b"three", b"four", b"five"]
    assert log.said == []


def test_a_file_that_is_cut_is_read_from_its_beginning_and_that_is_said(log: Log) -> None:
    log.write("one and two\n")
    assert log.read() == [b"one and two"]
    log.path.write_text("three\n")
    assert log.read() == [b"three"]
    assert "was cut" in log.said[0]


@pytest.mark.parametrize("change", ["gone", "another", "shorter"])
def test_a_file_that_is_another_now_is_read_from_its_beginning_and_that_is_said(log: Log, change: str) -> None:
    log.write("the first line of all\n" + "x" * HEAD + "\n")
    assert len(log.read()) == 2
    log.follower.close()
    if change == "gone":
        log.path.rename(log.path.parent / "elsewhere")
        log.write("new\n")
    elif change == "another":  # its inode was given to a new file
        log.path.write_text("new\n" + "y" * 2 * HEAD + "\n")
    else:
        os.truncate(log.path, 22)
    log.follower = log.followed()
    assert log.read()[0] == (b"the first line of all" if change == "shorter" else b"new")
    assert "is gone" in log.said[0]


def test_nothing_is_read_while_there_is_no_file(log: Log) -> None:
    log.write("one\n")
    log.read()
    log.rotate()
    assert log.read() == []
    log.restart()
    assert log.read() == []
    log.write("two\n")
    assert log.read() == [b"two"]


def test_an_endless_line_comes_in_pieces_and_takes_no_more_memory(log: Log) -> None:
    log.write("x" * (MAX_LINE + 2 * CHUNK) + "\nnext\n")
    lines = log.read()
    assert b"".join(lines[:-1]) == b"x" * (MAX_LINE + 2 * CHUNK)
    assert lines[-1] == b"next"
    assert max(map(len, lines)) <= MAX_LINE + CHUNK


def test_two_do_not_follow_one_file(log: Log) -> None:
    with pytest.raises(SpoolBusy):
        log.followed()


def test_a_pipe_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    pipe = Pipe(reading)
    assert pipe.read(9) == []
    os.write(writing, b"one\n\ntwo\nthr")
    assert [line.payload for line in pipe.read(1)] == [b"one"]
    assert [line.payload for line in pipe.read(9)] == [b"two"]
    pipe.acknowledge()
    os.write(writing, b"ee")
    os.close(writing)
    found = []
    while not pipe.ended:
        found += [line.payload for line in pipe.read(9)]
    assert found == [b"three"]
    assert pipe.read(9) == []
    pipe.close()
    os.close(reading)


def test_a_pipe_is_read_by_a_process_that_holds_a_thousand_files() -> None:
    with take_low_descriptors():
        reading, writing = os.pipe()
        pipe = Pipe(reading)
        assert pipe.read(9) == []
        os.write(writing, b"one\n")
        assert [line.payload for line in pipe.read(9)] == [b"one"]
        os.close(writing)
        os.close(reading)


def test_a_renamed_file_is_looked_at_for_a_while_before_the_next_is_begun(log: Log) -> None:
    log.write("one\n")
    log.follower.close()
    log.follower = FileTail(log.path, log.state, patience=3600)
    assert log.read() == [b"one"]
    log.rotate()
    log.write("two\n")
    assert log.read() == []
    log.write("one more\n", log.path.with_name("audit.log.1"))
    assert log.read() == [b"one more"]
