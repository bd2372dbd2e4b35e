"""What the questions read in the engine's answers."""

from typing import Any

from trail.search import execute
from trail.search.execute import Hit


def hit_of(answer: dict[str, Any]) -> Hit | None:
    """The one event that a body of size 1 found."""
    found = answer["hits"]["hits"]
    return execute.hit(found[0]) if found else None


def total_of(answer: dict[str, Any]) -> int:
    """How many events a body that counts found."""
    return int(answer["hits"]["total"]["value"])


def token_id_of(hit: Hit) -> str | None:
    token_id = hit.document.get("token", {}).get("id")
    return None if token_id is None else str(token_id)
