from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from operations.models import Checkpoint as Row
from operations.models import Cursor, Incident, SealKey, Verification
from operations.sealing import kept_checkpoints, proofs, signing_keys, verification
from operations.sealing import services as sealing
from operations.sealing.errors import NotAdopted
from operations.sealing.folder import LogDirectory
from operations.sealing.proofs import Proof
from operations.sealing.sealer import Sealer
from operations.sealing.secret_key import Key
from tests.support.factories.events import event, write
from tests.support.log_keys import read_key, sign_checkpoint
from tests.support.pages import text_of
from trail.connection import Trail
from trail.errors import WriteRefused
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import Algorithm, Verifier


def _index(trail: Trail) -> str:
    return f"{trail.prefix}-events-2026.11"


def _signers(message: bytes) -> set[str]:
    """The ids of the keys that signed a checkpoint."""
    read = signed_note.parse(message)
    assert isinstance(read, signed_note.SignedNote)
    return {signature.key_id.hex() for signature in read.signatures}


def _ids(*some: Key) -> set[str]:
    return {verifier.key_id.hex() for one in some for verifier in one.verifiers}


# --- The key ---------------------------------------------------------------------------------------------------------------


def test_a_rotation_is_sealed_under_the_old_key_and_one_checkpoint_has_both(
    sealer: Sealer, log: LogDirectory, trail: Trail, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, event())
    sealer.step()
    old = read_key(log)
    event_id = sealing.rotate_key(by=ada)
    assert _signers(log.note() or b"") == _ids(old)
    sealer.step()
    new = read_key(log)
    assert new != old
    both = Row.objects.latest()
    assert _signers(both.note.encode()) == _signers(log.note() or b"") == _ids(old, new)
    proof = proofs.prove_event(event_id)
    assert isinstance(proof, Proof)
    assert proof.verdict
    assert str(new.verifiers[0]).encode() in proof.form
    write(trail, event())
    sealer.step()
    assert _signers(log.note() or b"") == _ids(new)
    assert log.keys.waiting() is None
    assert list(SealKey.objects.values_list("first_size", flat=True)) == [0] * 3 + [both.size] * 3
    assert (log.folder / "keys").read_text().count(" audit-trail/") == 8  # six keys, and two that signed the list


def test_the_page_shows_up_to_which_size_a_retired_key_counts(
    sealer: Sealer, log: LogDirectory, trail: Trail, ada: User, client: Client
) -> None:
    sealer.step()
    old = log.keys.current()[0]
    sealing.rotate_key(by=ada)
    sealer.step()
    new, size = log.keys.current()[0], verification.read_trusted_checkpoint(log).size
    client.force_login(ada)
    page = text_of(client.get("/log/"))
    assert f"{old}@{size}" in page
    assert f"--key '{old}@{size}' --key '{new}'" in page


def test_a_retired_key_signs_nothing_larger(sealer: Sealer, log: LogDirectory, trail: Trail, ada: User) -> None:
    sealer.step()
    old = read_key(log)
    sealing.rotate_key(by=ada)
    sealer.step()
    size = kept_checkpoints.read_trusted_checkpoint(log).size
    assert isinstance(
        signing_keys.open_checkpoint(sign_checkpoint(Checkpoint(old.origin, size, b"\0" * 32), [old], 1)),
        Checkpoint,
    )
    assert not signing_keys.open_checkpoint(sign_checkpoint(Checkpoint(old.origin, size + 1, b"\0" * 32), [old], 1))
    new = read_key(log)
    assert not signing_keys.open_checkpoint(sign_checkpoint(Checkpoint(new.origin, size - 1, b"\0" * 32), [new], 1))


def test_a_rotation_that_the_trail_does_not_answer_is_told_again(
    sealer: Sealer, log: LogDirectory, trail: Trail, ada: User, settings: Settings
) -> None:
    sealer.step()
    url, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    with pytest.raises(CommandError, match="the old key signs"):
        call_command("rotate_seal_key", by="ada")
    waiting = log.keys.waiting()
    settings.OPENSEARCH_URL = url
    assert waiting is not None
    assert sealing.rotate_key(by=ada) == sealing.rotate_key(by=ada) == waiting.event_id
    sealer.step()
    assert log.keys.current() == waiting.verifiers


