"""How are the values of a field spread over a search: the commonest, the rarest, how many, between which ends?"""

from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.schema import Kind, field_of
from trail.search import execute, statistics
from trail.search.spec import Scope, Search

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Counted:
    """One value, and how many of the events have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The answer. `having` of `events` have the field at all. Numbers have a least, a greatest and a mean, times two ends.

    `distinct` is exact where all values are in `top` or were read for `rarest`, else an estimate. `rarest` is None where
    there are too many values to know. A count in `top` may be `error` too small; `others` events have further values.
    """

    field: str
    events: int
    having: int
    distinct: int | None
    exact: bool
    top: list[Counted]
    others: int
    error: int
    rarest: list[Counted] | None
    least: str | None
    greatest: str | None
    mean: float | None


def of_field(trail: Trail, search: Search, scope: Scope, name: str) -> Statistics:
    """One round trip, or two where there are more values than are shown. Raises BadQuery for what has no values to count."""
    answer = execute.ask(trail, statistics.statistics(search, scope, name))
    events, having = answer["hits"]["total"]["value"], answer.get("aggregations", {}).get("having", {"doc_count": 0})
    found = having.get("top", {"buckets": [], "sum_other_doc_count": 0, "doc_count_error_upper_bound": 0})
    top = _counted(found)
    rarest, distinct = _rarest(trail, search, scope, name, having, top)
    least, greatest, mean = _ends(name, having.get("ends"))
    estimate = having.get("distinct", {}).get("value")
    return Statistics(
        field=name, events=events, having=having["doc_count"], distinct=estimate if distinct is None else distinct,
        exact=distinct is not None, top=top, others=found["sum_other_doc_count"],
        error=found["doc_count_error_upper_bound"], rarest=rarest, least=least, greatest=greatest, mean=mean,
    )  # fmt: skip


def _counted(found: dict[str, Any]) -> list[Counted]:
    return [Counted(str(one.get("key_as_string", one["key"])), one["doc_count"]) for one in found["buckets"]]


def _rarest(trail: Trail, search: Search, scope: Scope, name: str, having: dict[str, Any], top: list[Counted]) -> tuple[
    list[Counted] | None, int | None
]:  # fmt: skip
    """The rare values and how many values there are; None where they were not all read."""
    if "top" not in having:
        return None, None
    if not having["top"]["sum_other_doc_count"]:
        return list(reversed(top)), len(top)
    if having["distinct"]["value"] > statistics.RARE_AMONG:
        return None, None
    found = execute.ask(trail, statistics.rarest(search, scope, name))["aggregations"]["values"]
    if found["sum_other_doc_count"]:
        return None, None
    values = _counted(found)
    return list(reversed(values[-SHOWN:])), len(values)


def _ends(name: str, found: dict[str, Any] | None) -> tuple[str | None, str | None, float | None]:
    if not found or not found["count"]:
        return None, None, None
    field = field_of(name)
    if field is not None and field.kind is Kind.TIME:
        return found["min_as_string"], found["max_as_string"], None
    return f"{found['min']:.0f}", f"{found['max']:.0f}", found["avg"]
