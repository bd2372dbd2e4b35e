"""Reads a lifeline from documents at hand, such as frozen copies, with the figures that the trail would answer for them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trail.documents import get
from trail.questions.lifeline import LaneFigures, Lifeline, Moment, Overview, TimeBin, find_ends, name_kind
from trail.search.bodies.lifeline import LANES, LISTED, LISTED_OF_A_LANE, LifelineRequest, list_named
from trail.times import floor_in_zone, parse_time

_LIFECYCLE = ("issued", "attenuated", "revoked", "restored")


@dataclass(frozen=True, slots=True)
class _Event:
    time: int
    event_id: str
    outcome: str
    operation: str
    named: Mapping[str, str]
    document: Mapping[str, Any]

    def to_moment(self, lane: str) -> Moment:
        return Moment(self.time, self.event_id, name_kind(self.outcome, self.operation), lane, self.named)


def collect_lifeline(documents: Iterable[dict[str, Any]], request: LifelineRequest) -> Lifeline:
    """The lifeline of these events. Of the request its field, its times and what is named beside a value count; its search
    says where the events are found."""
    events = sorted(
        (_read_event(document, request) for document in documents), key=lambda event: (event.time, event.event_id)
    )
    lanes: dict[str, list[_Event]] = defaultdict(list)
    for event in events:
        for value in _list_values(event.document, request.field):
            lanes[value].append(event)
    ranked = sorted(lanes, key=lambda value: (-len(lanes[value]), value))
    drawn = [event for event in events if _is_drawn(event, request)]
    denied = [event for event in drawn if event.outcome == "failure"]
    lifecycle = [event for event in events if name_kind("", event.operation) in _LIFECYCLE]
    return Lifeline(
        request=request,
        total=len(events),
        lanes=tuple(_build_lane(value, lanes[value], request) for value in ranked[:LANES]),
        others=sum(len(lanes[value]) for value in ranked[LANES:]),
        other_lanes=len(ranked[LANES:]),
        missing=sum(not _list_values(event.document, request.field) for event in events),
        denied=_list_moments(denied[:LISTED], request),
        denied_total=len(denied),
        lifecycle=_list_moments(lifecycle[:LISTED], request),
        lifecycle_total=len(lifecycle),
        overview=_build_overview(events, request),
        first=events[0].time if events else None,
        last=events[-1].time if events else None,
    )


def read_moment(document: dict[str, Any], request: LifelineRequest, lane: str | None = None) -> Moment:
    """One event as a lifeline lists it, in a lane, or in that of its own value of the request's field."""
    event = _read_event(document, request)
    return event.to_moment(event.named.get(request.field, "") if lane is None else lane)


def _read_event(document: dict[str, Any], request: LifelineRequest) -> _Event:
    named = {name: ", ".join(values) for name in list_named(request) if (values := _list_values(document, name))}
    return _Event(
        time=parse_time(document["@timestamp"]),
        event_id=document["event"]["id"],
        outcome=named.get("event.outcome", ""),
        operation=named.get("token.operation", ""),
        named=named,
        document=document,
    )


def _list_values(document: Mapping[str, Any], field: str) -> list[str]:
    value = get(dict(document), field)
    values = value if isinstance(value, list) else [value]
    return sorted({str(each) for each in values if each is not None})


def _is_drawn(event: _Event, request: LifelineRequest) -> bool:
    start, end = request.start, request.end
    return (not start or parse_time(start) <= event.time) and (not end or event.time < parse_time(end))


def _list_moments(events: Iterable[_Event], request: LifelineRequest) -> tuple[Moment, ...]:
    return tuple(event.to_moment(event.named.get(request.field, "")) for event in events)


def _build_lane(value: str, events: Sequence[_Event], request: LifelineRequest) -> LaneFigures:
    accepted = [event.to_moment(value) for event in events if event.outcome == "success"]
    drawn = [event for event in events if _is_drawn(event, request)]
    return LaneFigures(
        value=value,
        count=len(events),
        accepted=len(accepted),
        denied=sum(event.outcome == "failure" for event in events),
        error=0,
        first=events[0].to_moment(value),
        last=events[-1].to_moment(value),
        first_accepted=accepted[0] if accepted else None,
        last_accepted=accepted[-1] if accepted else None,
        drawn=len(drawn),
        bins=_count_bins(drawn, request.step, request.zone),
        moments=tuple(event.to_moment(value) for event in drawn[:LISTED_OF_A_LANE]),
        beside={name: tuple(_choose_commonest(events, name)) for name in request.beside},
    )


def _build_overview(events: Sequence[_Event], request: LifelineRequest) -> Overview:
    bins = tuple(replace(each, denied=0) for each in _count_bins(events, request.overview_step, request.zone))
    return Overview(request, bins, events[0].time if events else None)


def _choose_commonest(events: Iterable[_Event], field: str) -> Iterator[str]:
    counts = Counter(value for event in events for value in _list_values(event.document, field))
    yield from sorted(counts, key=lambda value: (-counts[value], value))[:2]


def _count_bins(events: Iterable[_Event], step: int, zone: str) -> tuple[TimeBin, ...]:
    counts, denied = Counter[int](), Counter[int]()
    for event in events:
        start = floor_in_zone(event.time, step, zone)
        counts[start] += 1
        denied[start] += event.outcome == "failure"
    starts = sorted(counts)
    return tuple(
        TimeBin(start, end, counts[start], denied[start])
        for start, end in zip(starts, find_ends(starts, step, zone), strict=True)
    )
