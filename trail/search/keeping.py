"""What is asked of the engine to see that the trail is kept as it should be. Pure, as trail.search.bodies."""

from datetime import datetime
from typing import Any

Body = dict[str, Any]


def ingested_since(since: datetime) -> Body:
    """Whether any event was taken since a time."""
    return _any({"range": {"event.ingested": {"gte": since.isoformat()}}})


def _any(query: Body) -> Body:
    return {"query": query, "size": 0, "track_total_hits": 1}


def everything(*, size: int = 2_000) -> Body:
    """Every event of an index in one order, wherever it lies: by time, then by id."""
    order: list[Body] = [
        {"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}}, {"event.id": {"order": "asc"}},
    ]  # fmt: skip
    return {"query": {"match_all": {}}, "sort": order, "size": size, "track_total_hits": False}
