"""What the engine is doing for one search at this moment, so that who waits for it sees more than a clock, and can end it."""

import re
from dataclasses import dataclass
from typing import Any

from opensearchpy.exceptions import NotFoundError

from trail.connection import Trail, asking
from trail.search.answers import speaking

NAME = "X-Opaque-Id"
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


def named(opaque_id: str | None) -> dict[str, str]:
    """What a request says of itself so that the engine shows it under this name among its tasks."""
    return {NAME: opaque_id} if opaque_id else {}


def under_way(trail: Trail, opaque_id: str) -> UnderWay:
    """How far the searches under this X-Opaque-Id are, in two small requests. Raises TrailUnavailable."""
    with asking(_PROGRESS):
        mine = _tasks(trail, opaque_id)
        all_parts = trail.client.search_shards(index=f"{trail.prefix}-events-*")["shards"]
    found = {part for task in mine.values() if (part := _part(task))}
    return UnderWay(tuple(sorted({index for index, _ in found})), len(found), len(all_parts), bool(mine))


def cancel(trail: Trail, opaque_id: str) -> int:
    """End the searches under this X-Opaque-Id in the engine; how many there were. Raises TrailUnavailable."""
    with speaking():
        found = [key for key, task in _tasks(trail, opaque_id).items() if "parent_task_id" not in task]
        for task_id in found:
            try:
                trail.client.tasks.cancel(task_id=task_id)
            except NotFoundError:
                continue  # it ended by itself meanwhile
    return len(found)


def _tasks(trail: Trail, opaque_id: str) -> dict[str, dict[str, Any]]:
    """What the engine has to do for it, by the engine's own names."""
    nodes = trail.client.tasks.list(params={"actions": "*search*", "detailed": "true"}).get("nodes", {})
    tasks = {key: task for node in nodes.values() for key, task in node["tasks"].items()}
    return {key: task for key, task in tasks.items() if task.get("headers", {}).get(NAME) == opaque_id}


def _part(task: dict[str, Any]) -> tuple[str, str] | None:
    match = _PART.search(task.get("description") or "")
    return (match["index"], match["shard"]) if match else None
