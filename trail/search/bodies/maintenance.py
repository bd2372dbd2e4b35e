"""Builds the bodies that check whether the trail is kept as it should be. Pure, as trail.search.bodies."""

from datetime import datetime, timedelta
from typing import Any

from trail.schema import FIELDS, OUTCOMES, Operation
from trail.times import format_datetime

Body = dict[str, Any]


def build_ingested_since(since: datetime) -> Body:
    """Whether any event was taken since a time."""
    return _any({"range": {"event.ingested": {"gte": format_datetime(since)}}})


def _any(query: Body) -> Body:
    return {"query": query, "size": 0, "track_total_hits": 1}


def build_everything(*, size: int = 2_000) -> Body:
    """Every event of an index in one order, wherever it lies: by time, then by id."""
    order: list[Body] = [
        {"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}},
        {"event.id": {"order": "asc"}},
    ]
    return {"query": {"match_all": {}}, "sort": order, "size": size, "track_total_hits": False}


_CLOCKS_DIFFER = timedelta(minutes=5)


def build_strangers(now: datetime) -> dict[str, Body]:
    """Documents that the writer would not have written, by what is wrong with them, as the end of a sentence."""
    required = [field.name for field in FIELDS if field.required]
    future = {"range": {"event.ingested": {"gt": format_datetime(now + _CLOCKS_DIFFER)}}}
    return {
        "does not say when it was taken": _first(_without("event.ingested")),
        **{f"has no {name}": _first(_without(name)) for name in required},
        "says that it was taken in the future": _first(future),
        "has an outcome that there is not": _first(_other_than("event.outcome", list(OUTCOMES))),
        "has a token operation that there is not": _first(
            _other_than("token.operation", [str(operation) for operation in Operation])
        ),
        "has a number below 0": _first({"range": {"event.sequence": {"lt": 0}}}),
        "lies where its id does not lead": _first({"exists": {"field": "_routing"}}),
    }


def build_other_months(month: str) -> Body:
    """Events in an index whose time is not in its month, `2026.11`."""
    start = f"{month.replace('.', '-')}-01T00:00:00Z"
    inside = {"range": {"@timestamp": {"gte": start, "lt": f"{start}||+1M"}}}
    return _first({"bool": {"must_not": [inside], "filter": [{"exists": {"field": "@timestamp"}}]}}, size=20)


def build_identities(since: datetime | None, *, size: int = 5_000) -> Body:
    """The ids alone, the document's and the event's, of what was taken since a time or of everything."""
    query: Body = {"match_all": {}} if since is None else {"range": {"event.ingested": {"gte": format_datetime(since)}}}
    return {
        "query": query,
        "size": size,
        "_source": False,
        "docvalue_fields": ["event.id"],
        "sort": ["_shard_doc"],
        "track_total_hits": False,
    }


def build_ids(ids: list[str]) -> Body:
    """Which of some events are in an index, by their ids alone."""
    return {"query": {"ids": {"values": ids}}, "size": len(ids), "_source": False}


def _without(name: str) -> Body:
    return {"bool": {"must_not": [{"exists": {"field": name}}]}}


def _other_than(name: str, values: list[str]) -> Body:
    return {"bool": {"filter": [{"exists": {"field": name}}], "must_not": [{"terms": {name: values}}]}}


def _first(query: Body, *, size: int = 1) -> Body:
    return {"query": query, "size": size, "_source": False, "track_total_hits": True}
