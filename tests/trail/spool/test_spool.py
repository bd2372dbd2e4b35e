"""What a spool acknowledged is read from it, once and in order, wherever its writer was stopped."""

import errno
import fcntl
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trail import files
from trail.errors import SpoolBusy, WriteRefused, WriteUnknown
from trail.spool.reader import SpoolReader
from trail.spool.segment_format import MAGIC, Frame, decode, encode
from trail.spool.spool import Damage, Positions, Spool, list_segments

KB = 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def drained(folder: Path, *, most: int = 10, acknowledge: bool = True) -> list[Frame | Damage]:
    found: list[Frame | Damage] = []
    with SpoolReader(folder) as drain:
        while some := drain.read(most):
            found += some
            if acknowledge:
                drain.acknowledge(*some)
    return found


def payloads(found: list[Frame | Damage]) -> list[bytes]:
    return [one.payload for one in found if isinstance(one, Frame)]


def kill(spool: Spool) -> None:
    """What is left of a spool when its process is killed: its descriptors are closed, and nothing else happens."""
    spool._groups.close()
    if spool._segment:
        spool._segment.close()
    os.close(spool._lock)


def back_to(folder: Path, mark: int) -> None:
    """The mark as it was on disk before what was written last."""
    Positions.of(folder).durable.path.unlink()
    Positions.of(folder).durable.write(mark)


@contextmanager
def interrupt(first: Callable[[], object] = lambda: None) -> Iterator[None]:
    """In a moment this thread is interrupted, wherever it waits."""

    def interrupted(*_: object) -> None:
        first()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupted)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: a write is cut short there and the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_appended_is_read_in_order_and_numbered(folder: Path) -> None:
    with Spool(folder) as spool:
        assert spool.append(b"one") == 0
        assert spool.append(b"two", b"", b"three") == 1
        assert spool.append(b"four") == 4
    found = drained(folder)
    assert payloads(found) == [b"one", b"two", b"", b"three", b"four"]
    assert [one.number for one in found if isinstance(one, Frame)] == [0, 1, 2, 3, 4]
    assert drained(folder) == []


def test_a_reader_beside_the_writer_sees_each_record_at_once(folder: Path) -> None:
    with Spool(folder) as spool, SpoolReader(folder) as drain:
        assert drain.read(9) == []
        for number in range(3):
            spool.append(b"%d" % number)
            assert drain.count_waiting() == 1
            (frame,) = drain.read(9)
            drain.acknowledge(frame)
            assert (payloads([frame]), drain.count_waiting()) == ([b"%d" % number], 0)


def test_a_reader_beside_the_writer_takes_nothing_before_it_is_synced(folder: Path) -> None:
    with Spool(folder) as spool, SpoolReader(folder) as drain:
        spool.append(b"synced")
        with list_segments(folder)[0][1].open("ab") as file:
            file.write(encode(1, b"written and not synced", settled=1))
        assert payloads(drain.read(9)) == [b"synced"]
        assert drain.read(9) == []


def test_a_writer_that_begins_again_counts_on_and_hands_on_what_waits(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"before")
    with Spool(folder) as spool, SpoolReader(folder) as drain:
        assert spool.last == b"before"
        assert payloads(drain.read(9)) == [b"before"]
        assert spool.append(b"after") == 1
        assert payloads(drain.read(9)) == [b"after"]


def test_what_was_read_and_not_acknowledged_is_read_again(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"one", b"two")
    assert payloads(drained(folder, acknowledge=False)) == [b"one", b"two"]
    with SpoolReader(folder) as drain:
        drain.acknowledge(drain.read(1)[0])
    assert payloads(drained(folder)) == [b"two"]


