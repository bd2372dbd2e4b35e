"""Draws the lifeline of a case as one SVG that stands alone: numbers and colours as attributes, no style and no script.

Lengths are CSS pixels; the picture is WIDTH wide, of which LABEL is for the names of the lanes.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape

from investigations.presentation.lifeline.picture import (
    AxisBreak,
    BarPart,
    Caption,
    Ground,
    Lane,
    Mark,
    Picture,
    Span,
)

_LABEL_OF_EVIDENCE = re.compile("E[0-9]+")
# What a file of its own has to say, and a picture in a page has not.
NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
WIDTH, LABEL = 760, 142
_PLOT = WIDTH - LABEL
# The typefaces of a PDF, then those of a page.
_SANS, _MONO = "Console Sans, Plex Sans", "Console Mono, Plex Mono"
_FLAGS, _AXIS, _LEGEND, _NUMBERS = 22, 54, 22, 9
_LONGEST_NAME, _LONGEST_SMALL = 18, 24
_INK, _INK_2, _INK_3, _RULE, _LINE, _SUNK = "#14202a", "#495661", "#56626c", "#c9c5b8", "#e2dfd5", "#f0eee7"
_ACCEPTED, _DENIED, _REVOKED, _FIRST, _DERIVED, _SEALED = (
    "#2a688c",
    "#a84a12",
    "#a3123a",
    "#a97a00",
    "#7b4aa3",
    "#1b6848",
)
_UNSEALED = "#6c5a24"
_TEXT_LOOKS = {
    "ll-t": (_INK, 600, _SANS, 11),
    "ll-mono": (_INK_3, 400, _MONO, 10.5),
    "ll-quiet": (_INK_3, 400, _SANS, 10.5),
    "ll-n": (_INK_2, 400, _MONO, 10.5),
    "ll-revokedt": (_REVOKED, 600, _SANS, 11),
    "ll-firstt": ("#7d5800", 600, _SANS, 11),
    "ll-expiredt": (_UNSEALED, 600, _SANS, 11),
    "ll-sealedt": (_SEALED, 600, _SANS, 11),
}
_PLAIN = (_INK_2, 400, _SANS, 11)
# The symbols of components/_marks.html, with their colours.
_SYMBOLS = {
    "denied": f'<path d="M-3.2-3.2 3.2 3.2M3.2-3.2-3.2 3.2" fill="none" stroke="{_DENIED}" stroke-width="1.7"/>',
    "issue": f'<circle r="4.6" fill="#fff" stroke="{_INK}" stroke-width="1.6"/><circle r="1.6" fill="{_INK}"/>',
    "first": f'<path d="M0-6 6 0 0 6-6 0z" fill="{_FIRST}" stroke="#fff"/>',
    "att": f'<path d="M-5-4.5H5L0 4.5z" fill="{_DERIVED}"/>',
    "rev": f'<path d="M-1.2-6h2.4V6h-2.4zM1.2-6H6L4.5-3.5 6-1H1.2z" fill="{_REVOKED}"/>',
    "restored": f'<path d="M-1-6V6M-1-5.5h6l-1.5 2.5L5-.5h-6" fill="#fff" stroke="{_SEALED}" stroke-width="1.6"/>',
    "manual": f'<path d="M-4.5-4.5h9v9h-9z" fill="#fff" stroke="{_INK}" stroke-width="1.6"/>',
    "use": f'<path d="M0-6V6" stroke="{_ACCEPTED}" stroke-width="1.6"/>',
    "other": f'<path d="M0-6V6" stroke="{_INK_3}"/>',
    "session": f'<path d="M-6 0H6" stroke="{_DERIVED}" stroke-width="2.5"/>',
    "lifetime": '<path d="M-6 0H6" stroke="#8a8e94" stroke-width="9" stroke-opacity=".22"/>',
    "actor": f'<path d="M0-6V6" stroke="{_INK}" stroke-width="1.6"/>',
}
_BARS = {"denied": (_DENIED, 1), "dim": ("#8a8e94", 0.45)}
_SPANS = {
    "lifetime": 'stroke="#8a8e94" stroke-width="9" stroke-opacity=".22"',
    "session": f'stroke="{_DERIVED}" stroke-width="2.5"',
    "phase": f'stroke="{_INK_2}" stroke-width="2"',
}
_LINES = {
    "revoked": f'stroke="{_REVOKED}"',
    "first": f'stroke="{_FIRST}"',
    "expired": f'stroke="{_UNSEALED}" stroke-dasharray="4 2"',
    "milestone": f'stroke="{_INK_2}" stroke-dasharray="6 3"',
}


def draw_figure(picture: Picture) -> str:
    """The SVG. Words that have room on a wider screen alone are left out."""
    height = sum(map(_measure, picture.lanes))
    total = _FLAGS + height + _AXIS + _LEGEND
    parts = [
        f'<svg{NAMESPACE} viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}"'
        f' role="img" aria-label="{escape(picture.label)}">',
        '<defs><pattern id="report-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M0 0v7" stroke="#e6c5ca"/></pattern></defs>',
        _move(LABEL, 0, "".join(_write_captions(picture.flags))),
        _move(LABEL, _FLAGS, "".join(_draw_ground(picture.ground, height))),
        "".join(_draw_lanes(picture.lanes)),
        _move(LABEL, _FLAGS + height, "".join(_draw_axis(picture))),
        _write(0, _FLAGS + height + 16, picture.zone_name, (_INK_3, 400, _SANS, 11)),
        _move(0, total - 8, "".join(_draw_legend(picture))),
        "</svg>",
    ]
    return "".join(parts)


def _move(x: float, y: float, inner: str) -> str:
    return f'<g transform="translate({x:g} {y:g})">{inner}</g>'


def _across(percent: float) -> float:
    """Where a percentage of the plot is, in pixels."""
    return round(percent * _PLOT / 100, 2)


def _write(
    x: float, y: float, text: str, look: tuple[str, int, str, float], anchor: str = "start", rim: str = ""
) -> str:
    colour, weight, family, size = look
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-family="{family}" font-size="{size:g}" font-weight="{weight}"'
        f' text-anchor="{anchor}"{rim}>{escape(text)}</text>'
    )


def _write_captions(captions: Iterable[Caption]) -> Iterator[str]:
    rim = ' paint-order="stroke" stroke="#fff" stroke-width="2.5" stroke-linejoin="round"'
    for word in captions:
        if word.tier in ("", "ll-mid"):
            look = _TEXT_LOOKS.get(word.look, _PLAIN)
            yield _write(_across(word.x) + word.dx, word.y, word.text, look, word.anchor, rim)


def _draw_ground(ground: Ground, height: int) -> Iterator[str]:
    for x, width in ground.breaks:
        yield _draw_box(x, width, height, _SUNK)
    if ground.zone:
        tall = 6 if ground.zone.is_band else height
        yield _draw_box(ground.zone.x, ground.zone.width, tall, "#f6e6e6")
        yield _draw_box(ground.zone.x, ground.zone.width, tall, "url(#report-hatch)")
    yield f'<path d="M{-LABEL} 0H{_PLOT}" stroke="{_RULE}"/>'
    for place in ground.lines:
        x = _across(place.x)
        yield f'<path d="M{x:g} 0V{height}" {_LINES.get(place.kind, _LINES["first"])} stroke-width="1.5"/>'


def _draw_box(x: float, width: float, height: float, fill: str, y: float = 0, opacity: float = 1) -> str:
    shade = f' opacity="{opacity:g}"' if opacity != 1 else ""
    return f'<rect x="{_across(x):g}" width="{_across(width):g}" y="{y:g}" height="{height:g}" fill="{fill}"{shade}/>'


def _draw_lanes(lanes: Iterable[Lane]) -> Iterator[str]:
    top = _FLAGS
    for lane in lanes:
        yield _move(0, top, "".join(_draw_lane(lane)))
        top += _measure(lane)


def _measure(lane: Lane) -> int:
    """How high a lane is: with room below its strokes for the numbers of evidence, where it has some."""
    return lane.height + (_NUMBERS if any(map(_read_number, lane.marks)) else 0)


def _read_number(mark: Mark) -> str:
    """The number of the evidence that a mark leads to; empty where it leads elsewhere."""
    label = mark.url.removeprefix("#")
    return label if _LABEL_OF_EVIDENCE.fullmatch(label) else ""


def _draw_lane(lane: Lane) -> Iterator[str]:
    middle = lane.height / 2
    name = (_INK, 600, _MONO, 11) if lane.icon else (_INK, 600, _SANS, 11)
    yield _write(0, middle - 2 if lane.small else middle + 4, _cut(lane.name, _LONGEST_NAME), name)
    if lane.small:
        yield _write(0, middle + 10, _cut(lane.small, _LONGEST_SMALL), (_INK_3, 400, _SANS, 10))
    bars = (bar for group in lane.groups for bar in group.bars)
    inner = (
        *map(_draw_span, lane.spans),
        *map(_draw_bar, bars),
        *map(_draw_mark, lane.marks),
        *_write_captions(lane.words),
        *_name_marks(lane.marks, lane.height + _NUMBERS),
    )
    yield _move(LABEL, 0, "".join(inner))
    yield f'<path d="M0 {_measure(lane)}H{WIDTH}" stroke="{_LINE}"/>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _draw_span(part: Span) -> str:
    if look := _SPANS.get(part.kind):
        return f'<path d="M{_across(part.x1):g} {part.y:g}H{_across(part.x2):g}" {look}/>'
    look = (
        f'stroke="{_DENIED}" stroke-dasharray="2 3" opacity=".8"'
        if part.is_after
        else f'stroke="{_ACCEPTED}" opacity=".55"'
    )
    return f'<path d="M{_across(part.x1):g} {part.y:g}H{_across(part.x2):g}" {look}/>'


def _draw_bar(bar: BarPart) -> str:
    fill, opacity = _BARS.get(bar.kind, (_ACCEPTED, 0.5))
    return _draw_box(bar.x, bar.width, bar.height, fill, bar.y, opacity)


def _name_marks(marks: Iterable[Mark], height: int) -> Iterator[str]:
    """The number of the evidence below each mark that leads to one, where there is room."""
    free = -1.0
    for mark in sorted(marks, key=lambda each: each.x):
        x, label = _across(mark.x), _read_number(mark)
        width = 5.2 * len(label)
        if label and x - width / 2 > free:
            free = x + width / 2 + 3
            yield _write(x, height - 2, label, (_INK_3, 400, _MONO, 8), "middle")


def _draw_mark(mark: Mark) -> str:
    x = _across(mark.x)
    if mark.top:
        colour = {"actor": _INK, "other": _INK_3}.get(mark.kind, _ACCEPTED)
        return f'<path d="M{x:g} {mark.top:g}V{mark.y:g}" stroke="{colour}" stroke-width="1.6"/>'
    scale = mark.size / 14
    return f'<g transform="translate({x:g} {mark.y:g}) scale({scale:.3f})">{_SYMBOLS.get(mark.symbol, _SYMBOLS["use"])}</g>'


def _draw_axis(picture: Picture) -> Iterator[str]:
    yield f'<path d="M0 .5H{_PLOT}" stroke="{_RULE}"/>'
    for tick in picture.axis.ticks:
        yield f'<path d="M{_across(tick):g} 0V5" stroke="{_RULE}"/>'
    yield from _write_captions(picture.axis.words)
    for part in picture.axis.breaks:
        yield from _draw_break(part)


def _draw_break(part: AxisBreak) -> Iterator[str]:
    start, end, middle = _across(part.x1), _across(part.x2), _across(part.middle)
    yield f'<path transform="translate({middle:g} 0)" d="M-4 5-1-5M1 5 4-5" stroke="{_RULE}" fill="none"/>'
    yield f'<path d="M{start:g} 35.5H{end:g}M{start:g} 33v5M{end:g} 33v5" stroke="{_RULE}" fill="none"/>'
    if part.word:
        yield from _write_captions((part.word,))


def _draw_legend(picture: Picture) -> Iterator[str]:
    x = float(LABEL)
    for kind, name in picture.legend:
        symbol = _SYMBOLS.get(kind, _SYMBOLS["use"])
        yield _move(x + 6, -4, f'<g transform="scale(.8)">{symbol}</g>')
        yield _write(x + 16, 0, name, (_INK_2, 400, _SANS, 10.5))
        x += 30 + 5.6 * len(name)
    if picture.ground.zone:
        yield f'<rect x="{x:g}" y="-10" width="12" height="12" fill="#f6e6e6"/>'
        yield f'<rect x="{x:g}" y="-10" width="12" height="12" fill="url(#report-hatch)"/>'
        yield _write(x + 18, 0, "after revocation", (_INK_2, 400, _SANS, 10.5))
        x += 116
    if picture.ground.breaks:
        yield f'<rect x="{x:g}" y="-10" width="12" height="12" fill="{_SUNK}" stroke="{_RULE}" stroke-width=".5"/>'
        yield _write(x + 18, 0, "break in the scale", (_INK_2, 400, _SANS, 10.5))
