"""Lists what a token reached as rows, each with its times on the scale of the picture above, and says it in words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.http import urlencode

from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.picture import BarPart, Mark, Picture, Sparkline
from trail.questions.exposure import Exposure, ReachedKind, ReachedThing
from trail.times import parse_time

# More things of one kind than this are one row, until they are opened.
FOLDED = 6
STROKE_TOP, STROKE_BASE, DENIED_Y = 7, 19, 12
_PLAIN_WORD = re.compile(r"[a-z]{2,30}")


@dataclass(frozen=True, slots=True)
class ReachedRow:
    """One thing, or all of a kind where `number` is more than one: `fold_url` opens or folds the kind. `value` is the name of a
    thing as the trail has it, `left_off` how many events further things have."""

    type: str
    value: str
    number: int
    last_value: str
    count: int
    first: str | None
    last: str | None
    denied: int
    spark: Sparkline
    fold_url: str | None = None
    is_opened: bool = False


def name_kind(kind: ReachedKind) -> str:
    """What things of a kind are called, `secrets`."""
    name = make_visible(kind.type)[:30]
    return f"{name}s" if kind.number != 1 and _PLAIN_WORD.fullmatch(kind.type) else name or "without a type"


def build_rows(exposure: Exposure, picture: Picture, words: Mapping[str, str]) -> list[ReachedRow]:
    """A row for each thing; a kind of many is one row that a link opens."""
    return [row for kind in exposure.reached for row in _build_kind(kind, picture, words)]


def _build_kind(kind: ReachedKind, picture: Picture, words: Mapping[str, str]) -> Iterator[ReachedRow]:
    rows = [_build_thing(kind, thing, picture) for thing in kind.listed]
    if kind.number <= FOLDED and not kind.others:
        yield from rows
        return
    is_opened = words.get("open") == kind.type
    stays = {name: text for name, text in words.items() if name != "open"}
    values = sorted(thing.value for thing in kind.listed)
    yield ReachedRow(
        type=make_visible(kind.type),
        value=values[0],
        number=kind.number,
        last_value=make_visible(values[-1]),
        count=kind.count,
        first=kind.first,
        last=kind.last,
        denied=kind.denied,
        spark=_draw_kind(kind, picture),
        fold_url="?" + urlencode(stays if is_opened else {**stays, "open": kind.type}) + "#reached",
        is_opened=is_opened,
    )
    if is_opened:
        yield from rows


def _build_thing(kind: ReachedKind, thing: ReachedThing, picture: Picture) -> ReachedRow:
    return ReachedRow(
        type=make_visible(kind.type),
        value=thing.value,
        number=1,
        last_value="",
        count=thing.count,
        first=thing.first,
        last=thing.last,
        denied=thing.denied,
        spark=_draw(thing.events, thing.total, (thing.first, thing.last), picture),
    )


def _draw_kind(kind: ReachedKind, picture: Picture) -> Sparkline:
    """Its lane, where the picture has lanes of kinds, else its events."""
    lanes = (lane.spark for lane in picture.lanes if not lane.icon and lane.name == make_visible(kind.type))
    events = [event for thing in kind.listed for event in thing.events]
    total = sum(thing.total for thing in kind.listed) + kind.others
    return next(lanes, None) or _draw(events, total, (kind.first, kind.last), picture)


def _draw(
    events: Sequence[tuple[int, bool]], total: int, ends: tuple[str | None, str | None], picture: Picture
) -> Sparkline:
    """A stroke for each event; where not all are listed, a bar from the first to the last."""
    scale = picture.scale
    assert scale is not None
    first, last = ends
    if total > len(events) and first and last:
        left, right = scale.place(parse_time(first)), scale.place(parse_time(last))
        return Sparkline((BarPart(left, round(max(right - left, 0.3), 2), 13, 4),), ())
    marks: dict[tuple[float, bool], Mark] = {}
    for time, is_denied in events:
        if scale.start <= time <= scale.end:
            x = scale.place(time)
            y, top = (DENIED_Y, 0) if is_denied else (STROKE_BASE, STROKE_TOP)
            marks[x, is_denied] = Mark(x, y, "denied" if is_denied else "accepted", "", "", 10, top)
    return Sparkline((), tuple(marks.values()))
