"""Builds the picture of a lifeline from what the trail answered: the scale, the ground, flags, lanes, axis and brush."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from investigations.event_addresses import event_address
from investigations.presentation.cells import make_visible
from investigations.presentation.counts import count_events
from investigations.presentation.lifeline.axis import build_axis, build_flags, place_extent
from investigations.presentation.lifeline.brush import build_brush
from investigations.presentation.lifeline.choice import LifelineChoice
from investigations.presentation.lifeline.lanes import (
    Drawing,
    EventsLink,
    build_lane,
    build_lifecycle,
)
from investigations.presentation.lifeline.picture import Extent, Flag, Ground, Lane, Picture, Switch, VerticalLine, Zone
from investigations.presentation.lifeline.scale import Scale, build_scale
from investigations.presentation.lifeline.spans import LaneSpan, build_spans
from investigations.presentation.lifeline.words import name_zone, write_clock, write_day, write_moment
from investigations.presentation.links import cut_text
from investigations.search_url import search_address
from trail.questions.lifeline import Lifeline, Moment
from trail.search.spec import Filter
from trail.times import format_time, parse_time

# A zone over more of the picture than this is a band at the top.
ZONE_AT_MOST = 60.0
FLAGGED_LANES = 3
LONGEST_FLAGGED = 28  # characters of a value that a flag names
_OUTCOME_OF = {"denied": Filter("event.outcome", ("failure",)), "accepted": Filter("event.outcome", ("success",))}
_NOT_DENIED = replace(_OUTCOME_OF["denied"], negated=True)
LEGEND = (
    ("issue", "issued"),
    ("first", "first time ever"),
    ("use", "accepted"),
    ("att", "attenuated"),
    ("denied", "denied"),
    ("rev", "revoked"),
    ("restored", "restored"),
    ("manual", "entered by hand"),
    ("lifetime", "life of a token"),
    ("session", "session"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a lifeline is of: its name in a sentence, when it ended, and what else stands as a line through all lanes.

    `names` says what stands beside an event of its life; `has_firsts` whether a lane's first event is the first ever, which it
    is where the search holds all of the subject's events. `link_event` says where one event is shown; `link_events`, where
    it is not None, where several are, in place of a search. `build_more_lanes` gives lanes of what is no event,
    at `notable` times; `spans` are lives and sessions, which stand in their lanes.
    """

    name: str
    end: Flag | None = None
    flags: tuple[Flag, ...] = ()
    extent: Extent | None = None
    names: Callable[[Moment], str] = lambda moment: ""
    has_firsts: bool = True
    first_use: int | None = None
    link_event: Callable[[str], str] = event_address
    link_events: EventsLink | None = None
    notable: tuple[int, ...] = ()
    build_more_lanes: Callable[[Scale], tuple[Lane, ...]] = lambda scale: ()
    spans: tuple[LaneSpan, ...] = ()


def build_picture(answer: Lifeline, choice: LifelineChoice, subject: Subject, *, now: int) -> Picture:
    """The picture of a lifeline, whatever it is of."""
    lifecycle = [moment for moment in answer.lifecycle if _is_drawn(moment.time, choice, now)]
    scale = _build_scale(answer, choice, subject, lifecycle, now)
    end = subject.end.time if subject.end else None
    link = subject.link_events or _link_events(answer)
    drawing = Drawing(scale, link, answer.lists_denied, end, subject.has_firsts, subject.link_event)
    flags = list(_choose_flags(answer, subject, scale))
    lanes = (*_build_lanes(answer, drawing, subject, lifecycle), *subject.build_more_lanes(scale))
    return Picture(
        label=_tell(answer, subject),
        lanes_by=tuple(
            Switch(option.name, choice.write_url(lanes=option.word), option == choice.lanes)
            for option in choice.options
        ),
        scales=choice.name_scales(),
        flags=build_flags(flags, scale, subject.extent),
        ground=build_ground(scale, flags, end),
        lanes=lanes,
        axis=build_axis(scale),
        brush=build_brush(answer.overview, scale, end, now),
        legend=_choose_legend(lanes),
        more=_count_others(answer, choice),
        hidden=choice.list_hidden(),
        typed=choice.typed,
        all_url=choice.write_url(**{"from": "", "to": ""}),
        zone_name=name_zone(),
        scale=scale,
        extent=place_extent(subject.extent, scale),
    )


def _choose_legend(lanes: Sequence[Lane]) -> tuple[tuple[str, str], ...]:
    """What the marks and bars that are drawn mean."""
    drawn = {mark.symbol for lane in lanes for mark in lane.marks}
    drawn |= {bar.kind for lane in lanes for group in lane.groups for bar in group.bars}
    drawn |= {span.kind for lane in lanes for span in lane.spans}
    return tuple((symbol, name) for symbol, name in LEGEND if symbol in drawn)


def _is_drawn(time: int, choice: LifelineChoice, now: int) -> bool:
    start, end = choice.start, choice.end
    return (parse_time(start) if start else 0) <= time < (parse_time(end) if end else max(now, time) + 1)


def _build_scale(
    answer: Lifeline, choice: LifelineChoice, subject: Subject, lifecycle: Sequence[Moment], now: int
) -> Scale:
    times = list(_choose_notable(answer, subject, lifecycle))
    known = [*times, *(time for time in (answer.first, answer.last) if time is not None)]
    start = parse_time(choice.start) if choice.start else min(known, default=now)
    end = parse_time(choice.end) if choice.end else max([now, *known])
    return build_scale(times, start=start, end=end, compressed=choice.is_compressed)


