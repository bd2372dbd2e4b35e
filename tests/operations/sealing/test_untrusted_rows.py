"""Verification trusts nothing that it did not see itself: whatever the rows and the folder say, what they hide is found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from operations.models import Checkpoint, Cursor, Incident, SealedRange, SealKey, Verification
from operations.sealing import pending_check, verification
from operations.sealing import services as sealing
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.rewritten_log import wipe_rows
from tests.support.verify_command import run_verify_trail
from trail.connection import Trail

Documents = list[dict[str, Any]]


def seal(sealer: Sealer, trail: Trail, count: int = 20) -> Documents:
    documents = [event() for _ in range(count)]
    write(trail, *documents)
    assert sealer.step() == count
    return documents


def make_anew(trail: Trail, documents: Documents) -> None:
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    write(trail, *documents)


def verify() -> dict[str, Any]:
    """The command's answer; an incident says what it finds."""
    status, answer = run_verify_trail()
    assert status in (0, 2)
    incident = Incident.objects.filter(kind="tampered", subject="verification", resolved_at=None).first()
    assert answer["intact"] == (incident is None)
    return answer


def kinds(answer: dict[str, Any]) -> Sequence[str]:
    return [finding["kind"] for finding in answer["findings"]]


def said(answer: dict[str, Any]) -> str:
    return "; ".join(finding["what"] for finding in answer["findings"])


# --- Rows of verifications ---------------------------------------------------------------------------------------------


def forge_unfinished(log: LogDirectory, kind: str, done: int) -> None:
    signed = log.newest()
    assert signed is not None
    Verification.objects.create(
        kind=kind, size=signed.size, root=signed.root.hex(), ranges=[[0, signed.size]], done=done, events=signed.size
    )


@pytest.mark.parametrize("kind", ["command", "scheduled"])
def test_a_row_that_says_that_all_was_compared_is_not_gone_on_with(
    sealer: Sealer, log: LogDirectory, trail: Trail, kind: str
) -> None:
    documents = seal(sealer, trail)
    forge_unfinished(log, kind, done=1)
    make_anew(trail, documents[1:])
    if kind == "command":
        assert verify()["findings"][0]["events"] == [documents[0]["event"]["id"]]
    else:
        done = sealing.verify_next_part()
        assert done is not None
        assert done.findings[0]["events"] == [documents[0]["event"]["id"]]
    incident = Incident.objects.get(subject="verification rows")
    assert "says that 1 part is compared" in incident.what


def test_a_row_that_says_more_than_was_done_is_not_gone_on_with(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.verification.LEAVES", 5)
    documents = seal(sealer, trail)
    begun = verification.begin_verification(log, "command", verification.choose_whole_log(log))

    def cut_short(events: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verification.run_verification(log, begun, report=cut_short)
    Verification.objects.update(done=4, events=20)
    make_anew(trail, documents[:-1])
    assert verify()["findings"][0]["events"] == [documents[-1]["event"]["id"]]
    assert Incident.objects.filter(kind="tampered", subject="verification rows").exists()


def test_an_old_verification_that_is_put_back_is_not_gone_on_with(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row and folder together, as they were before: what was compared days ago may have changed since."""
    monkeypatch.setattr("operations.sealing.verification.LEAVES", 5)
    seal(sealer, trail)
    begun = verification.begin_verification(log, "command", verification.choose_whole_log(log))

    def cut_short(events: int) -> None:
        if begun.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verification.run_verification(log, begun, report=cut_short)
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=30))
    again = verification.begin_verification(log, "command", verification.choose_whole_log(log))
    assert (again.pk != begun.pk, again.done) == (True, 0)


@pytest.mark.parametrize("finished", [True, False])
def test_rows_do_not_say_what_the_schedule_compares_next(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch, finished: bool
) -> None:
    monkeypatch.setattr("operations.sealing.services.LEAVES", 5)
    documents = seal(sealer, trail)
    assert sealing.verify_next_part() is not None
    make_anew(trail, [*documents[:7], event(), *documents[8:]])
    if finished:
        found = [finding for _ in range(4) for finding in _skip_forward(log)]
        assert documents[7]["event"]["id"] in {name for finding in found for name in finding["events"]}
    else:
        wipe_rows("verification")
        assert "removed" in {finding["kind"] for _ in range(4) for finding in sealing.verify_next_part().findings}  # type: ignore[union-attr]


def _skip_forward(log: LogDirectory) -> list[dict[str, Any]]:
    """What the next turn finds after somebody wrote that the second part was compared just now."""
    signed = log.newest()
    assert signed is not None
    Verification.objects.create(
        kind="scheduled", size=signed.size, root=signed.root.hex(), ranges=[[5, 10]], done=1, finished_at=timezone.now()
    )
    done = sealing.verify_next_part()
    assert done is not None
    findings: list[dict[str, Any]] = done.findings
    return findings


# --- Rows of keys, cursors, ranges, checkpoints ------------------------------------------------------------------------


def test_rows_of_keys_that_are_gone_are_found(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    seal(sealer, trail)
    SealKey.objects.all()._raw_delete("default")
    assert "the database lacks a key of the log" in said(verify())


def test_rows_of_keys_that_the_log_never_had_are_found(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    seal(sealer, trail)
    SealKey.objects.update(first_size=7)
    assert "the database names a key that the log never had" in said(verify())


def test_a_cursor_that_was_put_back_is_found_and_seals_nothing_twice(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    seal(sealer, trail)
    Cursor.objects.update(seq=4)
    answer = verify()
    assert "as sealed up to number 4" in said(answer)
    Incident.objects.all().update(resolved_at=timezone.now())
    write(trail, event(id="after"))
    for _ in range(3):
        try:
            sealer.step()
        except Exception:  # noqa: BLE001  the first may refuse; what counts is what is sealed
            continue
    signed = log.newest()
    assert signed is not None
    assert signed.size == 21
    assert list(log.ids(20, 21)) == ["after"]
    assert Incident.objects.filter(kind="tampered", what__contains="put back").exists()
    Incident.objects.all().update(resolved_at=timezone.now())
    assert verify()["intact"]


def test_a_cursor_that_is_gone_seals_nothing_twice(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    seal(sealer, trail)
    wipe_rows("cursor")
    assert "no row says how far" in said(verify())
    for _ in range(2):
        try:
            sealer.step()
        except Exception:  # noqa: BLE001
            continue
    signed = log.newest()
    assert signed is not None
    assert signed.size == 20


def test_events_that_were_sealed_twice_are_found(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it could be done up to this version."""
    documents = seal(sealer, trail)
    Cursor.objects.update(seq=4)
    monkeypatch.setattr(pending_check, "expect_new_numbers", lambda batch: None)
    monkeypatch.setattr(pending_check, "restore_cursors", lambda: None)
    sealer.step()
    assert log.newest().size == 35  # type: ignore[union-attr]
    answer = verify()
    assert kinds(answer) == ["duplicate"]
    assert answer["findings"][0]["count"] == 15
    assert answer["findings"][0]["leaf"] == 20
    assert answer["findings"][0]["events"][:1] == [documents[5]["event"]["id"]]


def test_checkpoints_that_were_deleted_are_missed(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(0))
    for _ in range(4):
        seal(sealer, trail, 3)
    assert verify()["intact"]
    Checkpoint.objects.filter(size__in=[3, 6])._raw_delete("default")
    assert "2 checkpoints that were kept as rows are gone" in said(verify())
    Incident.objects.all().update(resolved_at=timezone.now())
    done = sealing.verify_next_part()
    assert done is not None
    assert "2 checkpoints that were kept as rows are gone" in done.findings[0]["what"]


def test_a_checkpoint_that_was_put_in_the_place_of_another_is_found(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(0))
    for _ in range(4):
        seal(sealer, trail, 3)
    assert verify()["intact"]
    other = Checkpoint.objects.get(size=9)
    Checkpoint.objects.filter(size=6).update(size=9, root=other.root, note=other.note)
    assert "checkpoints that were kept as rows were changed" in said(verify())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"count": F("count") + 3}, "begins before leaf"),
        ({"count": F("count") - 1}, "no row says which event is leaf"),
    ],
    ids=["longer", "shorter"],
)
def test_stretches_that_overlap_or_leave_a_gap_are_found(
    sealer: Sealer, log: LogDirectory, trail: Trail, change: dict[str, Any], sentence: str
) -> None:
    seal(sealer, trail)
    write(trail, event(at="2026-10-01T00:00:00Z"))
    sealer.step()
    seal(sealer, trail, 5)
    assert SealedRange.objects.count() == 3
    SealedRange.objects.filter(first_leaf=0).update(**change)
    answer = verify()
    assert sentence in said(answer)
    Incident.objects.all().update(resolved_at=timezone.now())
    done = sealing.verify_next_part()
    assert done is not None
    assert sentence in "; ".join(finding["what"] for finding in done.findings)