def test_many_threads_share_one_sync_and_each_learns_its_own_number(folder: Path) -> None:
    with Spool(folder) as spool:
        syncs = 0
        together = Barrier(20)
        commit = spool._groups._commit

        def counted(group: list[object]) -> list[int]:
            nonlocal syncs
            syncs += 1
            while syncs == 1 and len(spool._groups._waiting) < 19:
                time.sleep(0.001)  # until all the others wait
            return commit(group)  # type: ignore[arg-type]

        spool._groups._commit = counted  # type: ignore[assignment]

        def append(number: int) -> tuple[int, bytes]:
            together.wait()
            record = b"record %d" % number
            return spool.append(record), record

        with ThreadPoolExecutor(20) as pool:
            told = dict(pool.map(append, range(20)))
    assert [told[n] for n in range(20)] == payloads(drained(folder))
    assert syncs == 2


def test_segments_are_removed_when_all_in_them_is_delivered_but_for_one(folder: Path) -> None:
    with Spool(folder, max_bytes=8 * KB) as spool:
        for _ in range(6):
            spool.append(bytes(900))
        assert len(list_segments(folder)) == 3
        with SpoolReader(folder) as drain:
            drain.acknowledge(*drain.read(9))
            assert [first for first, _ in list_segments(folder)] == [0, 2, 4]
            drain.acknowledge(*drain.read(1))
            assert [first for first, _ in list_segments(folder)] == [2, 4]
            drain.acknowledge(*drain.read(9))
            drain.acknowledge(*drain.read(9))
            assert [first for first, _ in list_segments(folder)] == [4]
    with Spool(folder) as spool:
        assert spool.append(b"next") == 6


def test_a_full_spool_refuses_and_takes_again_when_something_is_delivered(folder: Path) -> None:
    with Spool(folder, max_bytes=8 * KB) as spool:
        for _ in range(7):
            spool.append(bytes(KB))
        with pytest.raises(WriteRefused, match="full"):
            spool.append(bytes(KB))
        assert len(drained(folder)) == 7
        assert spool.append(bytes(KB)) == 7
    assert len(drained(folder)) == 1


def test_a_record_too_large_for_any_segment_is_refused(folder: Path) -> None:
    with Spool(folder) as spool, pytest.raises(WriteRefused, match="no room"):
        spool.append(b"small", bytes(64 * KB * KB + 1))
    assert drained(folder) == []


def test_one_writer_and_one_reader_at_a_time(folder: Path) -> None:
    with Spool(folder), SpoolReader(folder), pytest.raises(SpoolBusy):
        SpoolReader(folder)


def test_a_second_writer_is_refused_and_a_forked_one_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trail.spool.spool.LOCK_SECONDS", 0)
    with Spool(folder) as spool:
        with pytest.raises(SpoolBusy):
            Spool(folder)
        ours, theirs = multiprocessing.Pipe()
        if (child := os.fork()) == 0:
            try:
                spool.append(b"from the child")
            except WriteRefused as error:
                theirs.send(str(error))
            spool.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert "forked" in ours.recv()
        spool._process, own = child, spool._process  # as it looks to the child
        with pytest.raises(WriteRefused, match="forked"):
            spool.append(b"as the child")
        spool._process = own
        assert spool.append(b"from the parent") == 0


def test_a_closed_spool_refuses_and_closing_again_is_harmless(folder: Path) -> None:
    spool = Spool(folder)
    spool.close()
    spool.close()
    with pytest.raises(WriteRefused, match="closed"):
        spool.append(b"late")


def test_a_write_that_the_system_cuts_short_is_refused_whole_and_the_next_one_succeeds(folder: Path) -> None:
    for limit in range(1, 300, 7):
        with Spool(folder) as spool, file_limit(limit), pytest.raises(WriteRefused) as refused:
            spool.append(bytes(150), bytes(150))
        assert type(refused.value) is WriteRefused
    with Spool(folder) as spool:
        spool.append(b"kept")
        with file_limit(100), pytest.raises(WriteRefused, match=os.strerror(errno.EFBIG)):
            spool.append(bytes(200))
        spool.append(b"kept too")
    assert payloads(drained(folder)) == [b"kept", b"kept too"]
    assert not list(folder.glob("*.torn"))


