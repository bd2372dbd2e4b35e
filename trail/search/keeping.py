"""What is asked of the engine to see that the trail is kept as it should be. Pure, as trail.search.bodies."""

from datetime import datetime
from typing import Any

Body = dict[str, Any]


def ingested_since(since: datetime) -> Body:
    """Whether any event was taken since a time."""
    return _any({"range": {"event.ingested": {"gte": since.isoformat()}}})


def _any(query: Body) -> Body:
    return {"query": query, "size": 0, "track_total_hits": 1}