def test_a_stretch_of_another_index_over_the_same_numbers_is_found(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    seal(sealer, trail, 10)
    write(trail, event(at="2026-10-01T00:00:00Z"))
    sealer.step()
    seal(sealer, trail, 10)
    last = SealedRange.objects.latest("first_leaf")
    SealedRange.objects.filter(pk=last.pk).update(first_seq=5)
    assert "duplicate" in kinds(verify())


# --- Ids ---------------------------------------------------------------------------------------------------------------


def edit_ids(log: LogDirectory, old: str, new: str) -> None:
    (path,) = (path for path in (log.folder / "ids").rglob("*") if path.is_file() and old.encode() in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


@pytest.mark.parametrize("scheduled", [False, True])
def test_an_id_that_was_edited_in_the_logs_list_is_found(
    sealer: Sealer, log: LogDirectory, trail: Trail, scheduled: bool
) -> None:
    documents = seal(sealer, trail)
    old = documents[7]["event"]["id"]
    edit_ids(log, old, "x" * len(old))
    if scheduled:
        sealing.verify_next_part()
        findings = Verification.objects.latest().findings
    else:
        findings = verify()["findings"]
    (finding,) = findings
    assert (finding["kind"], finding["leaf"], finding["count"]) == ("ids", 7, 1)
    assert finding["events"] == [old]


def test_two_ids_that_changed_places_in_the_logs_list_are_found(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    documents = seal(sealer, trail)
    one, other = documents[3]["event"]["id"], documents[9]["event"]["id"]
    edit_ids(log, one, "?" * len(one))
    edit_ids(log, other, one)
    edit_ids(log, "?" * len(one), other)
    (finding,) = verify()["findings"]
    assert (finding["kind"], finding["leaf"], finding["count"]) == ("ids", 3, 2)


def test_ids_that_are_missing_are_found(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    seal(sealer, trail)
    for path in list((log.folder / "ids").rglob("*")):
        if path.is_file():
            path.unlink()
    assert kinds(verify()) == ["ids"]


# --- Whatever goes wrong is said -----------------------------------------------------------------------------------------


def test_an_error_of_any_kind_is_an_incident(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(sealer, trail)

    def fail(*_: Any) -> None:
        raise ValueError("zip() argument 2 is longer than argument 1")

    monkeypatch.setattr("operations.sealing.verification.choose_whole_log", fail)
    with pytest.raises(ValueError, match="zip"):
        sealing.verify_next_part()
    incident = Incident.objects.get(subject="verification")
    assert "zip() argument 2" in incident.what
    assert incident.state == "failing"
