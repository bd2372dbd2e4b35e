"""Draws how long tokens lived and sessions lasted as lines along the lanes of a lifeline, and writes them as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from investigations.presentation.cells import make_visible
from investigations.presentation.counts import count_events
from investigations.presentation.lifeline.picture import Lane, Span
from investigations.presentation.lifeline.scale import Scale
from investigations.presentation.lifeline.words import write_length, write_moment
from trail.times import format_time

SpanKind = Literal["lifetime", "session"]
_HEADS = {"lifetime": "Lifetime of token", "session": "Session"}
# Below the strokes of a lane, and through their middle.
_BELOW = 3.5


@dataclass(frozen=True, slots=True)
class LaneSpan:
    """A token's life, or a session, in a lane: from when until when in nanoseconds since 1970; `end` is None where none is known.

    `count` is of how many events it is, 0 where that is not said; `began` and `ended` how it began and ended, in a word.
    """

    kind: SpanKind
    lane: str
    name: str
    start: int
    end: int | None
    count: int = 0
    began: str = ""
    ended: str = ""
    url: str = ""

    @property
    def starts(self) -> str:
        """When it began, RFC 3339."""
        return format_time(self.start)

    @property
    def ends(self) -> str:
        """When it ended, RFC 3339; empty where that is not known."""
        return "" if self.end is None else format_time(self.end)

    @property
    def length(self) -> str:
        """How long it lasted, in words."""
        return "" if self.end is None else write_length(self.end - self.start)

    @property
    def label(self) -> str:
        """What it says to who points at it."""
        until = f"to {write_moment(self.end)}" if self.end is not None else "no end on record here"
        since = f"{self.began} {write_moment(self.start)}".strip()
        parts = [f"{_HEADS[self.kind]} {make_visible(self.name)[:120]}", since, until]
        return ", ".join([*parts, *filter(None, (self.ended, count_events(self.count) if self.count else ""))])


def build_spans(spans: Sequence[LaneSpan], scale: Scale, lane: Lane) -> Iterator[Span]:
    """Those of a lane as far as the scale goes: sessions below its strokes, lives as a band through them."""
    base = lane.height - 6
    for span in spans:
        end = scale.end if span.end is None else span.end
        if span.start <= scale.end and end >= scale.start:
            y = base + _BELOW if span.kind == "session" else base - 8
            left, right = scale.place(max(span.start, scale.start)), scale.place(min(end, scale.end))
            # What lasted no time at all is seen all the same.
            yield Span(left, max(right, round(left + 0.25, 2)), y, kind=span.kind, label=span.label, url=span.url)
