"""Builds the bodies of a lifeline: its lanes with their figures and bars, and its events that are listed one by one. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from trail.schema import Operation
from trail.search.bodies.histogram import Ends, choose_fine_step
from trail.search.bodies.query import Body, build_query
from trail.search.spec import Scope, Search

LANES = 7
# How many values each shard reports before the commonest are chosen among all.
VALUES_OF_A_SHARD = 1_000
# So many events of a lane are listed one by one; of more there are bars, and the first and the last.
LISTED_OF_A_LANE = 40
# As many as one answer lists of each: the engine's limit for hits inside of figures is the same.
LISTED = 100
# Steps of a lane's bars, and of the bars of the overview.
STEPS, OVERVIEW_STEPS = 400, 120
# What is listed of an event, beside its id and time.
NAMED = (
    "event.action",
    "event.outcome",
    "token.operation",
    "token.id",
    "token.fingerprint",
    "token.caveats.added",
    "user.id",
    "source.ip",
    "resource.type",
)
LIFECYCLE = (Operation.ISSUE, Operation.ATTENUATE, Operation.REVOKE, Operation.RESTORE)
_ASCENDING: list[Body] = [
    {"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}},
    {"event.id": {"order": "asc"}},
]
_DESCENDING: list[Body] = [
    {"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}},
    {"event.id": {"order": "desc"}},
]
ACCEPTED: Body = {"term": {"event.outcome": "success"}}
DENIED: Body = {"term": {"event.outcome": "failure"}}


@dataclass(frozen=True, slots=True)
class LifelineRequest:
    """What a lifeline is drawn of: the events of `search`, a lane for each value of `field`.

    `start` and `end` narrow what is drawn, never what is counted. `lifecycle` finds what was issued, attenuated and revoked;
    none where it is None. `beside` are fields of which each lane names a value. `ends` are the trail's own, about. A lane has
    at most `steps` bars, which begin as the days and hours of a time `zone` do.
    """

    search: Search
    field: str
    start: str | None = None
    end: str | None = None
    lifecycle: Search | None = None
    beside: tuple[str, ...] = ()
    ends: Ends | None = None
    steps: int = STEPS
    zone: str = "UTC"

    @property
    def range(self) -> Search:
        """The events that are drawn."""
        return replace(self.search, start=self.start or self.search.start, end=self.end or self.search.end)

    @property
    def step(self) -> int:
        """Seconds of the finest bar."""
        return choose_fine_step(self.range, self._ends, self.steps)

    @property
    def overview_step(self) -> int:
        """Seconds of a bar of the overview."""
        return choose_fine_step(self.search, self._ends, OVERVIEW_STEPS)

    @property
    def _ends(self) -> Ends | None:
        """The trail's ends, or until now: a bar is as long where a range is open."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")
        return (self.ends[0], max(self.ends[1], now)) if self.ends else None


def build_lifeline(request: LifelineRequest, scope: Scope) -> dict[str, Body]:
    """The bodies of a lifeline, to be asked beside others in one round trip."""
    bodies = {
        "lifeline": _build_lanes(request, scope),
        "lifeline:denied": _build_listed(request.range, scope, request, DENIED),
    }
    if request.lifecycle is not None:
        operations: Body = {"terms": {"token.operation": [str(operation) for operation in LIFECYCLE]}}
        bodies["lifeline:lifecycle"] = _build_listed(request.lifecycle, scope, request, operations)
    return bodies


def _build_lanes(request: LifelineRequest, scope: Scope) -> Body:
    terms = {"field": request.field, "size": LANES, "shard_size": VALUES_OF_A_SHARD, "show_term_doc_count_error": True}
    lanes = {"terms": terms, "aggs": build_lane(request)}
    body = build_overview(request, scope)
    body["aggs"] |= {
        "lanes": lanes,
        "number": {"cardinality": {"field": request.field, "precision_threshold": 3_000}},
        "missing": {"missing": {"field": request.field}},
    }
    return body


def build_overview(request: LifelineRequest, scope: Scope) -> Body:
    """How many events there are, their ends, and the bars of all of their time."""
    overview = _build_steps(request, request.overview_step)
    return {
        "query": build_query(request.search, scope),
        "size": 0,
        "track_total_hits": True,
        "aggs": {"overview": overview, "ends": {"stats": {"field": "@timestamp"}}},
    }


def build_lane(request: LifelineRequest) -> Body:
    """The figures of a lane over all of its events, and of those that are drawn the bars and the first few."""
    drawn: Body = {
        "bars": _build_steps(request, request.step) | {"aggs": {"denied": {"filter": DENIED}}},
        "events": _build_top(request, _ASCENDING, LISTED_OF_A_LANE),
    }
    between = build_between(request)
    return {
        "first": _build_top(request, _ASCENDING, 1),
        "last": _build_top(request, _DESCENDING, 1),
        "accepted": {
            "filter": ACCEPTED,
            "aggs": {"first": _build_top(request, _ASCENDING, 1), "last": _build_top(request, _DESCENDING, 1)},
        },
        "denied": {"filter": DENIED},
        "drawn": {"filter": between[0] if between else {"match_all": {}}, "aggs": drawn},
        **{f"beside:{name}": {"terms": {"field": name, "size": 2}} for name in request.beside},
    }


def _build_steps(request: LifelineRequest, seconds: int) -> Body:
    """Bars of one length by the clocks of the zone: where these are changed one is longer, or shorter."""
    steps = {"field": "@timestamp", "fixed_interval": f"{seconds}s", "min_doc_count": 1}
    return {"date_histogram": steps if request.zone == "UTC" else {**steps, "time_zone": request.zone}}


def build_between(request: LifelineRequest) -> list[Body]:
    """The condition that an event is drawn; none where all are."""
    between = {"gte": request.start, "lt": request.end}
    return (
        [{"range": {"@timestamp": {name: time for name, time in between.items() if time}}}]
        if any(between.values())
        else []
    )


def _build_top(request: LifelineRequest, sort: list[Body], size: int) -> Body:
    return {"top_hits": {"size": size, "sort": sort, "_source": False, "docvalue_fields": list_named(request)}}


def _build_listed(search: Search, scope: Scope, request: LifelineRequest, condition: Body) -> Body:
    """The first events of a kind, in order, and how many there are."""
    query = build_query(search, scope)
    query["bool"]["filter"].append(condition)
    return {
        "query": query,
        "sort": _ASCENDING,
        "size": LISTED,
        "track_total_hits": True,
        "_source": False,
        "docvalue_fields": list_named(request),
    }


def list_named(request: LifelineRequest) -> list[str]:
    """The fields that are listed of an event."""
    return sorted({*NAMED, request.field})
