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
from operations.models import Cursor, Incident, SealedRange, SealKey
from operations.sealing import ranges, rows, signing_keys
from operations.sealing.batch import LeafBatch, NumberRange
from operations.sealing.errors import LogBusy, LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer, _measure_age
from operations.sealing.secret_key import Key
from tests.support.factories.events import event, write
from tests.support.log_keys import read_key, sign_checkpoint
from trail.canonical_form import canonicalise
from trail.connection import Trail
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.verdict import Broken
from trail.writing.writer import write as write_to


def _index(trail: Trail, month: str = "2026.11") -> str:
    return f"{trail.prefix}-events-{month}"


def _signed(log: LogDirectory) -> Checkpoint:
    found = log.newest()
    assert found is not None
    return found


def _incidents() -> set[tuple[str, str]]:
    return set(Incident.objects.filter(over_at=None).values_list("kind", "subject"))


def test_an_event_is_a_leaf_after_one_step(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    document = event()
    write(trail, document)
    assert sealer.step() == 1
    signed = _signed(log)
    assert (signed.size, signed.root) == (1, merkle.leaf_hash(canonicalise(document)))
    assert list(log.ids(0, 1)) == [document["event"]["id"]]


def test_an_event_that_cannot_be_found_yet_is_sealed_all_the_same(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    write_to(trail, [event(id="first")])
    sealer.step()
    write_to(trail, [event(id="second")])  # nobody refreshed the index since
    assert sealer.step() == 1
    assert list(log.ids(0, 2)) == ["first", "second"]
    assert not Incident.objects.exists()


def test_a_new_log_signs_that_it_is_empty(sealer: Sealer, log: LogDirectory) -> None:
    assert sealer.step() == 0
    assert (_signed(log).size, _signed(log).root) == (0, merkle.EMPTY)
    assert Row.objects.get().size == 0


def test_leaves_are_numbered_without_gaps_over_months_and_steps(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    written = []
    for step in range(4):
        documents = [event(at=f"2026-{month:02}-01T00:00:0{step}Z") for month in (9, 10, 11) for _ in range(3)]
        write(trail, *documents)
        written += documents
        assert sealer.step() == 9
    ids = list(log.ids(0, 36))
    assert set(ids) == {document["event"]["id"] for document in written}
    leaves = {document["event"]["id"]: merkle.leaf_hash(canonicalise(document)) for document in written}
    assert _signed(log).root == merkle.root(leaves[one] for one in ids)
    stretches = list(SealedRange.objects.all())
    assert [one.first_leaf for one in stretches] == [0, *(one.end for one in stretches)][:-1]
    assert Cursor.objects.count() == 3


def test_a_stretch_grows_while_nothing_else_comes_between(sealer: Sealer, trail: Trail) -> None:
    for _ in range(3):
        write(trail, event(), event())
        sealer.step()
    assert SealedRange.objects.get().count == 6


def test_several_batches_are_sealed_in_one_step(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.intake.AT_ONCE", 250)
    write(trail, *(event() for _ in range(600)))
    assert sealer.step() == 600
    assert len(list(log.ids(0, 600))) == 600
    assert not list(log.folder.glob("ids/000.p"))  # the full bundle holds what they held


def test_a_step_ends_while_more_waits(sealer: Sealer, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.sealing.intake.AT_ONCE", 250)
    monkeypatch.setattr("operations.sealing.sealer.BATCHES", 1)
    write(trail, *(event() for _ in range(300)))
    assert [sealer.step(), sealer.step(), sealer.step()] == [250, 50, 0]


def test_every_minute_the_same_size_is_signed_with_a_new_time(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, event())
    sealer.step()
    sealer.step()
    assert Row.objects.count() == 1
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(0))
    before = time.time()
    sealer.step()
    row = Row.objects.latest()
    assert (row.size, row.root) == (1, _signed(log).root.hex())
    signed_at = signing_keys.read_signing_time(row.note.encode())
    assert signed_at is not None
    assert int(before) <= signed_at <= time.time()


def test_existing_tools_read_the_checkpoint(sealer: Sealer, log: LogDirectory) -> None:
    sealer.step()
    message = log.note()
    assert message is not None
    first, second, third = map(signed_note.Verifier.parse, SealKey.objects.values_list("vkey", flat=True))
    assert isinstance(checkpoint.verify(message, first.name, [first]), Checkpoint)
    for cosigner in (second, third):
        assert checkpoint.find_cosignatures(message, [cosigner]).keys() == {first.name}
    keys = signed_note.open_note((log.folder / "keys").read_bytes(), [first])
    assert isinstance(keys, signed_note.SignedNote)
    assert keys.text.splitlines() == [
        "audit-trail-keys/v1",
        first.name,
        *(f"0 {key}" for key in (first, second, third)),
    ]


def test_the_key_is_for_us_alone(sealer: Sealer, log: LogDirectory) -> None:
    sealer.step()
    assert (log.folder / "key").stat().st_mode & 0o777 == 0o600
    assert log.folder.stat().st_mode & 0o777 == 0o700


def test_the_log_has_the_name_that_is_set(log: LogDirectory, settings: Settings) -> None:
    settings.TRAIL_ORIGIN = "example.org/trail"
    Sealer(log).step()
    assert _signed(log).origin == "example.org/trail"
    settings.TRAIL_ORIGIN = "example.org/other"
    with pytest.raises(LogDamaged, match=r"is a key of example\.org/trail"):
        Sealer(log).step()


def test_the_key_can_lie_elsewhere(log: LogDirectory, settings: Settings, tmp_path: Path) -> None:
    settings.TRAIL_KEY = str(tmp_path / "elsewhere")
    Key.generate("example.org/elsewhere").write(tmp_path / "elsewhere")
    Sealer(LogDirectory()).step()
    assert _signed(LogDirectory()).origin == "example.org/elsewhere"
    assert not (log.folder / "key").exists()


def test_only_one_process_seals(log: LogDirectory) -> None:
    with log.locked(), pytest.raises(LogBusy, match="Another process"), LogDirectory(log.folder).locked():
        pass


# --- What must not be gone on with ----------------------------------------------------------------------------------------


def _make_anew(trail: Trail, index: str, *documents: dict[str, Any]) -> None:
    trail.client.indices.delete(index=index)
    write(trail, *documents)


def test_an_index_made_anew_is_not_gone_on_with_while_others_are(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
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


def test_an_index_that_is_closed_is_no_tampering_and_is_not_sealed(
    sealer: Sealer, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, event())
    sealer.step()
    trail.client.indices.close(index=_index(trail))
    monkeypatch.setattr("operations.sealing.intake.DOUBT", 3_600)
    for _ in range(5):  # steps follow one another fast where much arrives
        sealer.step()
    assert _incidents() == set()  # it may be starting
    monkeypatch.setattr("operations.sealing.intake.DOUBT", 0)
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


def test_an_event_past_the_writer_is_sealed_and_said(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    write(trail, event(id="sound"))
    trail.client.index(index=_index(trail), id="forged", body=event(id="forged"), params={"op_type": "create"})
    assert sealer.step() == 2
    assert "forged" in Incident.objects.get(kind="tampered").what


def test_numbers_without_an_event_are_passed_over_and_said(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
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
    assert [(one.first_leaf, one.first_seq, one.count) for one in SealedRange.objects.all()] == [(0, 0, 1), (1, 2, 1)]
    incident = Incident.objects.get(kind="check")
    assert (incident.events, incident.over_at is not None) == (1, True)  # it happened once, and fails no more


def test_a_log_that_was_rolled_back_is_not_gone_on_with(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
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


def test_a_log_without_its_checkpoint_is_not_begun_anew(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    write(trail, event())
    sealer.step()
    (log.folder / "checkpoint").unlink()
    for one in (sealer, Sealer(log)):
        with pytest.raises(LogDamaged, match="checkpoint"):
            one.step()


def test_a_checkpoint_of_a_stranger_is_not_gone_on_with(sealer: Sealer, log: LogDirectory) -> None:
    sealer.step()
    stranger = Key.generate(read_key(log).origin)
    log.put(sign_checkpoint(_signed(log), [stranger], 1))
    with pytest.raises(LogDamaged, match="not a checkpoint of this log"):
        sealer.step()


def test_a_tree_that_was_changed_does_not_follow_the_last_row(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(0))
    write(trail, event())
    sealer.step()
    sealer.step()
    forged = Checkpoint(_signed(log).origin, 1, b"\1" * 32)
    log.put(sign_checkpoint(forged, [read_key(log)], 1))
    with pytest.raises(LogDamaged, match="does not go on from the checkpoint of 1"):
        Sealer(log).step()


def test_a_lost_key_is_not_replaced(sealer: Sealer, log: LogDirectory) -> None:
    sealer.step()
    (log.folder / "key").unlink()
    with pytest.raises(LogDamaged, match="put it back"):
        Sealer(log).step()
    (log.folder / "key").write_text("nonsense")
    with pytest.raises(LogDamaged, match="does not hold the keys"):
        Sealer(log).step()


def test_a_pending_batch_that_cannot_be_read_stops_the_log(sealer: Sealer, log: LogDirectory) -> None:
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
    assert 90 <= _measure_age(past) < 150
    assert _measure_age((datetime.now(UTC) + timedelta(days=1)).isoformat()) == 0
    assert _measure_age("") == _measure_age("yesterday") == _measure_age("2026-11-01T00:00:00") == 0


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


def _seal_and_die(log: LogDirectory, step: int) -> bool:
    """Seal in a process of its own that is killed at a step; whether it came to its end before."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            one = Sealer(LogDirectory(log.folder))
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
    log = LogDirectory()
    leaves: dict[str, bytes] = {}
    step = 1
    while True:
        documents = [event(), event(at="2026-10-01T00:00:00Z")]
        write(trail, *documents)
        leaves |= {document["event"]["id"]: merkle.leaf_hash(canonicalise(document)) for document in documents}
        if _seal_and_die(log, step):
            break
        step += 1
    Sealer(log).step()
    size = len(leaves)
    ids = list(log.ids(0, size))
    assert set(ids) == leaves.keys()
    assert (_signed(log).size, _signed(log).root) == (size, merkle.root(leaves[one] for one in ids))
    assert sum(one.count for one in SealedRange.objects.all()) == size
    assert not isinstance(signing_keys.open_checkpoint(log.note() or b""), Broken)
    assert _incidents() == set()
    assert step > 20


def test_an_event_that_a_recovered_batch_names_again_is_expected_once(db: None) -> None:
    rows.keep_batch(LeafBatch(0, list("abc"), [b""] * 3, [NumberRange("i", "u", 0, 5, 3)], {("i", "u", 0): 7}))
    again = [NumberRange("i", "u", 0, 8, 2), NumberRange("i", "u", 0, 6, 1), NumberRange("i", "u", 1, 0, 1)]
    batch = LeafBatch(3, list("debf"), [b""] * 4, again, {("i", "u", 0): 9, ("i", "u", 1): 0})
    for _ in range(2):  # one that is kept twice counts once
        rows.keep_batch(batch)
    assert list(Cursor.objects.values_list("shard", "seq", "events")) == [(0, 9, 5), (1, 0, 1)]
    assert ranges.count_sealed("i", 0, upto=9) == 5
    assert ranges.count_sealed("i", 0, upto=6) == 2
    assert ranges.read_sealed_counts() == {"i": 6}
