"""Checks the engine: its settings, its disks, the copies of each index, the snapshots."""

import re
from collections.abc import Iterator

from trail.connection import translate_errors
from trail.maintenance import cluster_settings, shards, snapshots
from trail.maintenance.checks.check import CheckContext, CheckState, Problem

_WATERMARK = "cluster.routing.allocation.disk.watermark"
_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}


def check_settings(context: CheckContext) -> Iterator[Problem]:
    """The cluster's settings are those that the trail needs."""
    for name, (current, wanted) in cluster_settings.find_differences(context.trail).items():
        yield Problem(
            f"The cluster's setting {name} is {current or 'not set'}, and should be {wanted}.",
            "As the engine's admin run manage.py install_trail --cluster-settings, or set it yourself.",
        )


def check_disks(context: CheckContext) -> Iterator[Problem]:
    """No disk is so full that the engine stops writing to it, and no index was closed by a full disk."""
    marks = cluster_settings.read_settings(context.trail)
    with translate_errors("The nodes' disks cannot be seen"):
        nodes = context.trail.client.nodes.stats(metric="fs")["nodes"].values()
        closed = context.trail.client.indices.get_settings(
            index=f"{context.trail.prefix}-events-*",
            name="index.blocks.read_only_allow_delete",
            params={"allow_no_indices": "true"},
        )
    for index in sorted(name for name, index in closed.items() if index["settings"]):
        yield Problem(f"{index} takes no writes, because a disk was full.", "Make room; the engine opens it by itself.")
    for node in nodes:
        total, free = (node["fs"]["total"][name] for name in ("total_in_bytes", "available_in_bytes"))
        for mark, effect in (
            ("flood_stage", "no index on it takes writes"),
            ("high", "its shards are moved away"),
            ("low", "no new shard is put on it"),
        ):
            if free < _least(str(marks.get(f"{_WATERMARK}.{mark}", "")), total):
                yield Problem(
                    f"Node {node['name']} has {free / 2**30:,.1f} of {total / 2**30:,.1f} GB free, below the {mark} "
                    f"watermark: {effect}.",
                    "Give the node more disk, or the cluster another node.",
                )
                break


def check_shards(context: CheckContext) -> Iterator[Problem]:
    """The cluster is far from the number of shards at which no month can be opened any more."""
    count = shards.count_shards(context.trail)
    if count.is_nearly_full:
        yield Problem(
            f"The cluster has {count}; at that number no new month can be opened.",
            f"Give the cluster another node, or as its admin raise {shards.LIMIT}; see who opened months that they should not.",
        )


def _least(mark: str, total: int) -> float:
    """How many bytes must be free: a mark is a share that may be used (85%, 0.85) or the bytes that must be free (1gb)."""
    if match := re.fullmatch(r"([\d.]+)%", mark):
        return total * (1 - float(match[1]) / 100)
    if match := re.fullmatch(r"([\d.]+)([kmgtp]?b)", mark.lower()):
        return float(match[1]) * _UNITS[match[2]]
    return total * (1 - float(mark)) if re.fullmatch(r"[\d.]+", mark) else 0


def check_copies(context: CheckContext) -> Iterator[Problem]:
    """Every index has all of its shards and as many copies as are asked for."""
    with translate_errors("The copies of the indices cannot be counted"):
        health = context.trail.client.cluster.health(
            index=f"{context.trail.prefix}-events-*", params={"level": "indices"}
        )["indices"]
    wanted = context.trail.replicas
    for index, state in sorted(health.items()):
        if state["status"] == "red":
            yield Problem(
                f"{index} has lost a shard: a part of the trail cannot be read.",
                "Bring its node back, or restore the index from a snapshot.",
            )
        elif state["number_of_replicas"] < wanted:
            yield Problem(
                f"{index} has {state['number_of_replicas']} replicas, and TRAIL_REPLICAS asks for {wanted}.",
                f'As the engine\'s admin: PUT {index}/_settings {{"index.number_of_replicas": {wanted}}}',
            )
        elif state["unassigned_shards"]:
            yield Problem(
                f"{index} lacks {state['unassigned_shards']} of its copies.",
                "Bring the missing node back: GET _cluster/allocation/explain says why no other takes them.",
            )


def check_snapshots(context: CheckContext) -> Iterator[Problem]:
    """Snapshots: the newest is young enough, whole, and holds every index that was there then."""
    listed = snapshots.list_snapshots(context.trail, context.repository)
    with translate_errors("The indices cannot be listed"):
        created = {
            name: int(index["settings"]["index.creation_date"]) / 1000
            for name, index in context.trail.client.indices.get_settings(
                index=f"{context.trail.prefix}-events-*", params={"flat_settings": "true", "allow_no_indices": "true"}
            ).items()
        }
    whole = [snapshot for snapshot in listed if snapshot.whole]
    if listed and not listed[-1].whole and listed[-1].state not in snapshots.PAUSES:
        yield Problem(
            f"The newest snapshot, {listed[-1].name}, is {listed[-1].state}.",
            "Run manage.py snapshot_trail and see what it says.",
        )
    oldest = min(created.values(), default=context.now.timestamp())
    since = whole[-1].began.timestamp() if whole else oldest
    hours = (context.now.timestamp() - since) / 3600
    if hours * 3600 > context.snapshot_age.total_seconds():
        what = f"The newest whole snapshot is {hours:,.0f} hours old" if whole else "There is no whole snapshot"
        yield Problem(
            f"{what}, in the repository {context.repository}.",
            "Run manage.py snapshot_trail; see that celery beat and a worker run.",
        )
    elif not whole:
        yield Problem("There is no snapshot yet; the first is taken at night.", "", CheckState.NOTE)
    missing = [name for name, at in sorted(created.items()) if whole and at < since and name not in whole[-1].indices]
    for name in missing:
        yield Problem(
            f"{name} is not in the newest snapshot, {whole[-1].name}, though it is older.",
            "It was perhaps made anew since: compare by manage.py restore_trail SNAPSHOT --compare.",
        )