def test_after_a_sync_that_fails_nothing_is_appended_to_that_segment(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"kept")
        suspect = spool._segment
        assert suspect
        # A pipe takes bytes and cannot be synced: fsync(2) fails for it, and so does everything afterwards.
        reading, writing = os.pipe()
        os.dup2(writing, suspect._descriptor)
        with pytest.raises(WriteUnknown, match="synced"):
            spool.append(b"nobody knows")
        os.close(reading)
        os.close(writing)
        assert spool.append(b"kept too") == 1
        assert spool._segment is not suspect
        assert [first for first, _ in list_segments(folder)] == [0, 1]
    assert payloads(drained(folder)) == [b"kept", b"kept too"]


def test_bytes_that_could_not_be_cut_off_end_where_the_next_segment_begins(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"kept")
        before = list_segments(folder)[0][1].stat().st_size
        spool.append(b"disowned")
        disowned = list_segments(folder)[0][1].read_bytes()[before:]
    with Spool(folder / "other") as other:
        other.append(b"kept")
        path = list_segments(folder / "other")[0][1]
        path.write_bytes(path.read_bytes() + disowned)
        assert other._segment
        other._segment.close()
        other._segment = None
        other.append(b"kept too")
    assert payloads(drained(folder / "other")) == [b"kept", b"kept too"]
    with Spool(folder / "other") as other:
        assert other.last == b"kept too"


@pytest.mark.parametrize("size", [0, 5, len(MAGIC)])
def test_a_segment_that_was_only_begun_is_begun_again(folder: Path, size: int) -> None:
    with Spool(folder) as spool:
        spool.append(b"one")
    (folder / f"{1:020}.spool").write_bytes(MAGIC[:size])
    with Spool(folder) as spool:
        assert spool.last == b"one"
        assert spool.append(b"two") == 1
    assert payloads(drained(folder)) == [b"one", b"two"]


def test_every_acknowledged_record_survives_a_cut_at_any_byte_after_it(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"acknowledged")
        mark = Positions.of(folder).durable.read() or 0
        before = list_segments(folder)[0][1].stat().st_size
        spool.append(b"torn", b"torn too")
        path = list_segments(folder)[0][1]
        whole = path.read_bytes()
    ends = [before + 32 + 4, before + 32 + 4 + 32 + 8]
    for cut in range(before, len(whole) + 1):
        path.write_bytes(whole[:cut])
        back_to(folder, mark)
        with Spool(folder) as spool:
            assert spool.damage == []
        kept = [b"torn", b"torn too"][: sum(end <= cut for end in ends)]
        assert payloads(drained(folder, acknowledge=False)) == [b"acknowledged", *kept]
        last_end = max(before, *(end for end in ends if end <= cut), before)
        torn = list(folder.glob("*.torn"))
        assert [one.read_bytes() for one in torn] == ([whole[last_end:cut]] if cut > last_end else [])
        for one in torn:
            one.unlink()


def test_a_torn_write_whose_end_is_there_and_whose_beginning_is_not_is_cut_off(folder: Path) -> None:
    """After a power cut a later page of one write may be on disk, and an earlier one not."""
    with Spool(folder) as spool:
        spool.append(b"acknowledged")
        mark = Positions.of(folder).durable.read() or 0
        spool.append(b"lost page", b"kept page")
        path = list_segments(folder)[0][1]
    path.write_bytes(path.read_bytes().replace(b"lost page", bytes(9)))
    back_to(folder, mark)
    assert payloads(drained(folder, acknowledge=False)) == [b"acknowledged"]
    with Spool(folder) as spool:
        assert spool.damage == []
        assert spool.append(b"next") == 1
    assert payloads(drained(folder)) == [b"acknowledged", b"next"]


@pytest.mark.parametrize("again", [True, False], ids=["after the writer began again", "before"])
@pytest.mark.parametrize("marked", [True, False], ids=["with the mark", "without"])
def test_a_changed_byte_in_what_was_acknowledged_is_reported_where_it_is(
    folder: Path, again: bool, marked: bool
) -> None:
    with Spool(folder) as spool:
        for record in (b"first", b"second", b"third"):
            spool.append(record)
        path = list_segments(folder)[0][1]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"second", b"sekond"))
    if not marked:
        (folder / "durable").unlink()
    if again:
        with Spool(folder) as spool:
            (damage,) = spool.damage
            assert (damage.first, damage.last) == (1, 1)
    found = drained(folder)
    assert payloads(found) == [b"first", b"third"]
    (damage,) = (one for one in found if isinstance(one, Damage))
    assert str(damage) == f"{path.name}, offset {content.index(b'second') - 32}: records 1 to 1 cannot be read"


