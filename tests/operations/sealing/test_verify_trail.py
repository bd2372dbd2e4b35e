"""The command, against a real index that somebody with all rights over the cluster changes."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from operations.models import Checkpoint as Row
from operations.models import Incident, Verification
from operations.sealing import verification
from operations.sealing.folder import LogDirectory
from operations.sealing.kept_checkpoints import LogHistory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.log_keys import read_key, sign_checkpoint
from tests.support.verify_command import run_verify_trail
from trail.connection import Trail
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.publish import FolderPublisher

Documents = list[dict[str, Any]]


def _index(trail: Trail, month: str = "2026.11") -> str:
    return f"{trail.prefix}-events-{month}"


def _found(*arguments: str) -> dict[str, list[str]]:
    """By fate, the events that are named, of a trail that was tampered with."""
    status, answer = run_verify_trail(*arguments)
    assert status == 2
    assert not answer["intact"]
    assert Incident.objects.filter(kind="tampered", subject="verification").count() == 1
    return {one["kind"]: sorted(one["events"]) for one in answer["findings"]}


def _ids(documents: Documents) -> list[str]:
    return [document["event"]["id"] for document in documents]


def _sealed(sealer: Sealer, trail: Trail, count: int = 20) -> Documents:
    documents = [event() for _ in range(count)]
    write(trail, *documents)
    assert sealer.step() == count
    return documents


def _make_anew(trail: Trail, documents: Documents) -> None:
    """The same index again with other events: what append-only cannot keep a cluster's admin from."""
    trail.client.indices.delete(index=_index(trail))
    write(trail, *documents)


def test_a_trail_that_is_as_it_was_sealed_is_intact(sealer: Sealer, trail: Trail) -> None:
    _sealed(sealer, trail)
    status, answer = run_verify_trail()
    assert (status, answer) == (0, {"intact": True, "size": 20, "events": 20, "findings": [], "published": []})
    assert not Incident.objects.exists()


def test_a_person_reads_one_line(sealer: Sealer, trail: Trail) -> None:
    documents = _sealed(sealer, trail)
    out, err = StringIO(), StringIO()
    call_command("verify_trail", stdout=out, stderr=err)
    assert out.getvalue() == "Intact: 20 events compared with the checkpoint of 20.\n"
    assert "events" in err.getvalue()  # the progress bar
    _make_anew(trail, documents[:10])
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_trail", stdout=out, stderr=err)
    assert out.getvalue() == f"TAMPERED: removed: {', '.join(_ids(documents[10:15]))} and 5 more\n"


def test_an_empty_trail_is_intact(sealer: Sealer, trail: Trail) -> None:
    sealer.step()
    assert run_verify_trail()[0] == 0


def test_without_a_checkpoint_it_could_not_run(log: LogDirectory, trail: Trail) -> None:
    with pytest.raises(CommandError, match="keep_trail makes the first"):
        call_command("verify_trail")


def test_without_the_engine_it_could_not_run(sealer: Sealer, trail: Trail, settings: Settings) -> None:
    _sealed(sealer, trail)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    with pytest.raises(CommandError, match="could not be read"):
        call_command("verify_trail", "--json")
    assert Verification.objects.get().finished_at is None


def test_one_at_a_time(log: LogDirectory, sealer: Sealer) -> None:
    sealer.step()
    with verification.lock_verification(log), pytest.raises(CommandError, match="being verified already"):
        call_command("verify_trail")


# --- What an admin of the cluster can do --------------------------------------------------------------------------------


def test_an_altered_event_is_named(sealer: Sealer, trail: Trail) -> None:
    documents = _sealed(sealer, trail)
    documents[7] = event(id=documents[7]["event"]["id"], at=documents[7]["@timestamp"], user__id="eve")
    _make_anew(trail, documents)
    assert _found() == {"altered": [documents[7]["event"]["id"]]}


def test_a_removed_event_is_named(sealer: Sealer, trail: Trail) -> None:
    documents = _sealed(sealer, trail)
    gone = documents.pop(7)
    _make_anew(trail, documents)
    assert _found() == {"removed": [gone["event"]["id"]]}


def test_an_inserted_event_is_named(sealer: Sealer, trail: Trail) -> None:
    documents = _sealed(sealer, trail)
    _make_anew(trail, [*documents[:7], event(id="forged"), *documents[7:]])
    found = _found()
    assert found.pop("inserted") == ["forged"]
    assert found in ({}, {"moved": [documents[-1]["event"]["id"]]})