def test_a_rotation_that_the_trail_refuses_is_withdrawn(
    sealer: Sealer, log: LogDirectory, trail: Trail, ada: User
) -> None:
    sealer.step()
    ada.name = "x" * 40_000  # which no event holds
    with pytest.raises(WriteRefused):
        sealing.rotate_key(by=ada)
    assert log.keys.waiting() is None


def test_existing_keys_read_what_a_new_key_signed(sealer: Sealer, log: LogDirectory, ada: User) -> None:
    sealer.step()
    out = StringIO()
    call_command("rotate_seal_key", by="ada", stdout=out)
    assert "within a second" in out.getvalue()
    sealer.step()
    listed, _, _ = (log.folder / "keys").read_text().partition("\n\n")
    public = [Verifier.parse(line.split(" ", 1)[1]) for line in listed.splitlines()[2:]]
    newest = [one for one in public if one.algorithm is Algorithm.ED25519][-1]
    assert isinstance(checkpoint.verify(log.note() or b"", newest.name, [newest]), Checkpoint)


@pytest.mark.parametrize("command", ["rotate_seal_key", "adopt_index"])
def test_only_an_admin_does_it(log: LogDirectory, alice: User, command: str) -> None:
    arguments = ["some-index", "--reason", "why"] if command == "adopt_index" else []
    for name in ("alice", "nobody"):
        with pytest.raises(CommandError, match="is no admin here"):
            call_command(command, *arguments, by=name)


# --- Restored --------------------------------------------------------------------------------------------------------------


def _restored(sealer: Sealer, trail: Trail) -> tuple[list[str], list[str]]:
    """An index put back by a snapshot: the ids of events that it holds, and of those sealed since, which are lost."""
    before, after = [event() for _ in range(5)], [event() for _ in range(3)]
    write(trail, *before)
    sealer.step()
    snapshots, wait = trail.client.snapshot, {"wait_for_completion": "true"}
    place = {"repository": trail.prefix, "snapshot": "old"}
    snapshots.create_repository(repository=trail.prefix, body={"type": "fs", "settings": {"location": trail.prefix}})
    snapshots.create(**place, body={"indices": _index(trail), "include_global_state": False}, params=wait)
    write(trail, *after)
    sealer.step()
    trail.client.indices.delete(index=_index(trail))
    snapshots.restore(**place, body={"indices": _index(trail), "include_global_state": False}, params=wait)
    snapshots.delete(**place)
    snapshots.delete_repository(repository=trail.prefix)
    return [one["event"]["id"] for one in before], [one["event"]["id"] for one in after]


def test_a_restored_index_is_adopted_and_gone_on_with(
    sealer: Sealer, log: LogDirectory, trail: Trail, ada: User
) -> None:
    _, lost = _restored(sealer, trail)
    sealer.step()
    assert Incident.objects.get(over_at=None).subject == _index(trail)
    out = StringIO()
    call_command("adopt_index", _index(trail), reason="The disk was lost.", by="ada", stdout=out)
    assert out.getvalue() == "Adopted: 5 events are as they were sealed, 3 are not there.\n"
    assert not Incident.objects.filter(over_at=None).exists()
    write(trail, event(id="after"))
    sealer.step()
    assert not Incident.objects.filter(over_at=None).exists()
    found = proofs.prove_event("after")
    assert isinstance(found, Proof)
    assert found.verdict
    one = verification.run_verification(
        log, verification.begin_verification(log, "command", verification.choose_whole_log(log))
    )
    assert {finding["kind"]: sorted(finding["events"]) for finding in one.findings} == {"removed": sorted(lost)}


