"""Counts the lifeline of pinned events from their facts by SQL: as exact of a hundred thousand as of ten, in as many queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

from django.db.models import BigIntegerField, CharField, Count, F, Max, Min, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models import Case as CaseExpression
from django.db.models.expressions import CombinedExpression

from investigations.models import EvidenceFact, ManualEvent
from investigations.timeline.facts import COLUMNS
from trail.questions.document_lifeline import read_moment
from trail.questions.lifeline import LaneFigures, Lifeline, Moment, Overview, TimeBin, find_ends
from trail.search.bodies.lifeline import LANES, LIFECYCLE, LISTED, LISTED_OF_A_LANE, LifelineRequest
from trail.times import SECOND, floor_in_zone, parse_time

Facts = QuerySet[EvidenceFact]
# Every zone's clocks are ahead of UTC by a multiple of this, in seconds.
QUARTER = 900
BEFORE_PHASES = "before any phase"
_OPERATIONS = [str(operation) for operation in LIFECYCLE]


@dataclass(frozen=True, slots=True)
class FactEnds:
    """The times of the first and the last event, in nanoseconds since 1970."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class FactLifeline:
    """A lifeline, and of the events that it lists, by their ids, the case and the number of each as evidence."""

    lifeline: Lifeline
    numbers: Mapping[str, tuple[int, int]]


def read_ends(facts: Facts) -> FactEnds | None:
    """None of no events. Two queries."""
    times = facts.values_list("time", flat=True)
    first, last = times.order_by("time").first(), times.order_by("-time").first()
    return None if first is None or last is None else FactEnds(first, last)


def annotate_phase(facts: Facts, milestones: Sequence[ManualEvent]) -> Facts:
    """The same with the phase in which each lies, in words, as `phase`."""
    words = Value(BEFORE_PHASES)
    steps = []
    for milestone in milestones:
        steps.append(When(time__lt=parse_time(milestone.starts), then=words))
        words = Value(str(milestone.get_phase_display()))
    return facts.annotate(phase=CaseExpression(*steps, default=words, output_field=CharField()))


def count_lifeline(
    facts: Facts,
    ends: FactEnds,
    request: LifelineRequest,
    names: Mapping[object, str] | None = None,
    column: str = "",
) -> FactLifeline:
    """The lifeline of these facts. `names`, where they are given, are those of the lanes, which then are the cases; a `column`
    is the one that holds the lanes, in place of the request's field.

    Read are the copies of what is listed alone, at most LISTED of a kind and LISTED_OF_A_LANE of a lane.
    """
    return _Counting(facts.order_by(), request, names, column).count(ends)


def build_bucket(seconds: int) -> CombinedExpression:
    """When the stretch of so many seconds began in which a fact lies, in nanoseconds since 1970, by the clocks of UTC."""
    number = BigIntegerField()
    width = Value(seconds * SECOND, output_field=number)
    stretch = CombinedExpression(F("time"), "/", width, output_field=number)
    return CombinedExpression(stretch, "*", width, output_field=number)


