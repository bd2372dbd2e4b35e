"""Draws what was entered by hand into the lifeline of a case: milestones as lines through all lanes, the rest in a lane."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from investigations.models import ManualEvent
from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.picture import Flag, Lane, Mark, Span
from investigations.presentation.lifeline.scale import Scale
from investigations.presentation.lifeline.words import write_moment
from investigations.presentation.links import cut_text
from trail.times import parse_time

LANE, LONGEST, MOST = "Entered by hand", 28, 200
_MIDDLE = 15


@dataclass(frozen=True, slots=True)
class ManualPicture:
    """What is drawn of a case beside its evidence: `events` in order of time, and of them the `milestones`."""

    public_id: str
    events: Sequence[ManualEvent]
    milestones: Sequence[ManualEvent]

    def build_parts(self) -> dict[str, Any]:
        """The parts of a Subject that it gives."""
        return {
            "flags": tuple(map(_build_flag, self.milestones)),
            "notable": tuple(_list_times(self.events[:MOST])),
            "build_more_lanes": self._build_lanes,
        }

    def _build_lanes(self, scale: Scale) -> tuple[Lane, ...]:
        """A lane with a mark where each began and a line while it went on; none of nothing."""
        drawn = [each for each in self.events[:MOST] if scale.start <= parse_time(each.starts) <= scale.end]
        if not drawn:
            return ()
        small = "" if len(self.events) <= MOST else f"the first {MOST}"
        marks = tuple(self._build_mark(each, scale) for each in drawn)
        spans = tuple(_build_span(each, scale) for each in drawn if each.ends)
        return (Lane(LANE, small, None, "", 30, spans, (), marks),)

    def _build_mark(self, event: ManualEvent, scale: Scale) -> Mark:
        start = parse_time(event.starts)
        words = f"{event.label}, {event.get_kind_display()}, {make_visible(event.title)}, {write_moment(start)}"
        url = reverse("manual_event_detail", args=[self.public_id, event.number])
        return Mark(scale.place(start), _MIDDLE, "manual", words, url)


def _build_flag(milestone: ManualEvent) -> Flag:
    """Where a phase begins."""
    return Flag(parse_time(milestone.starts), "milestone", cut_text(str(milestone.get_phase_display()), LONGEST))


def _list_times(events: Sequence[ManualEvent]) -> Iterator[int]:
    """When each began and ended, in nanoseconds since 1970."""
    yield from (parse_time(time) for event in events for time in (event.starts, event.ends) if time)


def _build_span(event: ManualEvent, scale: Scale) -> Span:
    end = min(parse_time(event.ends), scale.end)
    return Span(scale.place(parse_time(event.starts)), scale.place(end), _MIDDLE)
