"""Compares two searches: what is new, what is gone, what is more or less frequent.

Exact for every value it names: one that is missing among the commonest of a side is counted there before it is called new.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trail.connection import Trail
from trail.search import execute
from trail.search.bodies import comparison, histogram
from trail.search.bodies.comparison import COMPARED
from trail.search.bodies.histogram import Bar
from trail.search.responses import Response
from trail.search.spec import Scope, Search


@dataclass(frozen=True, slots=True)
class SearchSide:
    """One of the two searches: how many events, and how they lie in time."""

    search: Search
    total: int
    bars: list[Bar]
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class ComparedValue:
    """One value on both sides: how many events have it, and which share of all of the side's."""

    value: str
    left: int
    right: int
    left_share: float
    right_share: float

    @property
    def state(self) -> str:
        """new (on the right alone), gone (on the left alone), more, less, or same, by its share."""
        if not self.left:
            return "new"
        if not self.right:
            return "gone"
        if self.left_share == self.right_share:
            return "same"
        return "more" if self.right_share > self.left_share else "less"

    @property
    def ratio(self) -> float | None:
        """How many times as frequent on the right; None for what is new or gone."""
        return self.right_share / self.left_share if self.left and self.right else None


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field: the values that differ, new ones first, then gone, then by how much their share changed.

    `rarer_left` and `rarer_right` events have values that are rarer than those compared; nothing is said of these.
    """

    name: str
    pairs: list[ComparedValue]
    same: int
    rarer_left: int
    rarer_right: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer: both sides, and each field that has values on either."""

    left: SearchSide
    right: SearchSide
    fields: list[FieldComparison]


def compare_searches(
    trail: Trail,
    left: Search,
    right: Search,
    scope: Scope,
    names: Sequence[str] = COMPARED,
    *,
    opaque_id: str | None = None,
    zone: str = "UTC",
) -> Comparison:
    """What differs between two searches, in one round trip, and one more when a side has more values than are compared.

    The bars of each side begin by the clocks of a zone.
    """
    searches = {"left": left, "right": right}
    bodies = {
        side: comparison.build_commonest_values(search, scope, names, zone=zone) for side, search in searches.items()
    }
    responses = execute.ask_all(trail, bodies, opaque_id=opaque_id)
    counts = {side: {name: _counts(response, name) for name in names} for side, response in responses.items()}
    missing = {side: _values_to_count(responses[side], counts[side], counts[_OTHER[side]]) for side in searches}
    if any(missing.values()):
        bodies = {
            side: comparison.build_value_counts(search, scope, missing[side]) for side, search in searches.items()
        }
        for side, response in execute.ask_all(trail, bodies, opaque_id=opaque_id).items():
            for name in missing[side]:
                counts[side][name] |= _counts(response, name)
    sides = {side: _side(search, responses[side], zone) for side, search in searches.items()}
    fields = [
        _compared(name, sides, {side: counts[side][name] for side in sides}, responses)
        for name in names
        if any(counts[side][name] for side in sides)
    ]
    return Comparison(sides["left"], sides["right"], fields)


_OTHER = {"left": "right", "right": "left"}
_Counts = dict[str, int]  # of a field, by value


def _counts(response: Response, name: str) -> _Counts:
    buckets = response.get("aggregations", {}).get(name, {}).get("buckets", [])
    return {str(bucket["key"]): bucket["doc_count"] for bucket in buckets}


def _values_to_count(response: Response, own: dict[str, _Counts], other: dict[str, _Counts]) -> dict[str, list[str]]:
    """By field the values whose number on this side is not known yet: below its cut, or counted by some shards only."""
    missing: dict[str, list[str]] = {}
    for name in own:
        terms = response.get("aggregations", {}).get(name, {})
        if terms.get("doc_count_error_upper_bound"):
            missing[name] = sorted(own[name].keys() | other[name].keys())
        elif terms.get("sum_other_doc_count"):
            missing[name] = sorted(other[name].keys() - own[name].keys())
    return {name: values for name, values in missing.items() if values}


def _side(search: Search, response: Response, zone: str) -> SearchSide:
    aggregations = response.get("aggregations", {})
    ends = aggregations.get("ends", {})
    return SearchSide(
        search=search,
        total=execute.read_total(response),
        bars=histogram.read_bars(aggregations.get("histogram", {}), fine=histogram.choose_fine_step(search), zone=zone),
        first=ends.get("min_as_string"),
        last=ends.get("max_as_string"),
    )


def _compared(
    name: str, sides: dict[str, SearchSide], counts: dict[str, _Counts], responses: dict[str, Response]
) -> FieldComparison:
    values = [
        _compared_value(value, {side: counts[side].get(value, 0) for side in sides}, sides)
        for value in counts["left"].keys() | counts["right"].keys()
    ]
    values = [value for value in values if value.left or value.right]
    differing = sorted((value for value in values if value.state != "same"), key=_change)
    return FieldComparison(
        name=name,
        pairs=differing,
        same=len(values) - len(differing),
        rarer_left=_count_rarer(responses["left"], name, counts["left"]),
        rarer_right=_count_rarer(responses["right"], name, counts["right"]),
    )


def _compared_value(value: str, numbers: dict[str, int], sides: dict[str, SearchSide]) -> ComparedValue:
    return ComparedValue(
        value=value,
        left=numbers["left"],
        right=numbers["right"],
        left_share=_share(numbers["left"], sides["left"]),
        right_share=_share(numbers["right"], sides["right"]),
    )


def _count_rarer(response: Response, name: str, counts: _Counts) -> int:
    """Events in values that were not compared. (Of a field with several values to an event, in further values.)"""
    terms = response.get("aggregations", {}).get(name, {})
    in_all = sum(bucket["doc_count"] for bucket in terms.get("buckets", [])) + terms.get("sum_other_doc_count", 0)
    return max(0, int(in_all) - sum(counts.values()))


def _share(count: int, side: SearchSide) -> float:
    return count / side.total if side.total else 0.0


def _change(value: ComparedValue) -> tuple[int, float, str]:
    order = {"new": 0, "gone": 1}.get(value.state, 2)
    return order, -abs(value.right_share - value.left_share), value.value
