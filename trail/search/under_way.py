"""What the engine is doing for one search at this moment, so that who waits for it sees more than a clock."""

import re
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail, asking

_PART = re.compile(r"shardId\[\[(?P<index>.+)\]\[(?P<shard>\d+)\]\]")
_PROGRESS = "How far the search is could not be asked"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The parts (shards) of the trail that are being searched, by their index, oldest first; how many parts there are in
    all; and whether the engine works for this search at all."""

    indices: tuple[str, ...]
    parts: int
    of: int
    running: bool


def under_way(trail: Trail, opaque_id: str) -> UnderWay:
    """How far the searches under this X-Opaque-Id are, in two small requests. Raises TrailUnavailable."""
    with asking(_PROGRESS):
        nodes = trail.client.tasks.list(params={"actions": "*search*", "detailed": "true"}).get("nodes", {})
        all_parts = trail.client.search_shards(index=f"{trail.prefix}-events-*")["shards"]
    tasks = [task for node in nodes.values() for task in node["tasks"].values()]
    mine = [task for task in tasks if task.get("headers", {}).get("X-Opaque-Id") == opaque_id]
    found = {part for task in mine if (part := _part(task))}
    return UnderWay(tuple(sorted({index for index, _ in found})), len(found), len(all_parts), bool(mine))


def _part(task: dict[str, Any]) -> tuple[str, str] | None:
    match = _PART.search(task.get("description") or "")
    return (match["index"], match["shard"]) if match else None
