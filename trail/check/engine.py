"""The engine: its settings, its disks, the copies of each index, the snapshots."""

import re
from collections.abc import Iterator

from trail import cluster, snapshots
from trail.check.finding import Asked, Problem, State
from trail.connection import asking

_WATERMARK = "cluster.routing.allocation.disk.watermark"
_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}


def settings(asked: Asked) -> Iterator[Problem]:
    for name, (found, wanted) in cluster.differences(asked.trail).items():
        yield Problem(
            f"The cluster's setting {name} is {found or 'not set'}, and should be {wanted}.",
            "As the engine's admin run manage.py install_trail --cluster-settings, or set it yourself.",
        )


def disks(asked: Asked) -> Iterator[Problem]:
    marks = cluster.settings(asked.trail)
    with asking("The nodes' disks cannot be seen"):
        nodes = asked.trail.client.nodes.stats(metric="fs")["nodes"].values()
        closed = asked.trail.client.indices.get_settings(
            index=f"{asked.trail.prefix}-events-*", name="index.blocks.read_only_allow_delete",
            params={"allow_no_indices": "true"},
        )  # fmt: skip
    for index in sorted(name for name, one in closed.items() if one["settings"]):
        yield Problem(f"{index} takes no writes, because a disk was full.", "Make room; the engine opens it by itself.")
    for node in nodes:
        total, free = (node["fs"]["total"][name] for name in ("total_in_bytes", "available_in_bytes"))
        for mark, effect in (
            ("flood_stage", "no index on it takes writes"), ("high", "its shards are moved away"),
            ("low", "no new shard is put on it"),
        ):  # fmt: skip
            if free < _least(str(marks.get(f"{_WATERMARK}.{mark}", "")), total):
                yield Problem(
                    f"Node {node['name']} has {free / 2**30:,.1f} of {total / 2**30:,.1f} GB free, below the {mark} "
                    f"watermark: {effect}.", "Give the node more disk, or the cluster another node.",
                )  # fmt: skip
                break


def _least(mark: str, total: int) -> float:
    """How many bytes must be free: a mark is a share that may be used (85%, 0.85) or the bytes that must be free (1gb)."""
    if match := re.fullmatch(r"([\d.]+)%", mark):
        return total * (1 - float(match[1]) / 100)
    if match := re.fullmatch(r"([\d.]+)([kmgtp]?b)", mark.lower()):
        return float(match[1]) * _UNITS[match[2]]
    return total * (1 - float(mark)) if re.fullmatch(r"[\d.]+", mark) else 0


def copies(asked: Asked) -> Iterator[Problem]:
    with asking("The copies of the indices cannot be counted"):
        health = asked.trail.client.cluster.health(index=f"{asked.trail.prefix}-events-*", params={"level": "indices"})[
            "indices"
        ]
    wanted = asked.trail.replicas
    for index, one in sorted(health.items()):
        if one["status"] == "red":
            yield Problem(f"{index} has lost a shard: a part of the trail cannot be read.",
                          "Bring its node back, or restore the index from a snapshot.")  # fmt: skip
        elif one["number_of_replicas"] < wanted:
            yield Problem(
                f"{index} has {one['number_of_replicas']} replicas, and TRAIL_REPLICAS asks for {wanted}.",
                f'As the engine\'s admin: PUT {index}/_settings {{"index.number_of_replicas": {wanted}}}',
            )
        elif one["unassigned_shards"]:
            yield Problem(
                f"{index} lacks {one['unassigned_shards']} of its copies.",
                "Bring the missing node back: GET _cluster/allocation/explain says why no other takes them.",
            )


def kept(asked: Asked) -> Iterator[Problem]:
    """Snapshots: the newest is young enough, whole, and holds every index that was there then."""
    every = snapshots.every(asked.trail, asked.repository)
    with asking("The indices cannot be listed"):
        born = {
            name: int(one["settings"]["index.creation_date"]) / 1000
            for name, one in asked.trail.client.indices.get_settings(
                index=f"{asked.trail.prefix}-events-*", params={"flat_settings": "true", "allow_no_indices": "true"}
            ).items()
        }
    whole = [one for one in every if one.whole]
    if every and not every[-1].whole and every[-1].state not in snapshots.PAUSES:
        yield Problem(f"The newest snapshot, {every[-1].name}, is {every[-1].state}.",
                      "Run manage.py snapshot_trail and see what it says.")  # fmt: skip
    oldest = min(born.values(), default=asked.now.timestamp())
    since = whole[-1].began.timestamp() if whole else oldest
    hours = (asked.now.timestamp() - since) / 3600
    if hours * 3600 > asked.snapshot_age.total_seconds():
        what = f"The newest whole snapshot is {hours:,.0f} hours old" if whole else "There is no whole snapshot"
        yield Problem(f"{what}, in the repository {asked.repository}.",
                      "Run manage.py snapshot_trail; see that celery beat and a worker run.")  # fmt: skip
    elif not whole:
        yield Problem("There is no snapshot yet; the first is taken at night.", "", State.NOTE)
    missing = [name for name, at in sorted(born.items()) if whole and at < since and name not in whole[-1].indices]
    for name in missing:
        yield Problem(f"{name} is not in the newest snapshot, {whole[-1].name}, though it is older.",
                      "It was perhaps made anew since: compare by manage.py restore_trail SNAPSHOT --compare.")  # fmt: skip
