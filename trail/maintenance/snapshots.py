"""Takes snapshots of the trail into a repository, and restores them beside the trail, never into it. None is deleted.

Snapshots are incremental: of a finished month each holds the same files, once.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opensearchpy.exceptions import NotFoundError, TransportError

from trail.connection import Trail, translate_errors
from trail.errors import TrailError, TrailUnavailable

POLL = 0.5  # seconds between looks at a snapshot or a restore that is under way
STANDSTILL = 120.0  # seconds without any progress, after which a restore is given up
PAUSES = {"STARTED", "IN_PROGRESS"}
_EVERYWHERE = {"index.number_of_replicas": 0}  # what is restored for a drill needs no copies


class SnapshotFailed(TrailError):
    """A snapshot, or a restore of one, is not whole: it must not be counted on."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where snapshots go: `fs` with a location below the nodes' path.repo, or `s3` with a bucket and a base path."""

    name: str
    kind: str
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot. `state` is the engine's word: SUCCESS, PARTIAL, FAILED, IN_PROGRESS."""

    name: str
    state: str
    began: datetime
    indices: tuple[str, ...]
    shards: int
    failed: int

    @property
    def whole(self) -> bool:
        """Whether every shard is in it."""
        return self.state == "SUCCESS" and self.failed == 0


def register_repository(trail: Trail, repository: Repository) -> None:
    """Make the repository known to the engine, which tries it on every node. Raises TrailUnavailable, SnapshotFailed."""
    try:
        trail.client.snapshot.create_repository(
            repository=repository.name, body={"type": repository.kind, "settings": repository.settings}
        )
    except TransportError as error:
        if "does not exist" in str(error) and repository.kind in str(error):
            raise SnapshotFailed(
                f"The engine knows no repositories of type {repository.kind}: install the plugin repository-{repository.kind} "
                "on every node and start it again, or set TRAIL_SNAPSHOT_TYPE to fs."
            ) from error
        raise TrailUnavailable(f"The repository {repository.name} cannot be used: {error}.") from error


def take_snapshot(
    trail: Trail, repository: str, now: datetime, *, report: Callable[[int, int], None] = lambda finished, total: None
) -> Snapshot:
    """Take a snapshot of every index of events and wait for it; `report` is called with how many shards are done, of how many.

    Raises SnapshotFailed unless every shard is in it, TrailUnavailable.
    """
    name = f"{trail.prefix}-{now.astimezone(UTC):%Y%m%dt%H%M%S.%fz}"
    body = {"indices": f"{trail.prefix}-events-*", "include_global_state": False, "partial": False}
    with translate_errors("A snapshot could not be begun"):
        trail.client.snapshot.create(repository=repository, snapshot=name, body=body)
    while True:
        with translate_errors(f"The snapshot {name} cannot be watched"):
            (status,) = trail.client.snapshot.status(repository=repository, snapshot=name)["snapshots"]
        report(status["shards_stats"]["done"], status["shards_stats"]["total"])
        if status["state"] not in PAUSES:
            break
        time.sleep(POLL)
    snapshot = read_snapshot(trail, repository, name)
    while snapshot.state in PAUSES:  # the shards are done before the whole is
        time.sleep(POLL)
        snapshot = read_snapshot(trail, repository, name)
    if not snapshot.whole:
        raise SnapshotFailed(
            f"The snapshot {name} is {snapshot.state}: {snapshot.failed} of {snapshot.shards} shards failed."
        )
    return snapshot


def read_snapshot(trail: Trail, repository: str, name: str) -> Snapshot:
    """A snapshot by its name. Raises SnapshotFailed where there is none, TrailUnavailable."""
    with translate_errors(f"The snapshot {name} cannot be read"):
        try:
            return _snapshot(trail.client.snapshot.get(repository=repository, snapshot=name)["snapshots"][0])
        except NotFoundError as error:
            raise SnapshotFailed(f"There is no snapshot {name} in the repository {repository}.") from error


def list_snapshots(trail: Trail, repository: str) -> list[Snapshot]:
    """The trail's snapshots, oldest first; none where the repository is not there. Raises TrailUnavailable."""
    with translate_errors("The snapshots cannot be listed"):
        try:
            snapshots = trail.client.snapshot.get(repository=repository, snapshot=f"{trail.prefix}-*")["snapshots"]
        except NotFoundError:
            return []
    return sorted(map(_snapshot, snapshots), key=lambda snapshot: snapshot.began)


def restore_snapshot(
    trail: Trail,
    repository: str,
    name: str,
    into: str,
    *,
    report: Callable[[int, int], None] = lambda finished, total: None,
) -> list[str]:
    """Restore a snapshot into indices named `into` + their own name, without the alias, and wait. Their names.

    Raises ValueError when those would be taken for the trail's own, SnapshotFailed, TrailUnavailable.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", into) or f"{into}{trail.prefix}".startswith(f"{trail.prefix}-events-"):
        raise ValueError(
            f"{into!r} cannot stand before the names of restored indices: it takes small letters, digits, '-', '_' and '.', "
            f"and must not make them look like {trail.prefix}-events-…"
        )
    snapshot = read_snapshot(trail, repository, name)
    if not snapshot.whole:
        raise SnapshotFailed(f"The snapshot {name} is {snapshot.state}, so it cannot be counted on.")
    beside = sorted(f"{into}{index}" for index in snapshot.indices)
    body: dict[str, Any] = {
        "indices": ",".join(snapshot.indices),
        "include_aliases": False,
        "include_global_state": False,
        "partial": False,
        "rename_pattern": "(.+)",
        "rename_replacement": f"{into}$1",
        "index_settings": _EVERYWHERE,
    }
    with translate_errors(f"The snapshot {name} could not be restored"):
        trail.client.snapshot.restore(repository=repository, snapshot=name, body=body)
        _wait(trail, f"{into}{trail.prefix}-events-*", beside, snapshot.shards, report)
    return beside


def _wait(trail: Trail, pattern: str, beside: list[str], shards: int, report: Callable[[int, int], None]) -> None:
    """Until every shard is in service. Raises SnapshotFailed when nothing moves any more."""
    before, moved = (0, 0), time.monotonic()
    while True:
        health = trail.client.cluster.health(index=pattern, params={"level": "indices"})["indices"]
        active = sum(health[name]["active_primary_shards"] for name in beside if name in health)
        report(active, shards)
        if active >= shards:
            return
        recoveries = trail.client.indices.recovery(index=pattern)
        read = sum(
            part["index"]["size"]["recovered_in_bytes"]
            for recovery in recoveries.values()
            for part in recovery["shards"]
        )
        if (active, read) != before:
            before, moved = (active, read), time.monotonic()
        elif time.monotonic() - moved > STANDSTILL:
            raise SnapshotFailed(
                f"{active} of {shards} shards are restored, and nothing has moved for {STANDSTILL:.0f} seconds: look at "
                f"GET _cluster/allocation/explain."
            )
        time.sleep(POLL)


def _snapshot(response: dict[str, Any]) -> Snapshot:
    shards = response.get("shards", {})
    return Snapshot(
        name=response["snapshot"],
        state=response["state"],
        began=datetime.fromtimestamp(response["start_time_in_millis"] / 1000, UTC),
        indices=tuple(sorted(response["indices"])),
        shards=shards.get("total", 0),
        failed=shards.get("failed", 0),
    )