def test_an_index_with_a_changed_event_is_not_adopted(sealer: Sealer, trail: Trail, ada: User) -> None:
    documents = [event(), event(), event()]
    write(trail, *documents)
    sealer.step()
    trail.client.indices.delete(index=_index(trail))
    documents[1] = event(id=documents[1]["event"]["id"], user__id="eve")
    write(trail, *documents)
    with pytest.raises(NotAdopted, match=f"altered: {documents[1]['event']['id']}"):
        sealing.adopt_index(_index(trail), by=ada, reason="trust me")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("adopt_index", _index(trail), reason="trust me", by="ada")
    assert Cursor.objects.get().seq == 2


def test_what_needs_no_adopting_is_not_adopted(sealer: Sealer, trail: Trail, ada: User) -> None:
    write(trail, event())
    sealer.step()
    with pytest.raises(NotAdopted, match="nothing to adopt"):
        sealing.adopt_index(_index(trail), by=ada, reason="")
    with pytest.raises(NotAdopted, match="no index of sealed events"):
        sealing.adopt_index("nothing", by=ada, reason="")


# --- By the schedule -------------------------------------------------------------------------------------------------------


def test_the_schedule_compares_what_is_new_and_what_is_old_in_turn(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.services.LEAVES", 1)
    ranges = []
    for _ in range(4):
        write(trail, event(), event())
        sealer.step()
        done = sealing.verify_next_part()
        assert done is not None
        assert done.intact
        ranges.append(done.ranges)
    assert ranges == [[[0, 2]], [[2, 4], [0, 1]], [[4, 6], [1, 2]], [[6, 8], [2, 3]]]
    for _ in range(4):
        done = sealing.verify_next_part()
        assert done is not None
        ranges.append(done.ranges)
    assert ranges[4:] == [[[3, 4]], [[4, 5]], [[5, 6]], [[6, 7]]]
    assert [sealing.verify_next_part().ranges for _ in range(2)] == [[[7, 8]], [[0, 1]]]  # type: ignore[union-attr]


def test_what_the_schedule_finds_is_an_incident_that_names_the_events(sealer: Sealer, trail: Trail) -> None:
    documents = [event(), event()]
    write(trail, *documents)
    sealer.step()
    trail.client.indices.delete(index=_index(trail))
    write(trail, documents[1])
    sealing.verify_next_part()
    incident = Incident.objects.get(subject="verification")
    assert incident.kind == "tampered"
    assert documents[0]["event"]["id"] in incident.what


def test_while_the_engine_is_down_that_alone_is_the_incident(sealer: Sealer, trail: Trail, settings: Settings) -> None:
    write(trail, event())
    sealer.step()
    url, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    assert sealing.verify_next_part() is None
    assert Incident.objects.get().kind == "outage"
    settings.OPENSEARCH_URL = url
    assert sealing.verify_next_part() is not None
    assert Verification.objects.get().intact  # the same one went on


def test_that_it_could_not_be_compared_is_an_incident_until_it_could(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    write(trail, event())
    sealer.step()
    key = log.folder / "key"
    key.rename(key.with_name("away"))
    (log.folder / "checkpoint").rename(log.folder / "checkpoint.away")
    Row.objects.all()._raw_delete("default")  # type: ignore[attr-defined]
    (log.folder / "checkpoint").write_bytes(b"nothing")
    assert sealing.verify_next_part() is None
    assert Incident.objects.get().over_at is None
    key.with_name("away").rename(key)
    (log.folder / "checkpoint.away").rename(log.folder / "checkpoint")
    assert sealing.verify_next_part() is not None
    assert Incident.objects.get().over_at is not None


def test_without_a_log_and_while_another_is_at_work_nothing_is_compared(sealer: Sealer, log: LogDirectory) -> None:
    assert sealing.verify_next_part() is None
    sealer.step()
    with verification.lock_verification(log):
        assert sealing.verify_next_part() is None


def test_the_task_delegates(sealer: Sealer) -> None:
    from operations import tasks

    sealer.step()
    tasks.verify_trail()
    assert Verification.objects.get().kind == "scheduled"
