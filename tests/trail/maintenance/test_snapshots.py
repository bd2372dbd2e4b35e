"""A snapshot is whole or an incident; restored beside the trail it shows which events of the trail are not what they were."""

import io
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations import tasks
from operations.maintenance import services as maintenance
from operations.models import Incident
from tests.support.factories.events import event, write
from trail.connection import Trail, connect
from trail.errors import TrailUnavailable
from trail.maintenance import restore_drill, snapshots
from trail.maintenance.restore_drill import DrillCount
from trail.maintenance.snapshots import Repository, SnapshotFailed

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def repository(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A repository of this test alone; and the indices that were restored go at its end."""
    name = f"r{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr("django.conf.settings.TRAIL_SNAPSHOT_REPOSITORY", name)
    monkeypatch.setattr("django.conf.settings.TRAIL_SNAPSHOT_SETTINGS", {"location": name})
    monkeypatch.setattr(snapshots, "POLL", 0.01)
    yield name
    for index in trail.client.indices.get(index=f"restored-{trail.prefix}-*", params={"allow_no_indices": "true"}):
        trail.client.indices.delete(index=index)


def restored(*arguments: str) -> tuple[str, int]:
    """What the command says, and its exit status."""
    out = io.StringIO()
    try:
        call_command("restore_trail", *arguments, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(str(ended.code))
    return out.getvalue(), 0


def filled(trail: Trail) -> list[dict[str, Any]]:
    documents = [event(id=f"e{n:02}", at=f"2026-{9 + n % 3:02}-0{1 + n % 7}T00:00:00Z") for n in range(30)]
    write(trail, *documents)
    return documents


def test_a_drill_on_a_trail_that_nobody_touched_finds_every_event_the_same(trail: Trail) -> None:
    filled(trail)
    out = io.StringIO()
    call_command("snapshot_trail", stdout=out)
    assert "is whole: 3 indices, 3 shards" in out.getvalue()
    write(trail, event(id="after"))
    said, status = restored("newest", "--compare")
    assert "30 events are the same, 0 differ, 1 were taken after the snapshot." in said
    assert f'curl --user console -X DELETE "$OPENSEARCH_URL/restored-{trail.prefix}-events-2026.09"' in said
    assert status == 0


def test_what_was_restored_is_no_part_of_the_trail(trail: Trail) -> None:
    filled(trail)
    maintenance.take_snapshot()
    restored("newest")
    assert len(trail.client.indices.get(index=f"restored-{trail.prefix}-*")) == 3
    assert trail.client.count(index=trail.events)["count"] == 30
    assert not any(index.startswith("restored") for index in trail.client.indices.get_alias(name=trail.events))


def altered(trail: Trail, index: str, change: dict[str, dict[str, Any] | None]) -> None:
    """What only the engine's admin can do: the index is made anew with other events in it."""
    kept = [hit["_source"] for hit in trail.client.search(index=index, body={"size": 100})["hits"]["hits"]]
    trail.client.indices.delete(index=index)
    trail.client.indices.create(index=index)
    for document in kept:
        other = change.get(document["event"]["id"], document)
        if other is not None:
            trail.client.create(index=index, id=document["event"]["id"], body=_merged(document, other))
    trail.client.indices.refresh(index=index)


def _merged(document: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return document | other | {"event": document["event"] | other.get("event", {})}


def test_a_drill_names_every_event_that_was_altered_taken_away_or_slipped_in(trail: Trail) -> None:
    filled(trail)
    taken = maintenance.take_snapshot()
    index = f"{trail.prefix}-events-2026.09"
    # Whatever the engine's clock said, which it reads five times a second.
    long_ago = {"ingested": "2026-09-03T00:00:00Z"}
    altered(
        trail,
        index,
        {
            "e00": {"user": {"id": "eve"}},
            "e03": None,
            "e06": {"raw": {"n": 1}},
            "e09": {"@timestamp": "2026-09-03T00:00:00.000000001Z", "event": long_ago},
        },
    )
    trail.client.create(index=index, id="new", body=event(id="new", at="2026-09-30T00:00:00Z"))
    trail.client.indices.refresh(index=index)
    said, status = restored(taken.name, "--compare")
    lines = {line.partition(" in ")[0] for line in said.splitlines() if f" in {index}" in line}
    assert lines == {
        "altered: e00",
        "gone: e03",
        "altered beside the seal: e06",
        "gone: e09",
        "appeared: e09",
        "appeared: new",
    }
    assert "26 events are the same, 6 differ" in said
    assert status == 2


def test_an_event_under_an_id_that_is_not_its_own_is_altered_too(trail: Trail) -> None:
    write(trail, event(id="e", at="2026-09-01T00:00:00Z"))
    maintenance.take_snapshot()
    index = f"{trail.prefix}-events-2026.09"
    (hit,) = trail.client.search(index=index)["hits"]["hits"]
    trail.client.indices.delete(index=index)
    trail.client.indices.create(index=index)
    trail.client.create(index=index, id="other", body=hit["_source"], params={"refresh": "true"})
    restored("newest")
    found = list(restore_drill.compare_indices(trail, index, f"restored-{index}", NOW, DrillCount()))
    assert [(one.kind, one.event_id) for one in found] == [("altered", "e")]


@pytest.mark.parametrize("into", ["", "Upper-", "../", "*"])
def test_what_cannot_stand_before_a_name_is_refused(trail: Trail, into: str) -> None:
    write(trail, event())
    maintenance.take_snapshot()
    with pytest.raises(CommandError, match="cannot stand before"):
        restored("newest", "--into", into)


def test_nothing_is_restored_under_a_name_that_the_trail_would_take_for_its_own(trail: Trail) -> None:
    with pytest.raises(ValueError, match="look like"):
        snapshots.restore_snapshot(trail, "r", "s", f"{trail.prefix}-events-")


def test_a_snapshot_that_is_not_there_is_said(trail: Trail, repository: str) -> None:
    with pytest.raises(CommandError, match="no whole snapshot"):
        restored("newest")
    write(trail, event())
    maintenance.take_snapshot()
    with pytest.raises(CommandError, match=f"There is no snapshot nothing in the repository {repository}"):
        restored("nothing")


def test_an_engine_without_the_plugin_says_what_to_do(trail: Trail) -> None:
    with pytest.raises(SnapshotFailed, match="install the plugin repository-s3"):
        snapshots.register_repository(trail, Repository("r", "s3", {"bucket": "b"}))


def test_a_repository_that_the_node_may_not_use_is_an_incident_until_a_snapshot_is_whole(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, event())
    with monkeypatch.context() as wrong:
        wrong.setattr("django.conf.settings.TRAIL_SNAPSHOT_SETTINGS", {"location": "/somewhere/else"})
        tasks.take_snapshot()
        with pytest.raises(CommandError, match="cannot be used"):
            call_command("snapshot_trail")
    (incident,) = Incident.objects.filter(kind="snapshot")
    assert incident.failures == 2
    tasks.take_snapshot()
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_a_snapshot_that_lacks_a_shard_is_no_snapshot(trail: Trail, repository: str) -> None:
    """A shard that no node may hold: the engine takes what there is, and says that it is not whole."""
    filled(trail)
    snapshots.register_repository(trail, maintenance.get_repository())
    trail.client.indices.create(
        index=f"{trail.prefix}-events-2026.08",
        body={"settings": {"index.routing.allocation.require._name": "nobody"}},
        params={"wait_for_active_shards": "0"},
    )
    with pytest.raises(TrailUnavailable, match="don't have primary shards"):
        snapshots.take_snapshot(trail, repository, NOW)
    name = f"{trail.prefix}-partial"
    body = {"indices": f"{trail.prefix}-events-*", "partial": True}
    trail.client.snapshot.create(
        repository=repository, snapshot=name, body=body, params={"wait_for_completion": "true"}
    )
    with pytest.raises(SnapshotFailed, match="PARTIAL, so it cannot be counted on"):
        snapshots.restore_snapshot(trail, repository, name, "restored-")
    with pytest.raises(CommandError, match="no whole snapshot"):
        restored("newest")


def test_a_restore_that_gets_no_further_is_said(trail: Trail, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for a node that is not there."""
    monkeypatch.setattr(snapshots, "STANDSTILL", 0.2)
    write(trail, event())
    taken = maintenance.take_snapshot()
    monkeypatch.setattr(snapshots, "_EVERYWHERE", {"index.routing.allocation.require._name": "nobody"})
    with pytest.raises(SnapshotFailed, match="0 of 1 shards are restored"):
        snapshots.restore_snapshot(trail, repository, taken.name, "restored-")


def test_a_silent_engine_is_said_to_be_unavailable() -> None:
    with pytest.raises(TrailUnavailable):
        snapshots.list_snapshots(connect("http://127.0.0.1:1", timeout=1), "r")