def _choose_notable(answer: Lifeline, subject: Subject, lifecycle: Sequence[Moment]) -> Iterator[int]:
    """What gets room on the compressed scale: the ends of each lane, what is listed, denials, flags."""
    yield from (moment.time for moment in lifecycle)
    yield from (flag.time for flag in (subject.end, *subject.flags) if flag)
    yield from subject.notable
    if answer.lists_denied:
        yield from (moment.time for moment in answer.denied)
    for lane in answer.lanes:
        ends = (lane.first, lane.first_accepted, lane.last_accepted)
        yield from (moment.time for moment in ends if moment)
        if lane.is_listed:
            yield from (moment.time for moment in lane.moments)
        if not answer.lists_denied:
            yield from (part.start for part in lane.bins if part.denied)


def _link_events(answer: Lifeline) -> EventsLink:
    """Where the events from one time to another are found, in a lane or in all, of one outcome or of any."""
    field, search = answer.request.field, answer.request.search

    def link(first: int, last: int, lane: str | None, kind: str) -> str:
        narrowed = replace(search, start=format_time(first), end=format_time(last + 1))
        if lane is not None:
            narrowed = narrowed.with_filter(Filter(field, (lane,)))
        outcome = _NOT_DENIED if kind == "not denied" else _OUTCOME_OF.get(kind)
        return search_address(narrowed.with_filter(outcome) if outcome else narrowed) or ""

    return link


def _build_lanes(answer: Lifeline, drawing: Drawing, subject: Subject, lifecycle: Sequence[Moment]) -> Iterator[Lane]:
    if lifecycle:
        yield build_lifecycle(lifecycle, drawing, subject.names, subject.first_use)
    denied: dict[str, list[Moment]] = defaultdict(list)
    for moment in answer.denied:
        denied[moment.lane].append(moment)
    spans: dict[str, list[LaneSpan]] = defaultdict(list)
    for span in subject.spans:
        spans[span.lane].append(span)
    is_slim = len(answer.lanes) > 4
    for figures in sorted(answer.lanes, key=lambda figures: figures.first.time):
        lane = build_lane(figures, denied[figures.value], drawing, answer.request.field, slim=is_slim)
        yield replace(lane, spans=(*lane.spans, *build_spans(spans[figures.value], drawing.scale, lane)))


def _choose_flags(answer: Lifeline, subject: Subject, scale: Scale) -> Iterator[Flag]:
    """The end, what the page marks, and what came new after the first, as far as it is drawn."""
    flags: list[Flag] = [flag for flag in (subject.end, *subject.flags) if flag]
    if not subject.flags and subject.has_firsts:
        newcomers = sorted(answer.lanes, key=lambda lane: lane.first.time)[1 : 1 + FLAGGED_LANES]
        flags += [
            Flag(lane.first.time, "first", f"first from {cut_text(lane.value, LONGEST_FLAGGED)}", "new")
            for lane in newcomers
        ]
    if subject.first_use is not None:
        flags.append(Flag(subject.first_use, "use", "first use"))
    yield from (flag for flag in flags if scale.start <= flag.time <= scale.end)


def build_ground(scale: Scale, flags: Iterable[Flag], end: int | None) -> Ground:
    lines = tuple(VerticalLine(scale.place(flag.time), flag.kind) for flag in flags if flag.kind != "use")
    breaks = tuple((round(part.left, 2), round(part.right - part.left, 2)) for part in scale.breaks)
    zone = None
    if end is not None and end < scale.end:
        x = scale.place(end) if end >= scale.start else 0.0
        zone = Zone(x, round(100 - x, 2), is_band=100 - x > ZONE_AT_MOST)
    return Ground(breaks, zone, lines)


def _count_others(answer: Lifeline, choice: LifelineChoice) -> str:
    """What has no lane and what is not drawn, in words."""
    texts, rest = [], ""
    if answer.others:
        about = "" if answer.other_lanes <= 3_000 - len(answer.lanes) else "about "
        texts.append(f"{about}{answer.other_lanes:,} more with {count_events(answer.others)}")
    if answer.missing:
        texts.append(f"{count_events(answer.missing)} without one")
    if not answer.lists_lifecycle:
        drawn = f"the first {len(answer.lifecycle)} are drawn" if answer.lifecycle else "too many to be drawn"
        rest = f"Issued, attenuated, revoked or restored: {answer.lifecycle_total:,} events, {drawn}."
    lanes = f"{choice.lanes.name}: {', '.join(texts)}." if texts else ""
    return " ".join(filter(None, (lanes, rest)))


def _tell(answer: Lifeline, subject: Subject) -> str:
    """The story of the picture in a sentence, for who does not see it."""
    parts = []
    issued = next((moment.time for moment in answer.lifecycle if moment.kind == "issued"), None)
    if issued is not None:
        parts.append(f"issued {write_day(issued)}")
    for lane in sorted(answer.lanes, key=lambda lane: lane.first.time):
        parts.append(f"first with {make_visible(lane.value)[:80]} {write_moment(lane.first.time)}")
    if subject.end:
        parts.append(f"{subject.end.text} on {write_day(subject.end.time)} at {write_clock(subject.end.time)}")
    parts.append(f"{answer.total:,} events")
    return f"Lifeline of {make_visible(subject.name)[:120]}: {', '.join(parts)}. The table below has the same figures."
