"""Snapshots of the trail: taken into a repository, restored beside the trail and never into it. None is deleted by us.

Snapshots are incremental: of a finished month each holds the same files, once.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opensearchpy.exceptions import NotFoundError, TransportError

from trail.connection import Trail, asking
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
        return self.state == "SUCCESS" and self.failed == 0


def register(trail: Trail, repository: Repository) -> None:
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


def take(
    trail: Trail, repository: str, now: datetime, *, said: Callable[[int, int], None] = lambda done, all_: None
) -> Snapshot:
    """Take a snapshot of every index of events and wait for it; `said` is told how many shards are done of how many.

    Raises SnapshotFailed unless every shard is in it, TrailUnavailable.
    """
    name = f"{trail.prefix}-{now.astimezone(UTC):%Y%m%dt%H%M%S.%fz}"
    body = {"indices": f"{trail.prefix}-events-*", "include_global_state": False, "partial": False}
    with asking("A snapshot could not be begun"):
        trail.client.snapshot.create(repository=repository, snapshot=name, body=body)
    while True:
        with asking(f"The snapshot {name} cannot be watched"):
            (status,) = trail.client.snapshot.status(repository=repository, snapshot=name)["snapshots"]
        said(status["shards_stats"]["done"], status["shards_stats"]["total"])
        if status["state"] not in PAUSES:
            break
        time.sleep(POLL)
    taken = one(trail, repository, name)
    while taken.state in PAUSES:  # the shards are done before the whole is
        time.sleep(POLL)
        taken = one(trail, repository, name)
    if not taken.whole:
        raise SnapshotFailed(f"The snapshot {name} is {taken.state}: {taken.failed} of {taken.shards} shards failed.")
    return taken


def one(trail: Trail, repository: str, name: str) -> Snapshot:
    """A snapshot by its name. Raises SnapshotFailed where there is none, TrailUnavailable."""
    with asking(f"The snapshot {name} cannot be read"):
        try:
            return _snapshot(trail.client.snapshot.get(repository=repository, snapshot=name)["snapshots"][0])
        except NotFoundError as error:
            raise SnapshotFailed(f"There is no snapshot {name} in the repository {repository}.") from error


def every(trail: Trail, repository: str) -> list[Snapshot]:
    """The trail's snapshots, oldest first; none where the repository is not there. Raises TrailUnavailable."""
    with asking("The snapshots cannot be listed"):
        try:
            found = trail.client.snapshot.get(repository=repository, snapshot=f"{trail.prefix}-*")["snapshots"]
        except NotFoundError:
            return []
    return sorted((_snapshot(each) for each in found), key=lambda snapshot: snapshot.began)


def restore(trail: Trail, repository: str, name: str, into: str, *,
            said: Callable[[int, int], None] = lambda done, all_: None) -> list[str]:  # fmt: skip
    """Restore a snapshot into indices named `into` + their own name, without the alias, and wait. Their names.

    Raises ValueError when those would be taken for the trail's own, SnapshotFailed, TrailUnavailable.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", into) or f"{into}{trail.prefix}".startswith(f"{trail.prefix}-events-"):
        raise ValueError(
            f"{into!r} cannot stand before the names of restored indices: it takes small letters, digits, '-', '_' and '.', "
            f"and must not make them look like {trail.prefix}-events-…"
        )
    kept = one(trail, repository, name)
    if not kept.whole:
        raise SnapshotFailed(f"The snapshot {name} is {kept.state}, so it cannot be counted on.")
    beside = sorted(f"{into}{index}" for index in kept.indices)
    body: dict[str, Any] = {
        "indices": ",".join(kept.indices), "include_aliases": False, "include_global_state": False, "partial": False,
        "rename_pattern": "(.+)", "rename_replacement": f"{into}$1", "index_settings": _EVERYWHERE,
    }  # fmt: skip
    with asking(f"The snapshot {name} could not be restored"):
        trail.client.snapshot.restore(repository=repository, snapshot=name, body=body)
        _wait(trail, f"{into}{trail.prefix}-events-*", beside, kept.shards, said)
    return beside


def _wait(trail: Trail, pattern: str, beside: list[str], shards: int, said: Callable[[int, int], None]) -> None:
    """Until every shard is in service. Raises SnapshotFailed when nothing moves any more."""
    before, moved = (0, 0), time.monotonic()
    while True:
        health = trail.client.cluster.health(index=pattern, params={"level": "indices"})["indices"]
        done = sum(health[name]["active_primary_shards"] for name in beside if name in health)
        said(done, shards)
        if done >= shards:
            return
        recoveries = trail.client.indices.recovery(index=pattern)
        read = sum(part["index"]["size"]["recovered_in_bytes"] for one in recoveries.values() for part in one["shards"])
        if (done, read) != before:
            before, moved = (done, read), time.monotonic()
        elif time.monotonic() - moved > STANDSTILL:
            raise SnapshotFailed(
                f"{done} of {shards} shards are restored, and nothing has moved for {STANDSTILL:.0f} seconds: look at "
                f"GET _cluster/allocation/explain."
            )
        time.sleep(POLL)


def _snapshot(found: dict[str, Any]) -> Snapshot:
    shards = found.get("shards", {})
    return Snapshot(
        name=found["snapshot"],
        state=found["state"],
        began=datetime.fromtimestamp(found["start_time_in_millis"] / 1000, UTC),
        indices=tuple(sorted(found["indices"])),
        shards=shards.get("total", 0),
        failed=shards.get("failed", 0),
    )
