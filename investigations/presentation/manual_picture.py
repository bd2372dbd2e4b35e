"""Draws what was entered by hand into the lifeline of a case: milestones as lines through all lanes, the rest in a lane."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from investigations.models import ManualEvent
from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.picture import Caption, Flag, Lane, Mark, Span
from investigations.presentation.lifeline.scale import Scale
from investigations.presentation.lifeline.words import write_moment
from investigations.presentation.links import cut_text
from trail.times import parse_time

LANE, LONGEST, MOST = "Entered by hand", 28, 200
_MIDDLE = 15
# Where phases and their names stand in a lane; how wide a picture and a letter are about, for the room of a name.
_PHASES, _PHASE_WORDS, PIXELS, CHARACTER, SHORTEST = 27, 10, 960, 6.2, 4


@dataclass(frozen=True, slots=True)
class ManualPicture:
    """What is drawn of a case beside its evidence: `events` in order of time, and of them the `milestones`.

    Phases are flags through all lanes, or where several cases are drawn, which `draws_phases` says, lines in the case's own lane.
    """

    public_id: str
    events: Sequence[ManualEvent]
    milestones: Sequence[ManualEvent]
    name: str = LANE
    draws_phases: bool = False

    def build_parts(self) -> dict[str, Any]:
        """The parts of a Subject that it gives."""
        return {
            "flags": tuple(map(_build_flag, self.milestones)),
            "notable": tuple(_list_times(self.events[:MOST])),
            "build_more_lanes": self.build_lanes,
        }

    def build_lanes(self, scale: Scale) -> tuple[Lane, ...]:
        """A lane with a mark where each began and a line while it went on; none of nothing."""
        drawn = [each for each in self.events[:MOST] if scale.start <= parse_time(each.starts) <= scale.end]
        phases = list(self._build_phases(scale)) if self.draws_phases else []
        if not drawn and not phases:
            return ()
        small = "" if len(self.events) <= MOST else f"the first {MOST}"
        marks = tuple(self._build_mark(each, scale) for each in drawn)
        spans = tuple(_build_span(each, scale) for each in drawn if each.ends)
        words = tuple(word for _, word in phases)
        return (Lane(self.name, small, None, "", 30, (*spans, *(line for line, _ in phases)), (), marks, words),)

    def _build_phases(self, scale: Scale) -> Iterator[tuple[Span, Caption]]:
        """Each phase as a line to where the next begins, with its name where there is room."""
        following = (*(parse_time(each.starts) for each in self.milestones[1:]), scale.end)
        for milestone, end in zip(self.milestones, following, strict=False):
            start = parse_time(milestone.starts)
            if start > scale.end or end < scale.start:
                continue
            left, right = scale.place(max(start, scale.start)), scale.place(min(end, scale.end))
            name = str(milestone.get_phase_display())
            label = f"Phase {name}, {milestone.label}, {write_moment(start)}"
            url = reverse("manual_event_detail", args=[self.public_id, milestone.number])
            room = int((right - left) * PIXELS / 100 / CHARACTER)
            text = name if len(name) <= room else f"{name[: room - 1]}…" if room > SHORTEST else ""
            yield (
                Span(left, right, _PHASES, kind="phase", label=label, url=url),
                Caption(left, _PHASE_WORDS, text, "ll-n", "start", 9, "ll-wide"),
            )

    def _build_mark(self, event: ManualEvent, scale: Scale) -> Mark:
        start = parse_time(event.starts)
        words = f"{event.label}, {event.get_kind_display()}, {make_visible(event.title)}, {write_moment(start)}"
        url = reverse("manual_event_detail", args=[self.public_id, event.number])
        return Mark(scale.place(start), _MIDDLE, "manual", words, url)


@dataclass(frozen=True, slots=True)
class JointManualPicture:
    """The same of several cases that are drawn together: a lane for each that has something."""

    pictures: Sequence[ManualPicture]

    def build_parts(self) -> dict[str, Any]:
        """The parts of a Subject that they give."""
        events = sorted(
            (event for each in self.pictures for event in each.events[:MOST]), key=lambda event: event.place
        )
        return {"notable": tuple(_list_times(events[:MOST])), "build_more_lanes": self._build_lanes}

    def _build_lanes(self, scale: Scale) -> tuple[Lane, ...]:
        return tuple(lane for each in self.pictures for lane in each.build_lanes(scale))

    @property
    def milestones(self) -> Sequence[ManualEvent]:
        """None that runs through the lanes of every case."""
        return ()


def _build_flag(milestone: ManualEvent) -> Flag:
    """Where a phase begins."""
    return Flag(parse_time(milestone.starts), "milestone", cut_text(str(milestone.get_phase_display()), LONGEST))


def _list_times(events: Sequence[ManualEvent]) -> Iterator[int]:
    """When each began and ended, in nanoseconds since 1970."""
    yield from (parse_time(time) for event in events for time in (event.starts, event.ends) if time)


def _build_span(event: ManualEvent, scale: Scale) -> Span:
    end = min(parse_time(event.ends), scale.end)
    return Span(scale.place(parse_time(event.starts)), scale.place(end), _MIDDLE)
