"""Reads the facets of a search from the engine's answer."""

from dataclasses import dataclass
from typing import Any

from trail.schema import COMMON_FACETS, FACETS
from trail.search.bodies.facets import PREFIX


@dataclass(frozen=True, slots=True)
class Facet:
    """The commonest values of a field with their counts. `others` events have further values; a count may be `error`
    too small at most."""

    values: list[tuple[str, int]]
    others: int
    error: int


def read_facets(aggregations: dict[str, Any]) -> dict[str, Facet]:
    """What the engine answered to `build_facets`, by the field: the common ones first. The engine has an order of its own."""
    names = dict.fromkeys((*COMMON_FACETS, *FACETS))
    return {name: _read_facet(answer) for name in names if (answer := aggregations.get(f"{PREFIX}{name}")) is not None}


def _read_facet(facet: dict[str, Any]) -> Facet:
    values = [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in facet["buckets"]]
    return Facet(values, others=facet["sum_other_doc_count"], error=facet["doc_count_error_upper_bound"])