def test_two_events_that_changed_places_are_named(sealer: Sealer, trail: Trail) -> None:
    documents = _sealed(sealer, trail)
    documents[3], documents[11] = documents[11], documents[3]
    _make_anew(trail, documents)
    assert _found() == {"moved": sorted(_ids([documents[3], documents[11]]))}


def test_every_event_of_a_deleted_index_is_named(sealer: Sealer, trail: Trail) -> None:
    october = [event(at=f"2026-10-01T00:00:{n:02}Z") for n in range(5)]
    write(trail, *october)
    sealer.step()
    _sealed(sealer, trail)
    trail.client.indices.delete(index=_index(trail, "2026.10"))
    assert _found() == {"removed": sorted(_ids(october))}


def test_an_older_snapshot_put_back_lacks_what_came_after(sealer: Sealer, trail: Trail) -> None:
    _sealed(sealer, trail)
    snapshots = trail.client.snapshot
    place = {"repository": trail.prefix, "snapshot": "old"}
    snapshots.create_repository(repository=trail.prefix, body={"type": "fs", "settings": {"location": trail.prefix}})
    wait = {"wait_for_completion": "true"}
    snapshots.create(**place, body={"indices": _index(trail), "include_global_state": False}, params=wait)
    later = _sealed(sealer, trail, 6)
    trail.client.indices.delete(index=_index(trail))
    snapshots.restore(**place, body={"indices": _index(trail), "include_global_state": False}, params=wait)
    assert _found() == {"removed": sorted(_ids(later))}
    snapshots.delete(**place)
    snapshots.delete_repository(repository=trail.prefix)


