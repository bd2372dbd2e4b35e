"""Asks for a lifeline: which values a field has among some events, each with its figures, its bars and its notable events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from trail.connection import Trail
from trail.questions import coverage
from trail.questions.coverage import Coverage
from trail.schema import Operation
from trail.search import execute
from trail.search.bodies.lifeline import LifelineRequest, build_lifeline
from trail.search.responses import Response
from trail.search.spec import Scope
from trail.times import add_in_zone, format_time

MILLISECOND = 1_000_000
_KIND_OF_OPERATION = {
    str(Operation.ISSUE): "issued",
    str(Operation.ATTENUATE): "attenuated",
    str(Operation.REVOKE): "revoked",
    str(Operation.RESTORE): "restored",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a lifeline: when to the nanosecond, which, of what kind, in which lane; `named` are some of its fields.

    The kind is `issued`, `attenuated`, `revoked`, `restored`, `denied`, `accepted` or `other`.
    """

    time: int
    event_id: str
    kind: str
    lane: str
    named: Mapping[str, str]

    @property
    def at(self) -> str:
        """Its time as RFC 3339 in UTC."""
        return format_time(self.time)


@dataclass(frozen=True, slots=True)
class TimeBin:
    """How many events lie from `start` to `end`, which is not in it, and how many of them were denied."""

    start: int
    end: int
    count: int
    denied: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """All of some events on even time, a bar for each step of what was asked; `first` is the time of the first."""

    request: LifelineRequest
    bins: tuple[TimeBin, ...]
    first: int | None


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """One value of the field. Its figures are of all its events; `bins` and `moments` of those that are drawn.

    `moments` are all that are drawn where `is_listed`, else the first few. The count may be `error` too small at most.
    """

    value: str
    count: int
    accepted: int
    denied: int
    error: int
    first: Moment
    last: Moment
    first_accepted: Moment | None
    last_accepted: Moment | None
    drawn: int
    bins: tuple[TimeBin, ...]
    moments: tuple[Moment, ...]
    beside: Mapping[str, tuple[str, ...]]

    @property
    def is_listed(self) -> bool:
        """Whether every event that is drawn is listed."""
        return len(self.moments) == self.drawn


@dataclass(frozen=True, slots=True)
class Lifeline:
    """What a lifeline is drawn of. `total` is exact: the lanes, `others` events with other values and `missing` without one.

    `denied` and `lifecycle` list events of these kinds, all where there are no more than a hundred. `first` and `last`
    are the ends of all events, to the millisecond.
    """

    request: LifelineRequest
    total: int
    lanes: tuple[LaneFigures, ...]
    others: int
    other_lanes: int
    missing: int
    denied: tuple[Moment, ...]
    denied_total: int
    lifecycle: tuple[Moment, ...]
    lifecycle_total: int
    overview: Overview
    first: int | None
    last: int | None

    @property
    def lists_denied(self) -> bool:
        """Whether every denied event that is drawn is listed."""
        return len(self.denied) == self.denied_total

    @property
    def lists_lifecycle(self) -> bool:
        """Whether everything that was issued, attenuated, revoked and restored is listed."""
        return len(self.lifecycle) >= self.lifecycle_total


def ask_lifeline(trail: Trail, request: LifelineRequest, scope: Scope, *, now: datetime) -> tuple[Lifeline, Coverage]:
    """A lifeline and how much of the trail it is of, in one round trip. Raises BadQuery, TrailUnavailable."""
    bodies = build_lifeline(request, scope) | {"coverage": coverage.build_coverage(scope)}
    responses = execute.ask_all(trail, bodies)
    return read_lifeline(request, responses), coverage.read_coverage(responses["coverage"], now)