@pytest.mark.parametrize("beside", [True, False], ids=["beside a writer", "alone"])
def test_a_changed_byte_in_the_last_record_is_reported_too(folder: Path, beside: bool) -> None:
    with Spool(folder) as spool:
        spool.append(b"first")
        spool.append(b"last")
        path = list_segments(folder)[0][1]
        path.write_bytes(path.read_bytes().replace(b"last", b"lost"))
        if beside:
            assert [type(one) for one in drained(folder)] == [Frame, Damage]
            return
    assert [type(one) for one in drained(folder, acknowledge=False)] == [Frame, Damage]
    with Spool(folder) as spool:
        assert [(one.first, one.last) for one in spool.damage] == [(1, 1)]
        assert spool.append(b"next") == 2
    assert [type(one) for one in drained(folder)] == [Frame, Damage, Frame]


def test_a_segment_that_is_gone_is_reported(folder: Path) -> None:
    with Spool(folder, segment_bytes=100) as spool:
        for _ in range(3):
            spool.append(bytes(80))
    list_segments(folder)[1][1].unlink()
    found = drained(folder)
    assert [one.number if isinstance(one, Frame) else (one.first, one.last) for one in found] == [0, (1, 1), 2]
    assert Positions.of(folder).cursor.read() == 3


def test_a_spool_that_lost_all_but_its_cursor_does_not_count_from_the_beginning(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"one", b"two")
    drained(folder)
    for path in (list_segments(folder)[0][1], folder / "durable"):
        path.unlink()
    with Spool(folder) as spool:
        assert spool.append(b"three") == 2
    assert payloads(drained(folder)) == [b"three"]


@pytest.mark.parametrize("content", [b"", b"short", bytes(12)])
def test_a_mark_that_cannot_be_read_is_none(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "durable").write_bytes(content)
    assert Positions.of(folder).durable.read() is None


def test_a_folder_that_cannot_be_read_leaves_no_lock_behind(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{0:020}.spool").mkdir()
    with pytest.raises(IsADirectoryError):
        Spool(folder)
    (folder / f"{0:020}.spool").rmdir()
    Spool(folder).close()


def test_a_new_segment_that_cannot_be_begun_is_a_refusal(folder: Path) -> None:
    with Spool(folder) as spool:
        (folder / f"{0:020}.spool").mkdir()
        with pytest.raises(WriteRefused, match="cannot begin"):
            spool.append(b"one")
        (folder / f"{0:020}.spool").rmdir()
        assert spool.append(b"one") == 0


def test_a_write_that_fails_and_cannot_be_taken_back_is_unknown(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"one")
        assert spool._segment
        only_read = os.open(folder / "durable", os.O_RDONLY)
        os.dup2(only_read, spool._segment._descriptor)
        os.close(only_read)
        with pytest.raises(WriteUnknown, match="written"):
            spool.append(b"nobody knows")
        assert spool.append(b"two") == 1
    assert payloads(drained(folder)) == [b"one", b"two"]


def test_an_interrupted_write_leaves_the_spool_in_order(folder: Path) -> None:
    with Spool(folder) as spool:
        spool.append(b"one")
        assert spool._segment
        reading, writing = os.pipe()
        os.dup2(writing, spool._segment._descriptor)  # takes 64 KB, and then waits for somebody to read them
        os.close(writing)
        with interrupt(), pytest.raises(KeyboardInterrupt):
            spool.append(bytes(1024 * KB))
        os.close(reading)
        assert spool.append(b"two") == 1
    assert payloads(drained(folder)) == [b"one", b"two"]


def test_a_writer_waits_for_a_reader_that_looks(folder: Path) -> None:
    folder.mkdir()
    looking = files.lock(folder / "writer.lock", fcntl.LOCK_SH)
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(Spool, folder)
        while not (folder / "writer.lock").exists() or opening.running() is False:
            pass
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.05)
        os.close(looking)
        opening.result().close()


