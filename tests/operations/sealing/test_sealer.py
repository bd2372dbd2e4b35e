import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from operations.models import Checkpoint as Row
from operations.models import Cursor, Incident, SealKey, Stretch
from operations.sealing import keys
from operations.sealing.errors import LogBusy, LogDamaged
from operations.sealing.log import Log
from operations.sealing.sealer import Sealer, _age
from tests.factories.events import event, write
from trail.connection import Trail
from trail.events import canonical
from trail.integrity import checkpoint, merkle, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.verdict import Broken
from trail.writer import write as write_to


def _index(trail: Trail, month: str = "2026.11") -> str:
    return f"{trail.prefix}-events-{month}"


def _signed(log: Log) -> Checkpoint:
    found = log.newest()
    assert found is not None
    return found


def _incidents() -> set[tuple[str, str]]:
    return set(Incident.objects.filter(over_at=None).values_list("kind", "subject"))


def test_an_event_is_a_leaf_after_one_step(sealer: Sealer, log: Log, trail: Trail) -> None:
    document = event()
    write(trail, document)
    assert sealer.step() == 1
    signed = _signed(log)
    assert (signed.size, signed.root) == (1, merkle.leaf_hash(canonical(document)))
    assert list(log.ids(0, 1)) == [document["event"]["id"]]


def test_an_event_that_cannot_be_found_yet_is_sealed_all_the_same(sealer: Sealer, log: Log, trail: Trail) -> None:
    write_to(trail, [event(id="first")])
    sealer.step()
    write_to(trail, [event(id="second")])  # nobody refreshed the index since
    assert sealer.step() == 1
    assert list(log.ids(0, 2)) == ["first", "second"]
    assert not Incident.objects.exists()


def test_a_new_log_signs_that_it_is_empty(sealer: Sealer, log: Log) -> None:
    assert sealer.step() == 0
    assert (_signed(log).size, _signed(log).root) == (0, merkle.EMPTY)
    assert Row.objects.get().size == 0


def test_leaves_are_numbered_without_gaps_over_months_and_steps(sealer: Sealer, log: Log, trail: Trail) -> None:
    written = []
    for step in range(4):
        documents = [event(at=f"2026-{month:02}-01T00:00:0{step}Z") for month in (9, 10, 11) for _ in range(3)]
        write(trail, *documents)
        written += documents
        assert sealer.step() == 9
    ids = list(log.ids(0, 36))
    assert set(ids) == {document["event"]["id"] for document in written}
    leaves = {document["event"]["id"]: merkle.leaf_hash(canonical(document)) for document in written}
    assert _signed(log).root == merkle.root(leaves[one] for one in ids)
    stretches = list(Stretch.objects.all())
    assert [one.first_leaf for one in stretches] == [0, *(one.end for one in stretches)][:-1]
    assert Cursor.objects.count() == 3


def test_a_stretch_grows_while_nothing_else_comes_between(sealer: Sealer, trail: Trail) -> None:
    for _ in range(3):
        write(trail, event(), event())
        sealer.step()
    assert Stretch.objects.get().count == 6