def read_lifeline(request: LifelineRequest, responses: Mapping[str, Response]) -> Lifeline:
    """A lifeline from the responses to its bodies, which may stand among others."""
    figures, denied = responses["lifeline"], responses["lifeline:denied"]
    lifecycle = responses.get("lifeline:lifecycle")
    aggregations = figures.get("aggregations", {})
    terms = aggregations.get("lanes", {"buckets": [], "sum_other_doc_count": 0})
    lanes = tuple(read_lane(bucket, request) for bucket in terms["buckets"])
    others = terms["sum_other_doc_count"]
    number = aggregations.get("number", {}).get("value", 0)
    ends = aggregations.get("ends", {})
    return Lifeline(
        request=request,
        total=execute.read_total(figures),
        lanes=lanes,
        others=others,
        other_lanes=max(number - len(lanes), 1) if others else 0,
        missing=aggregations.get("missing", {}).get("doc_count", 0),
        denied=read_moments(denied, request.field),
        denied_total=execute.read_total(denied),
        lifecycle=read_moments(lifecycle, request.field) if lifecycle else (),
        lifecycle_total=execute.read_total(lifecycle) if lifecycle else 0,
        overview=read_overview(request, figures),
        first=_read_end(ends, "min"),
        last=_read_end(ends, "max"),
    )


def read_overview(request: LifelineRequest, response: Response) -> Overview:
    """What `build_overview` found."""
    aggregations = response.get("aggregations", {})
    bins = read_bins(aggregations.get("overview", {}), request.overview_step, request.zone)
    return Overview(request, bins, _read_end(aggregations.get("ends", {}), "min"))


def _read_end(ends: Mapping[str, Any], name: str) -> int | None:
    return int(ends[name]) * MILLISECOND if ends.get("count") else None


def read_lane(bucket: Mapping[str, Any], request: LifelineRequest) -> LaneFigures:
    value = str(bucket.get("key_as_string", bucket["key"]))
    accepted, drawn = bucket["accepted"], bucket["drawn"]
    (first,), (last,) = (read_moments(bucket[name], request.field, value) for name in ("first", "last"))
    beside = {
        name: tuple(str(value["key"]) for value in bucket[f"beside:{name}"]["buckets"]) for name in request.beside
    }
    return LaneFigures(
        value=value,
        count=bucket["doc_count"],
        accepted=accepted["doc_count"],
        denied=bucket["denied"]["doc_count"],
        error=max(bucket.get("doc_count_error_upper_bound", 0), 0),
        first=first,
        last=last,
        first_accepted=next(iter(read_moments(accepted["first"], request.field, value)), None),
        last_accepted=next(iter(read_moments(accepted["last"], request.field, value)), None),
        drawn=drawn["doc_count"],
        bins=read_bins(drawn["bars"], request.step, request.zone),
        moments=read_moments(drawn["events"], request.field, value),
        beside=beside,
    )


def read_bins(histogram: Mapping[str, Any], step: int, zone: str) -> tuple[TimeBin, ...]:
    """The bars of an answer that hold events."""
    buckets = [bucket for bucket in histogram.get("buckets", ()) if bucket["doc_count"]]
    starts = [int(bucket["key"]) * MILLISECOND for bucket in buckets]
    return tuple(
        TimeBin(start, end, bucket["doc_count"], bucket.get("denied", {}).get("doc_count", 0))
        for bucket, start, end in zip(buckets, starts, find_ends(starts, step, zone), strict=True)
    )


def find_ends(starts: Sequence[int], step: int, zone: str) -> Iterator[int]:
    """Where bars end: with their step by the clocks of the zone, or where the next begins before that."""
    for start, following in zip_longest(starts, starts[1:]):
        end = add_in_zone(start, step, zone)
        yield end if following is None else min(end, following)


def read_moments(response: Mapping[str, Any], field: str, lane: str | None = None) -> tuple[Moment, ...]:
    return tuple(_read_moment(hit, field, lane) for hit in response["hits"]["hits"])


def name_kind(outcome: str, operation: str) -> str:
    """The kind of a moment, from its event's outcome and operation."""
    kind = {"failure": "denied", "success": "accepted"}.get(outcome, "other")
    return kind if kind == "denied" else _KIND_OF_OPERATION.get(operation, kind)


def _read_moment(hit: Mapping[str, Any], field: str, lane: str | None) -> Moment:
    named = {name: ", ".join(map(str, values)) for name, values in hit.get("fields", {}).items()}
    kind = name_kind(named.get("event.outcome", ""), named.get("token.operation", ""))
    return Moment(int(hit["sort"][0]), hit["_id"], kind, named.get(field, "") if lane is None else lane, named)
