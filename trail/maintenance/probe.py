"""Would the trail take an event now? Asked without writing one."""

from datetime import UTC, datetime
from typing import Any

from opensearchpy.exceptions import TransportError

from trail.connection import Trail
from trail.mapping import index_for


def trouble(trail: Trail) -> str:
    """What keeps the trail from taking events, as a sentence; empty when nothing is known to. Never raises.

    A finished month may be closed to writing; an event of today must find its month open.
    """
    month = index_for(trail.prefix, datetime.now(UTC).isoformat())
    try:
        health = trail.client.cluster.health(index=f"{trail.prefix}-events-*", params={"expand_wildcards": "all"})
        blocks = trail.client.cluster.state(metric="blocks")["blocks"]
    except TransportError as error:
        return f"The trail (OpenSearch) does not answer ({type(error).__name__})."
    if health["status"] == "red":
        return "The trail has lost a shard: what is written to it, or was, cannot be reached."
    for of, where in (("The engine", blocks.get("global", {})), (month, blocks.get("indices", {}).get(month, {}))):
        if why := _why_no_write(where):
            return f"{of} takes no writes: {why}."
    return ""


def _why_no_write(blocks: dict[str, Any]) -> str:
    return "; ".join(block["description"] for block in blocks.values() if "write" in block["levels"])