def test_several_batches_are_sealed_in_one_step(
    sealer: Sealer, log: Log, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.arriving.AT_ONCE", 250)
    write(trail, *(event() for _ in range(600)))
    assert sealer.step() == 600
    assert len(list(log.ids(0, 600))) == 600
    assert not list(log.folder.glob("ids/000.p"))  # the full bundle holds what they held


def test_a_step_ends_while_more_waits(sealer: Sealer, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.sealing.arriving.AT_ONCE", 250)
    monkeypatch.setattr("operations.sealing.sealer.BATCHES", 1)
    write(trail, *(event() for _ in range(300)))
    assert [sealer.step(), sealer.step(), sealer.step()] == [250, 50, 0]


def test_every_minute_the_same_size_is_signed_with_a_new_time(
    sealer: Sealer, log: Log, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, event())
    sealer.step()
    sealer.step()
    assert Row.objects.count() == 1
    monkeypatch.setattr("operations.sealing.sealer.ROW_EVERY", 0)
    before = time.time()
    sealer.step()
    row = Row.objects.latest()
    assert (row.size, row.root) == (1, _signed(log).root.hex())
    signed_at = keys.signed_at(row.note.encode())
    assert signed_at is not None
    assert int(before) <= signed_at <= time.time()


def test_existing_tools_read_the_checkpoint(sealer: Sealer, log: Log) -> None:
    sealer.step()
    message = log.note()
    assert message is not None
    first, second = map(note.Verifier.parse, SealKey.objects.values_list("vkey", flat=True))
    assert isinstance(checkpoint.verify(message, first.name, [first]), Checkpoint)
    assert checkpoint.cosigned(message, [second]).keys() == {first.name}
    assert [line.split(" ", 1)[1] for line in (log.folder / "keys").read_text().splitlines()] == [
        str(first),
        str(second),
    ]


def test_the_key_is_for_us_alone(sealer: Sealer, log: Log) -> None:
    sealer.step()
    assert (log.folder / "key").stat().st_mode & 0o777 == 0o600
    assert log.folder.stat().st_mode & 0o777 == 0o700


def test_the_log_has_the_name_that_is_set(log: Log, settings: Settings) -> None:
    settings.TRAIL_ORIGIN = "example.org/trail"
    Sealer(log).step()
    assert _signed(log).origin == "example.org/trail"
    settings.TRAIL_ORIGIN = "example.org/other"
    with pytest.raises(LogDamaged, match=r"is a key of example\.org/trail"):
        Sealer(log).step()


def test_the_key_can_lie_elsewhere(log: Log, settings: Settings, tmp_path: Path) -> None:
    settings.TRAIL_KEY = str(tmp_path / "elsewhere")
    keys.Key.generate("example.org/elsewhere").write(tmp_path / "elsewhere")
    Sealer(Log()).step()
    assert _signed(log).origin == "example.org/elsewhere"
    assert not (log.folder / "key").exists()


def test_only_one_process_seals(log: Log) -> None:
    with log.locked(), pytest.raises(LogBusy, match="Another process"), Log(log.folder).locked():
        pass


# --- What must not be gone on with ----------------------------------------------------------------------------------------


def _make_anew(trail: Trail, index: str, *documents: dict[str, Any]) -> None:
    trail.client.indices.delete(index=index)
    write(trail, *documents)


def test_an_index_made_anew_is_not_gone_on_with_while_others_are(sealer: Sealer, log: Log, trail: Trail) -> None:
    write(trail, event(id="a"), event(id="b"))
    sealer.step()
    _make_anew(trail, _index(trail), event(id="a"), event(id="x"), event(id="y"))
    write(trail, event(id="october", at="2026-10-01T00:00:00Z"))
    assert sealer.step() == 1
    assert _incidents() == {("tampered", _index(trail))}
    assert list(log.ids(0, 3)) == ["a", "b", "october"]


def test_an_index_that_is_gone_is_an_incident(sealer: Sealer, trail: Trail) -> None:
    write(trail, event())
    sealer.step()
    trail.client.indices.delete(index=_index(trail))
    sealer.step()
    assert "is gone" in Incident.objects.get(kind="tampered").what


def test_an_index_that_is_closed_is_no_tampering_and_is_not_sealed(sealer: Sealer, trail: Trail) -> None:
    write(trail, event())
    sealer.step()
    trail.client.indices.close(index=_index(trail))
    sealer.step()
    assert _incidents() == set()  # it may be starting
    sealer.step()
    assert _incidents() == {("not_sealed", _index(trail))}
    trail.client.indices.open(index=_index(trail))
    trail.client.cluster.health(index=_index(trail), params={"wait_for_status": "green"})
    sealer.step()
    assert _incidents() == set()


def test_a_shard_that_went_backwards_is_an_incident(sealer: Sealer, trail: Trail) -> None:
    write(trail, event())
    sealer.step()
    Cursor.objects.update(seq=7)
    sealer.step()
    assert "older state" in Incident.objects.get(kind="tampered").what


def test_an_event_past_the_writer_is_sealed_and_said(sealer: Sealer, log: Log, trail: Trail) -> None:
    write(trail, event(id="sound"))
    trail.client.index(index=_index(trail), id="forged", body=event(id="forged"), params={"op_type": "create"})
    assert sealer.step() == 2
    assert "forged" in Incident.objects.get(kind="tampered").what


def test_numbers_without_an_event_are_passed_over_and_said(sealer: Sealer, log: Log, trail: Trail) -> None:
    write(trail, event(id="before"))
    with pytest.raises(Exception, match="immense term"):
        trail.client.index(
            index=_index(trail), id="no", body=event(user__name="x" * 40_000), params={"op_type": "create"}
        )
    sealer.step()
    assert sealer.step() == 0  # and it is not asked for again and again
    write(trail, event(id="after"))
    sealer.step()
    assert list(log.ids(0, 2)) == ["before", "after"]
    assert [(one.first_leaf, one.first_seq, one.count) for one in Stretch.objects.all()] == [(0, 0, 1), (1, 2, 1)]
    assert Incident.objects.get(kind="check").events == 1


def test_a_log_that_was_rolled_back_is_not_gone_on_with(sealer: Sealer, log: Log, trail: Trail) -> None:
    write(trail, event())
    sealer.step()
    old = log.note()
    write(trail, event())
    sealer.step()
    assert old is not None
    log.put(old)
    with pytest.raises(LogDamaged, match="of 1 events, and the rows say that 2"):
        Sealer(log).step()
    assert _incidents() == {("tampered", "log")}


def test_a_log_without_its_checkpoint_is_not_begun_anew(sealer: Sealer, log: Log, trail: Trail) -> None:
    write(trail, event())
    sealer.step()
    (log.folder / "checkpoint").unlink()
    for one in (sealer, Sealer(log)):
        with pytest.raises(LogDamaged, match="checkpoint"):
            one.step()


def test_a_checkpoint_of_a_stranger_is_not_gone_on_with(sealer: Sealer, log: Log) -> None:
    sealer.step()
    stranger = keys.Key.generate(log.keys.current().origin)
    log.put(keys.sign(_signed(log), [stranger], 1))
    with pytest.raises(LogDamaged, match="not a checkpoint of this log"):
        sealer.step()


def test_a_tree_that_was_changed_does_not_follow_the_last_row(
    sealer: Sealer, log: Log, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.ROW_EVERY", 0)
    write(trail, event())
    sealer.step()
    sealer.step()
    forged = Checkpoint(_signed(log).origin, 1, b"\1" * 32)
    log.put(keys.sign(forged, [log.keys.current()], 1))
    with pytest.raises(LogDamaged, match="does not go on from the checkpoint of 1"):
        Sealer(log).step()


def test_a_lost_key_is_not_replaced(sealer: Sealer, log: Log) -> None:
    sealer.step()
    (log.folder / "key").unlink()
    with pytest.raises(LogDamaged, match="put it back"):
        Sealer(log).step()
    (log.folder / "key").write_text("nonsense")
    with pytest.raises(LogDamaged, match="does not hold the two keys"):
        Sealer(log).step()


def test_a_pending_batch_that_cannot_be_read_stops_the_log(sealer: Sealer, log: Log) -> None:
    sealer.step()
    (log.folder / "pending").write_bytes(b"{")
    with pytest.raises(LogDamaged, match="cannot be read"):
        Sealer(log).step()


def test_what_waited_too_long_is_an_incident_until_all_is_sealed(
    sealer: Sealer, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.LATE", 0)
    write(trail, event())
    sealer.step()
    assert _incidents() == {("not_sealed", "lag")}
    sealer.step()
    assert _incidents() == set()


def test_how_long_an_event_waited_is_told_by_when_the_trail_took_it() -> None:
    past = (datetime.now(UTC) - timedelta(seconds=90)).isoformat()
    assert 90 <= _age(past) < 150
    assert _age((datetime.now(UTC) + timedelta(days=1)).isoformat()) == 0
    assert _age("") == _age("yesterday") == _age("2026-11-01T00:00:00") == 0


# --- Killed at every step -------------------------------------------------------------------------------------------------

_STEPS = {"link", "replace", "rename", "unlink", "commit", "rmtree"}


def _die_at(step: int) -> None:
    """Kill this process at the nth call that could leave something half done."""
    count = 0

    def watch(frame: FrameType, what: str, called: Any) -> None:
        nonlocal count
        if what == "c_call" and called.__name__ in _STEPS:
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


def _seal_and_die(log: Log, step: int) -> bool:
    """Seal in a process of its own that is killed at a step; whether it came to its end before."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            one = Sealer(Log(log.folder))
            _die_at(step)
            one.step()
            sys.setprofile(None)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_step_it_goes_on_as_if_nothing_had_been(trail: Trail, settings: Settings, tmp_path: Path) -> None:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    log = Log()
    leaves: dict[str, bytes] = {}
    step = 1
    while True:
        documents = [event(), event(at="2026-10-01T00:00:00Z")]
        write(trail, *documents)
        leaves |= {document["event"]["id"]: merkle.leaf_hash(canonical(document)) for document in documents}
        if _seal_and_die(log, step):
            break
        step += 1
    Sealer(log).step()
    size = len(leaves)
    ids = list(log.ids(0, size))
    assert set(ids) == leaves.keys()
    assert (_signed(log).size, _signed(log).root) == (size, merkle.root(leaves[one] for one in ids))
    assert sum(one.count for one in Stretch.objects.all()) == size
    assert not isinstance(keys.opened(log.note() or b""), Broken)
    assert _incidents() == set()
    assert step > 20
