"""The values of a field among some events, as every answer shows them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field among some events: how many, first and last (to the millisecond).

    `error` is how many more there may be at most; where it is not 0, the first may be earlier and the last later.
    """

    value: str
    count: int
    first: str
    last: str
    error: int = 0


@dataclass(frozen=True, slots=True)
class Values:
    """The commonest values of a field. `others` events have further values; counts may be `error` too small at most."""

    values: list[Value]
    others: int = 0
    error: int = 0


def values_of(answer: dict[str, Any], names: tuple[str, ...]) -> dict[str, Values]:
    """What `bodies.values` found, by field."""
    found = answer.get("aggregations", {})
    return {name: _read(found[name]) if name in found else Values([]) for name in names}


def _read(found: dict[str, Any]) -> Values:
    values = [
        Value(str(b.get("key_as_string", b["key"])), b["doc_count"], b["first"]["value_as_string"], b["last"]["value_as_string"])
        for b in found["buckets"]
    ]  # fmt: skip
    return Values(values, others=found["sum_other_doc_count"], error=found["doc_count_error_upper_bound"])
