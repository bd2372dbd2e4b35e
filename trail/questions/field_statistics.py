"""Asks how the values of a field are spread over a search: the commonest, the rarest, how many, between which ends."""

from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.schema import Kind, field_of
from trail.search import execute
from trail.search.bodies import field_statistics
from trail.search.spec import Scope, Search

SHOWN = 50


@dataclass(frozen=True, slots=True)
class CountedValue:
    """One value, and how many of the events have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class FieldStatistics:
    """The answer. `having` of `events` have the field at all. Numbers have a least, a greatest and a mean, times two ends.

    `distinct` is exact where all values are in `top` or were read for `rarest`, else an estimate. `rarest` is None where
    there are too many values to know. A count in `top` may be `error` too small; `others` events have further values.
    """

    field: str
    events: int
    having: int
    distinct: int | None
    exact: bool
    top: list[CountedValue]
    others: int
    error: int
    rarest: list[CountedValue] | None
    least: str | None
    greatest: str | None
    mean: float | None


def ask_statistics(trail: Trail, search: Search, scope: Scope, name: str) -> FieldStatistics:
    """One round trip, or two where there are more values than are shown. Raises BadQuery for what has no values to count."""
    answer = execute.ask(trail, field_statistics.build_statistics(search, scope, name))
    events, having = answer["hits"]["total"]["value"], answer.get("aggregations", {}).get("having", {"doc_count": 0})
    terms = having.get("top", {"buckets": [], "sum_other_doc_count": 0, "doc_count_error_upper_bound": 0})
    top = _read_values(terms)
    rarest, distinct = _ask_rarest(trail, search, scope, name, having, top)
    least, greatest, mean = _read_ends(name, having.get("ends"))
    estimate = having.get("distinct", {}).get("value")
    return FieldStatistics(
        field=name,
        events=events,
        having=having["doc_count"],
        distinct=estimate if distinct is None else distinct,
        exact=distinct is not None,
        top=top,
        others=terms["sum_other_doc_count"],
        error=terms["doc_count_error_upper_bound"],
        rarest=rarest,
        least=least,
        greatest=greatest,
        mean=mean,
    )


def _read_values(terms: dict[str, Any]) -> list[CountedValue]:
    return [
        CountedValue(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"])
        for bucket in terms["buckets"]
    ]


def _ask_rarest(
    trail: Trail, search: Search, scope: Scope, name: str, having: dict[str, Any], top: list[CountedValue]
) -> tuple[list[CountedValue] | None, int | None]:
    """The rare values and how many values there are; None where they were not all read."""
    if "top" not in having:
        return None, None
    if not having["top"]["sum_other_doc_count"]:
        return list(reversed(top)), len(top)
    if having["distinct"]["value"] > field_statistics.RARE_AMONG:
        return None, None
    terms = execute.ask(trail, field_statistics.build_rarest_values(search, scope, name))["aggregations"]["values"]
    if terms["sum_other_doc_count"]:
        return None, None
    values = _read_values(terms)
    return list(reversed(values[-SHOWN:])), len(values)


def _read_ends(name: str, stats: dict[str, Any] | None) -> tuple[str | None, str | None, float | None]:
    if not stats or not stats["count"]:
        return None, None, None
    field = field_of(name)
    if field is not None and field.kind is Kind.TIME:
        return stats["min_as_string"], stats["max_as_string"], None
    return f"{stats['min']:.0f}", f"{stats['max']:.0f}", stats["avg"]
