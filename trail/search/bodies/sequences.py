"""Builds the bodies about the numbers of writers (event.sequence per writer.id). Pure, as trail.search.bodies."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trail.search.bodies.query import Body
from trail.times import format_datetime

_NUMBERED: Body = {"exists": {"field": "event.sequence"}}


def build_writers(*, after: dict[str, str] | None = None, size: int = 500) -> Body:
    """Each writer that numbers its events: the numbers' ends, how many, their sum, and when the trail last had one."""
    return _each_writer(_NUMBERED, after, size)


def build_later_numbers(newest: Mapping[str, int]) -> Body:
    """The same of some writers, at most 200, of their numbers after those that are known already."""
    numbers = [_numbers_between(writer, last + 1, None) for writer, last in newest.items()]
    return _each_writer({"bool": {"filter": [{"bool": {"should": numbers}}]}}, None, max(1, len(newest)))


def build_new_writers(since: datetime, *, after: dict[str, str] | None = None, size: int = 500) -> Body:
    """Writers that have begun to count, or of whose numbers one was written since a time."""
    heard = {"range": {"event.ingested": {"gte": format_datetime(since)}}}
    query = {"bool": {"filter": [_NUMBERED, {"bool": {"should": [{"term": {"event.sequence": 0}}, heard]}}]}}
    body = _each_writer(query, after, size)
    del body["aggs"]["writers"]["aggs"]
    return body


def _each_writer(query: Body, after: dict[str, str] | None, size: int) -> Body:
    composite = {"size": size, "sources": [{"writer": {"terms": {"field": "writer.id"}}}]}
    return {
        "query": query,
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "writers": {
                "composite": composite | ({"after": after} if after else {}),
                "aggs": {
                    "numbers": {"stats": {"field": "event.sequence"}},
                    "last": {"max": {"field": "event.ingested"}},
                },
            }
        },
    }


def _numbers_between(writer: str, first: int, last: int | None) -> Body:
    ends = {"gte": first} if last is None else {"gte": first, "lte": last}
    return {"bool": {"filter": [{"term": {"writer.id": writer}}, {"range": {"event.sequence": ends}}]}}


def build_number_blocks(writer: str, first: int, last: int, *, block: int) -> Body:
    """How many of a writer's numbers are there in each block of so many from `first` on, and their sum."""
    return {
        "query": _numbers_between(writer, first, last),
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "blocks": {
                "histogram": {
                    "field": "event.sequence",
                    "interval": block,
                    "offset": first % block,
                    "min_doc_count": 1,
                },
                "aggs": {"numbers": {"stats": {"field": "event.sequence"}}},
            }
        },
    }


def build_numbers(writer: str, first: int, last: int, *, after: list[Any] | None = None, size: int = 5_000) -> Body:
    """A writer's numbers themselves, in order."""
    body: Body = {
        "query": _numbers_between(writer, first, last),
        "size": size,
        "track_total_hits": False,
        "_source": False,
        "sort": [{"event.sequence": "asc"}, {"event.id": "asc"}],
    }
    return body | ({"search_after": after} if after else {})
