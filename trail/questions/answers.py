"""Reads what several questions have in common from the engine's responses, and holds the filters they share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trail.schema import USES, Operation
from trail.search import execute
from trail.search.execute import Hit
from trail.search.responses import Response
from trail.search.spec import Filter, Search

ACCEPTED = Filter("event.outcome", ("success",))
REFUSED = Filter("event.outcome", ("failure",))
NOT_REFUSED = replace(REFUSED, negated=True)
USED = Filter("token.operation", tuple(USES))
NOT_ENDINGS = Filter("token.operation", (str(Operation.REVOKE), str(Operation.RESTORE)), negated=True)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of a field among some events: how many, first and last (to the millisecond).

    `error` is how many more there may be at most; where it is not 0, the first may be earlier and the last later.
    """

    value: str
    count: int
    first: str
    last: str
    error: int = 0


@dataclass(frozen=True, slots=True)
class FieldValues:
    """The commonest values of a field. `others` events have further values; counts may be `error` too small at most."""

    values: list[FieldValue]
    others: int = 0
    error: int = 0

    @property
    def commonest(self) -> str:
        """The value that most events have; empty where none has any."""
        return self.values[0].value if self.values else ""


def filter_operation(operation: Operation) -> Filter:
    """The chip for one token operation."""
    return Filter("token.operation", (str(operation),))


def filter_issues(search: Search) -> Search:
    """The issues of tokens among some events, refused ones left out."""
    return search.with_filter(filter_operation(Operation.ISSUE)).with_filter(NOT_REFUSED)


def read_first_hit(response: Response) -> Hit | None:
    """The one event that a body of size 1 found."""
    hits = response["hits"]["hits"]
    return execute.read_hit(hits[0]) if hits else None


def read_top_hit(response: Response) -> Hit | None:
    """The one event that `bodies.token.build_event_at_end` found."""
    hits = response.get("aggregations", {}).get("event", {}).get("hits", {}).get("hits", [])
    return execute.read_hit(hits[0]) if hits else None


def read_values(response: Response, names: Iterable[str]) -> dict[str, FieldValues]:
    """What `bodies.page.build_values` found, by field."""
    aggregations = response.get("aggregations", {})
    return {name: read_terms(aggregations[name]) if name in aggregations else FieldValues([]) for name in names}


def read_terms(terms: Mapping[str, Any]) -> FieldValues:
    """The values of one aggregation of the engine, each with its first and last time."""
    return FieldValues(
        [read_value(bucket, str(bucket.get("key_as_string", bucket["key"]))) for bucket in terms["buckets"]],
        others=terms["sum_other_doc_count"],
        error=max(terms["doc_count_error_upper_bound"], 0),
    )


def read_value(bucket: Mapping[str, Any], value: str) -> FieldValue:
    """One value with its number and its ends, which stand in `ends`, or apart in `first` and `last`."""
    if "ends" in bucket:
        first, last = bucket["ends"]["min_as_string"], bucket["ends"]["max_as_string"]
    else:
        first, last = bucket["first"]["value_as_string"], bucket["last"]["value_as_string"]
    return FieldValue(value, bucket["doc_count"], first, last, max(bucket.get("doc_count_error_upper_bound", 0), 0))
