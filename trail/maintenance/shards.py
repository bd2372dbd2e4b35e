"""Counts the engine's shards: at its limit no month can be opened, and nothing of a new month can be written."""

from dataclasses import dataclass
from typing import Any

from trail.connection import Trail, translate_errors
from trail.documents import get
from trail.mapping import month_of

LIMIT = "cluster.max_shards_per_node"
NEARLY = 0.8  # of the limit


@dataclass(frozen=True, slots=True)
class ShardCount:
    """How many shards the cluster has, and may have; and how many months of this trail there are, and indices of late events."""

    used: int
    limit: int
    months: int
    late: int

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to do something."""
        return self.used >= NEARLY * self.limit

    def __str__(self) -> str:
        return (
            f"{self.used:,} of at most {self.limit:,} shards, in which the trail has {self.months:,} months and beside them "
            f"{self.late:,} indices for late events"
        )


def count_shards(trail: Trail) -> ShardCount:
    """Ask the engine. Raises TrailUnavailable."""
    with translate_errors("The engine's shards cannot be counted"):
        health = trail.client.cluster.health()
        settings = trail.client.cluster.get_settings(
            params={"include_defaults": "true", "filter_path": f"*.{LIMIT}"}  # and not the many others
        )
        there = trail.client.indices.get_alias(index=f"{trail.events}-*", params={"allow_no_indices": "true"})
    months = [index for index in there if month_of(trail.prefix, index)]
    late = sum(index.endswith("-late") for index in months)
    used = health["active_shards"] + health["unassigned_shards"] + health["initializing_shards"]
    return ShardCount(used, _read_limit(settings) * health["number_of_data_nodes"], len(months) - late, late)


def _read_limit(settings: dict[str, Any]) -> int:
    """Of each node: what was set last counts before what was set for ever, and that before the default."""
    values = [get(settings.get(where, {}), LIMIT) for where in ("transient", "persistent", "defaults")]
    return next(int(value) for value in values if value is not None)