class _Counting:
    """One lifeline while it is counted: `column` is the fact's that holds the lanes, `drawn` the facts within the time drawn."""

    def __init__(self, facts: Facts, request: LifelineRequest, names: Mapping[object, str] | None, column: str) -> None:
        self.facts, self.request, self.names = facts, request, names
        self.column = column or ("case_id" if names is not None else COLUMNS[request.field])
        start, end = request.start, request.end
        self.between = Q()
        if start:
            self.between &= Q(time__gte=parse_time(start))
        if end:
            self.between &= Q(time__lt=parse_time(end))
        self.drawn = facts.filter(self.between)
        self.numbers: dict[str, tuple[int, int]] = {}

    def count(self, ends: FactEnds) -> FactLifeline:
        """The lifeline, with the numbers of what it lists."""
        valued = self.facts if self.names is not None else self.facts.exclude(**{self.column: ""})
        ranked = valued.values_list(self.column).annotate(number=Count("time")).order_by("-number", self.column)
        most = len(self.names) if self.names is not None else LANES
        counts: dict[Any, int] = dict(ranked[:most])
        # Counted by groups, which stand together in the index: telling values apart by themselves takes twice as long.
        every = valued.values(self.column).annotate(n=Count("time")).aggregate(number=Sum("n"), values=Count("n"))
        valued_total = every["number"] or 0
        denied = self.drawn.filter(outcome="failure")
        lifecycle = self.facts.filter(operation__in=_OPERATIONS)
        denied_total, lifecycle_total = denied.count(), lifecycle.count()
        overview = self._count_overview()
        total = sum(part.count for part in overview)
        lifeline = Lifeline(
            request=self.request,
            total=total,
            lanes=tuple(self._build_lanes(counts)),
            others=valued_total - sum(counts.values()),
            other_lanes=every["values"] - len(counts),
            missing=total - valued_total,
            denied=self._list(denied, denied_total),
            denied_total=denied_total,
            lifecycle=self._list(lifecycle, lifecycle_total),
            lifecycle_total=lifecycle_total,
            overview=Overview(self.request, overview, ends.first),
            first=ends.first,
            last=ends.last,
        )
        return FactLifeline(lifeline, self.numbers)

    def _count_overview(self) -> tuple[TimeBin, ...]:
        step = self.request.overview_step
        rows = self.facts.values_list(self._bucket(step)).annotate(number=Count("time"))
        counts = Counter[int]()
        for start, number in rows:
            counts[floor_in_zone(start, step, self.request.zone)] += number
        return self._to_bins(counts, Counter(), step)

    def _build_lanes(self, counts: Mapping[Any, int]) -> Iterable[LaneFigures]:
        keys = list(counts)
        mine, figures = {f"{self.column}__in": keys}, defaultdict[Any, dict[str, Any]](dict)
        grouped = self.facts.filter(**mine).values_list(self.column, "outcome")
        for key, outcome, *row in grouped.annotate(n=Count("time"), first=Min("time"), last=Max("time")):
            figures[key][outcome] = row
        bins, refused = self._count_bins(mine)
        drawn = {key: sum(bins[key].values()) for key in keys}
        listed = self._list_lanes([key for key in keys if 0 < drawn[key] <= LISTED_OF_A_LANE])
        ends = self._read_lane_ends(figures)
        beside = {name: self._count_beside(mine, name) for name in self.request.beside}
        for key in keys:
            rows, step = figures[key], self.request.step
            accepted = rows.get("success", (0, 0, 0))
            first, last = min(row[1] for row in rows.values()), max(row[2] for row in rows.values())
            yield LaneFigures(
                value=self._name(key),
                count=counts[key],
                accepted=accepted[0],
                denied=rows.get("failure", (0,))[0],
                error=0,
                first=ends[key, first, ""][0],
                last=ends[key, last, ""][1],
                first_accepted=ends[key, accepted[1], "success"][0] if accepted[0] else None,
                last_accepted=ends[key, accepted[2], "success"][1] if accepted[0] else None,
                drawn=drawn[key],
                bins=self._to_bins(bins[key], refused[key], step),
                moments=tuple(listed.get(key, ())),
                beside={name: tuple(values.get(key, ())) for name, values in beside.items()},
            )

    def _name(self, key: Any) -> str:
        return str(key) if self.names is None else self.names[key]

    def _count_bins(self, mine: Mapping[str, Any]) -> tuple[dict[Any, Counter[int]], dict[Any, Counter[int]]]:
        """How many events of each lane began in each step, and how many of them were denied."""
        step = self.request.step
        counts, refused = defaultdict[Any, Counter[int]](Counter), defaultdict[Any, Counter[int]](Counter)
        rows = self.drawn.filter(**mine).values_list(self.column, self._bucket(step), "outcome")
        starts: dict[int, int] = {}
        for key, bucket, outcome, number in rows.annotate(number=Count("time")):
            if (start := starts.get(bucket)) is None:
                start = starts[bucket] = floor_in_zone(bucket, step, self.request.zone)
            counts[key][start] += number
            if outcome == "failure":
                refused[key][start] += number
        return counts, refused

    def _bucket(self, seconds: int) -> CombinedExpression:
        """The beginning of so short a stretch of time that every step of the zone's clocks is made of whole ones."""
        return build_bucket(seconds if self.request.zone == "UTC" else gcd(seconds, QUARTER))

    def _to_bins(self, counts: Counter[int], refused: Counter[int], step: int) -> tuple[TimeBin, ...]:
        starts = sorted(counts)
        return tuple(
            TimeBin(start, end, counts[start], refused[start])
            for start, end in zip(starts, find_ends(starts, step, self.request.zone), strict=True)
        )

    def _list_lanes(self, keys: Sequence[Any]) -> dict[Any, list[Moment]]:
        """Every event that is drawn of lanes with few."""
        listed = defaultdict[Any, list[Moment]](list)
        # Asked where there are none too, so that a picture takes as many queries whatever it is of.
        few = Q(**{f"{self.column}__in": keys}) if keys else Q(pk=0)
        for fact in self._read(self.drawn.filter(few)):
            key = getattr(fact, self.column)
            listed[key].append(self._to_moment(fact, self._name(key)))
        return listed

    def _read_lane_ends(self, figures: Mapping[Any, Mapping[str, Any]]) -> dict[tuple[Any, int, str], list[Moment]]:
        """The events with which lanes begin and end, all and those that were accepted, by lane, time and outcome, in order."""
        wanted = Q(pk__in=())
        for key, rows in figures.items():
            times = {time for _, *ends in rows.values() for time in ends}
            chosen = {min(times), max(times), *rows.get("success", (0,))[1:]}
            wanted |= Q(**{self.column: key}, time__in=chosen)
        ends = defaultdict[tuple[Any, int, str], list[Moment]](list)
        for fact in self._read(self.facts.filter(wanted))[: LISTED * LANES]:
            key = getattr(fact, self.column)
            moment = self._to_moment(fact, self._name(key))
            ends[key, fact.time, ""].append(moment)
            ends[key, fact.time, fact.outcome].append(moment)
        return {place: [moments[0], moments[-1]] for place, moments in ends.items()}

    def _count_beside(self, mine: Mapping[str, Any], name: str) -> dict[Any, list[str]]:
        """The two commonest values of another field in each lane."""
        column = COLUMNS[name]
        rows = self.facts.filter(**mine).exclude(**{column: ""}).values_list(self.column, column)
        values = defaultdict[Any, list[str]](list)
        for key, value, _ in rows.annotate(number=Count("time")).order_by("-number", column):
            if len(values[key]) < 2:
                values[key].append(value)
        return values

    def _list(self, facts: Facts, total: int) -> tuple[Moment, ...]:
        """The first, of which those of one time stand by their ids: only as many are put in order as there may be.

        Few are put in order here: a database would read all facts by their times to find them in that order.
        """
        if total <= LISTED:
            few = list(facts.select_related("evidence").order_by())
            ordered = sorted(few, key=lambda fact: (fact.time, fact.evidence.event_id))
        else:
            last = facts.order_by("time").values("time")[LISTED - 1 : LISTED]
            ordered = list(self._read(facts.filter(time__lte=Subquery(last)))[:LISTED])
        return tuple(self._to_moment(fact, self._own(fact)) for fact in ordered)

    def _own(self, fact: EvidenceFact) -> str | None:
        """The lane of an event that is listed beside the lanes."""
        return None if self.names is None else self.names[fact.case_id]

    def _read(self, facts: Facts) -> Facts:
        """In order, with their copies."""
        return facts.select_related("evidence").order_by("time", "evidence__event_id")

    def _to_moment(self, fact: EvidenceFact, lane: str | None) -> Moment:
        evidence = fact.evidence
        self.numbers[evidence.event_id] = (fact.case_id, evidence.number)
        return read_moment(evidence.document, self.request, lane)
