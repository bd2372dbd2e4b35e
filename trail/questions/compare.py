"""What is different between two searches: what is new, what is gone, what is more or less frequent.

Exact for every value it names: one that is missing among the commonest of a side is counted there before it is called new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.search import comparing, execute, histogram
from trail.search.comparing import COMPARED
from trail.search.histogram import Bar
from trail.search.spec import Scope, Search


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two searches: how many events, and how they lie in time."""

    search: Search
    total: int
    bars: list[Bar]
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Pair:
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
class Compared:
    """One field: the values that differ, new ones first, then gone, then by how much their share changed.

    `rarer_left` and `rarer_right` events have values that are rarer than those compared; nothing is said of these.
    """

    name: str
    pairs: list[Pair]
    same: int
    rarer_left: int
    rarer_right: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer: both sides, and each field that has values on either."""

    left: Side
    right: Side
    fields: list[Compared]


def compare(trail: Trail, left: Search, right: Search, scope: Scope, names: Sequence[str] = COMPARED, *,
            opaque_id: str | None = None) -> Comparison:  # fmt: skip
    """What differs between two searches, in one round trip, and one more when a side has more values than are compared."""
    bodies = [comparing.commonest(one, scope, names) for one in (left, right)]
    answers = execute.ask_all(trail, bodies, opaque_id=opaque_id)
    counts: list[dict[str, dict[str, int]]] = [{name: _counts(one, name) for name in names} for one in answers]
    missing = [
        {name: found for name in names if (found := _to_count(answers[side], name, counts[side], counts[1 - side]))}
        for side in (0, 1)
    ]
    if any(missing):
        bodies = [comparing.counted(one, scope, some) for one, some in zip((left, right), missing, strict=True)]
        for side, answer in enumerate(execute.ask_all(trail, bodies, opaque_id=opaque_id)):
            for name in missing[side]:
                counts[side][name] |= _counts(answer, name)
    sides = [_side(search, answer) for search, answer in zip((left, right), answers, strict=True)]
    fields = [_compared(name, sides, counts, answers) for name in names if counts[0][name] or counts[1][name]]
    return Comparison(sides[0], sides[1], fields)


def _counts(answer: dict[str, Any], name: str) -> dict[str, int]:
    buckets = answer.get("aggregations", {}).get(name, {}).get("buckets", [])
    return {str(bucket["key"]): bucket["doc_count"] for bucket in buckets}


def _to_count(
    answer: dict[str, Any], name: str, own: dict[str, dict[str, int]], other: dict[str, dict[str, int]]
) -> list[str]:
    """The values whose number on this side is not known yet: below its cut, or counted by some shards only."""
    found = answer.get("aggregations", {}).get(name, {})
    if found.get("doc_count_error_upper_bound"):
        return sorted(own[name].keys() | other[name].keys())
    if found.get("sum_other_doc_count"):
        return sorted(other[name].keys() - own[name].keys())
    return []


def _side(search: Search, answer: dict[str, Any]) -> Side:
    found = answer.get("aggregations", {})
    ends = found.get("ends", {})
    return Side(
        search, answer["hits"]["total"]["value"],
        histogram.bars(found.get("histogram", {}), search),
        ends.get("min_as_string"), ends.get("max_as_string"),
    )  # fmt: skip


def _compared(
    name: str, sides: Sequence[Side], counts: Sequence[dict[str, dict[str, int]]], answers: Sequence[dict[str, Any]]
) -> Compared:
    left, right = (one[name] for one in counts)
    pairs = [
        Pair(value, left.get(value, 0), right.get(value, 0), _share(left.get(value, 0), sides[0]),
             _share(right.get(value, 0), sides[1]))
        for value in left.keys() | right.keys()
    ]  # fmt: skip
    pairs = [pair for pair in pairs if pair.left or pair.right]
    differing = sorted((pair for pair in pairs if pair.state != "same"), key=_change)
    rarer = [_rarer(answer, name, one[name]) for answer, one in zip(answers, counts, strict=True)]
    return Compared(name, differing, len(pairs) - len(differing), *rarer)


def _rarer(answer: dict[str, Any], name: str, counts: dict[str, int]) -> int:
    """Events in values that were not compared. (Of a field with several values to an event, in further values.)"""
    found = answer.get("aggregations", {}).get(name, {})
    in_all = sum(bucket["doc_count"] for bucket in found.get("buckets", [])) + found.get("sum_other_doc_count", 0)
    return max(0, int(in_all) - sum(counts.values()))


def _share(count: int, side: Side) -> float:
    return count / side.total if side.total else 0.0


def _change(pair: Pair) -> tuple[int, float, str]:
    order = {"new": 0, "gone": 1}.get(pair.state, 2)
    return order, -abs(pair.right_share - pair.left_share), pair.value