def test_a_first_segment_that_is_gone_is_reported(folder: Path) -> None:
    with Spool(folder, segment_bytes=100) as spool:
        for _ in range(2):
            spool.append(bytes(80))
    list_segments(folder)[0][1].unlink()
    missing, frame = drained(folder)
    assert isinstance(missing, Damage)
    assert (missing.first, missing.last, missing.offset) == (0, 0, 0)
    assert isinstance(frame, Frame)


class Crashes(RuleBasedStateMachine):
    """A spool whose writer dies at any byte and whose reader dies anywhere, beside what was promised."""

    def __init__(self) -> None:
        super().__init__()
        self.home = TemporaryDirectory()
        self.folder = Path(self.home.name)
        self.promised: list[bytes] = []
        self.seen: list[bytes] = []
        self.written = 0
        self.spool = Spool(self.folder, max_bytes=1_000 * KB, segment_bytes=200)
        self.drain: SpoolReader | None = None

    def _records(self, sizes: list[int]) -> list[bytes]:
        self.written += len(sizes)
        return [b"%d " % (self.written - n) + bytes(size) for n, size in enumerate(sizes)]

    def _begin_again(self) -> None:
        self.spool = Spool(self.folder, max_bytes=1_000 * KB, segment_bytes=200)
        assert self.spool.damage == []

    @rule(sizes=st.lists(st.integers(0, 90), min_size=1, max_size=3))
    def append(self, sizes: list[int]) -> None:
        records = self._records(sizes)
        self.spool.append(*records)
        self.promised += records

    @rule(sizes=st.lists(st.integers(0, 90), min_size=1, max_size=3), share=st.floats(0, 1))
    def die_while_appending(self, sizes: list[int], share: float) -> None:
        before = {path: path.stat().st_size for _, path in list_segments(self.folder)}
        mark = Positions.of(self.folder).durable.read() or 0
        records = self._records(sizes)
        self.spool.append(*records)
        kill(self.spool)
        _, path = list_segments(self.folder)[-1]
        start = before.get(path, 0)
        os.truncate(path, start + int((path.stat().st_size - start) * share))
        back_to(self.folder, mark)
        self._begin_again()
        left = {one.payload for _, path in list_segments(self.folder) for one in _whole(path)}
        whole = [record for record in records if record in left]
        assert whole == records[: len(whole)]  # a group is cut off at its end only
        self.promised += whole

    @rule()
    def be_refused(self) -> None:
        with file_limit(1), pytest.raises(WriteRefused):
            self.spool.append(*self._records([50]))

    @rule()
    def die(self) -> None:
        kill(self.spool)
        self._begin_again()

    @rule()
    def end_in_order(self) -> None:
        self.spool.close()
        self._begin_again()

    @rule(most=st.integers(1, 6))
    def deliver(self, most: int) -> None:
        self.drain = self.drain or SpoolReader(self.folder)
        found = self.drain.read(most)
        self.seen += payloads(found)
        assert len(payloads(found)) == len(found)
        self.drain.acknowledge(*found)

    @precondition(lambda self: self.drain)
    @rule()
    def reader_dies(self) -> None:
        assert self.drain
        self.drain.read(2)
        self.drain.close()
        self.drain = None

    @invariant()
    def what_was_delivered_is_what_was_promised_in_order(self) -> None:
        assert self.seen == self.promised[: len(self.seen)]

    def teardown(self) -> None:
        self.spool.close()
        self.seen += payloads(drained(self.folder)) if self.drain is None else self._rest(self.drain)
        assert self.seen == self.promised
        self.home.cleanup()

    def _rest(self, drain: SpoolReader) -> list[bytes]:
        found: list[Frame | Damage] = []
        while some := drain.read(100):
            found += some
        drain.close()
        return payloads(found)


def _whole(path: Path) -> list[Frame]:
    return [one for one in decode(path.read_bytes()) if isinstance(one, Frame)]


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=25, stateful_step_count=20)
