"""Finds what keeps the trail from taking events, without writing one."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from opensearchpy.exceptions import TransportError

from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.mapping import index_for
from trail.times import format_datetime


def find_trouble(trail: Trail) -> str:
    """What keeps the trail from taking events, as a sentence; empty when nothing is known to. Raises TrailUnavailable.

    A finished month may be closed to writing; an event of today must find its month open.
    """
    month = index_for(trail.prefix, format_datetime(datetime.now(UTC)))
    try:
        health = trail.client.cluster.health(index=f"{trail.prefix}-events-*", params={"expand_wildcards": "all"})
        blocks = trail.client.cluster.state(metric="blocks")["blocks"]
    except TransportError as error:
        raise TrailUnavailable(f"The trail (OpenSearch) does not answer ({type(error).__name__}).") from error
    if health["status"] == "red":
        return "The trail has lost a shard: what is written to it, or was, cannot be reached."
    for of, where in (("The engine", blocks.get("global", {})), (month, blocks.get("indices", {}).get(month, {}))):
        if why := _why_no_write(where):
            return f"{of} takes no writes: {why}."
    return ""


def retry_failed_shards(trail: Trail) -> None:
    """Have the engine try once more to open the shards that it gave up after five failures, as on a disk that was full.

    It never does by itself. Raises nothing: what `find_trouble` says next tells whether it helped.
    """
    with suppress(TransportError):
        trail.client.cluster.reroute(params={"retry_failed": "true", "metric": "none"})


def _why_no_write(blocks: dict[str, Any]) -> str:
    return "; ".join(block["description"] for block in blocks.values() if "write" in block["levels"])