def test_a_truncated_tree_cannot_answer(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    _sealed(sealer, trail, 300)
    (log.folder / "tile/0/000").write_bytes((log.folder / "tile/0/000").read_bytes()[:-32])
    assert "unproved" in _found()


def test_a_changed_tile_cannot_answer(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    _sealed(sealer, trail, 300)
    path = log.folder / "tile/1/000.p/1"
    path.write_bytes(b"\0" * 32)
    assert "unproved" in _found()


def test_a_lost_tree_cannot_answer(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    _sealed(sealer, trail, 300)
    shutil.rmtree(log.folder / "tile")
    assert _found().keys() == {"unproved"}


def test_a_log_that_was_rolled_back_is_found_by_the_rows(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(0))
    _sealed(sealer, trail)
    sealer.step()
    shutil.copytree(log.folder, log.folder.parent / "old")
    _sealed(sealer, trail)
    sealer.step()
    shutil.rmtree(log.folder)
    shutil.copytree(log.folder.parent / "old", log.folder)
    assert "checkpoint" in _found()


def test_a_log_that_was_made_anew_does_not_fit_the_checkpoints_that_were_kept(
    sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    _sealed(sealer, trail)
    kept = log.note()
    origin = read_key(log).origin
    Row.objects.create(size=20, root="11" * 32, at=Row.objects.latest().at, note="as another log signed it")
    assert _found() == {"checkpoint": []}
    assert kept is not None
    assert LogHistory(log).verify_note(kept)
    assert "signature" in LogHistory(log).verify_note(kept.replace(origin.encode(), b"another")).reason  # type: ignore[union-attr]


def test_what_was_published_elsewhere_shows_that_folder_and_rows_were_both_rolled_back(
    sealer: Sealer, log: LogDirectory, trail: Trail, settings: Settings, tmp_path: Path
) -> None:
    settings.CHECKPOINTS_TO = str(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    assert _verify_after(sealer) == 0  # nothing is published there yet
    _sealed(sealer, trail)
    publisher = FolderPublisher(tmp_path / "elsewhere")
    publisher.publish(log.note() or b"", 20)
    assert run_verify_trail()[0] == 0
    _sealed(sealer, trail)
    publisher.publish(log.note() or b"", 40)
    old = sign_checkpoint(
        Checkpoint(read_key(log).origin, 20, log.tree(40).root_at(20)), [read_key(log)], int(time.time())
    )
    log.put(old)
    answer = run_verify_trail()[1]["findings"]
    assert [one["kind"] for one in answer] == ["checkpoint"]
    assert "has 20 events, and had 40 then" in answer[0]["what"]


def test_a_folder_of_published_checkpoints_that_cannot_be_read_is_an_error(
    sealer: Sealer, settings: Settings, tmp_path: Path
) -> None:
    sealer.step()
    settings.CHECKPOINTS_TO = str(tmp_path / "nowhere")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_trail", "--json")


def _verify_after(sealer: Sealer) -> int:
    sealer.step()
    return run_verify_trail()[0]


def test_an_event_between_sealed_ones_that_was_never_sealed_is_named(sealer: Sealer, trail: Trail) -> None:
    from operations.models import Cursor

    _sealed(sealer, trail)
    write(trail, event(id="smuggled"))
    Cursor.objects.update(seq=20)  # as if the sealer had been made to pass it over
    assert _found() == {"inserted": ["smuggled"]}


# --- How it goes on --------------------------------------------------------------------------------------------------------


def test_killed_half_way_it_goes_on_where_it_was(
    sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.verification.LEAVES", 256)
    documents = _sealed(sealer, trail, 1_000)
    _make_anew(trail, documents[:255] + documents[256:])
    one = verification.begin_verification(log, "command", verification.choose_whole_log(log))

    def cut_short(events: int) -> None:
        if one.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verification.run_verification(log, one, report=cut_short)
    assert _found() == {"removed": [documents[255]["event"]["id"]]}
    again = Verification.objects.get()
    assert (again.done, again.events) == (4, 1_000)


def test_in_several_processes_it_says_the_same(sealer: Sealer, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.sealing.verification.LEAVES", 256)
    documents = _sealed(sealer, trail, 1_500)
    assert run_verify_trail("--processes", "2")[0] == 0
    _make_anew(trail, documents[:-1])
    assert _found("--processes", "2") == {"removed": [documents[-1]["event"]["id"]]}


def test_since_a_checkpoint_only_what_came_after_is_compared(sealer: Sealer, trail: Trail) -> None:
    before = _sealed(sealer, trail)
    after = _sealed(sealer, trail)
    assert run_verify_trail("--since", "20")[1]["events"] == 20
    _make_anew(trail, [event(), *before[1:], *after])
    assert run_verify_trail("--since", "20")[0] == 0


def test_a_sample_is_of_whole_tiles(sealer: Sealer, trail: Trail) -> None:
    _sealed(sealer, trail, 1_000)
    assert run_verify_trail("--sample", "300")[1]["events"] in (512, 256 + 232)
    assert run_verify_trail("--sample", "5000")[1]["events"] == 1_000


# --- Generated -------------------------------------------------------------------------------------------------------------

Tampering = Callable[[Random, Documents], "dict[str, list[str]]"]


def _edit(chance: Random, documents: Documents) -> dict[str, list[str]]:
    at = chance.randrange(len(documents))
    documents[at] = documents[at] | {"user": {"id": f"eve-{chance.random()}"}}
    return {"altered": _ids([documents[at]])}


def _delete(chance: Random, documents: Documents) -> dict[str, list[str]]:
    return {"removed": _ids([documents.pop(chance.randrange(len(documents)))])}


def _insert(chance: Random, documents: Documents) -> dict[str, list[str]]:
    forged = event()
    documents.insert(chance.randrange(len(documents) + 1), forged)
    return {"inserted": _ids([forged])}


def _reorder(chance: Random, documents: Documents) -> dict[str, list[str]]:
    one, other = chance.sample(range(len(documents)), 2)
    documents[one], documents[other] = documents[other], documents[one]
    return {"moved": _ids([documents[one], documents[other]])}


TAMPERINGS: Sequence[Tampering] = (_edit, _delete, _insert, _reorder)


@pytest.mark.parametrize("tampering", TAMPERINGS)
@pytest.mark.parametrize("seed", range(int(os.environ.get("TAMPERINGS", "8")) // len(TAMPERINGS)))
def test_whatever_is_done_is_found_and_the_events_named(
    sealer: Sealer, trail: Trail, tampering: Tampering, seed: int
) -> None:
    """TAMPERINGS says how many; the pure tree alone is tried with thousands (tests/unit/trail/integrity)."""
    chance = Random(seed)
    documents = _sealed(sealer, trail, chance.randint(2, 40))
    named = tampering(chance, documents)
    _make_anew(trail, documents)
    found = _found()
    for kind, ids in named.items():
        # Of two neighbours that changed places it cannot be said which one moved.
        assert set(ids) & set(found[kind]) if kind == "moved" else ids == found[kind]
    assert found.keys() - named.keys() <= {"moved"}
