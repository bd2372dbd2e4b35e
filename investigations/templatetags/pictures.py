"""Writes the many small parts of a picture as one text each: a template would take a node for every number of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

from django import template
from django.utils.safestring import SafeString

from investigations.presentation.histogram import BASE, Chart
from investigations.presentation.lifeline.picture import (
    AxisBreak,
    BarGroup,
    BarPart,
    Caption,
    Ground,
    Lane,
    Mark,
    Span,
    Sparkline,
)
from investigations.presentation.time_axis import Tick
from investigations.presentation.volume_chart import VolumeBar

register = template.Library()


# --- A lifeline ------------------------------------------------------------------------------------------------------


@register.filter
def bars(parts: Iterable[BarPart]) -> SafeString:
    """The bars of a lane; they hold numbers and fixed words alone."""
    return SafeString("".join(map(_write_bar, parts)))


@register.filter
def captions(words: Iterable[Caption]) -> SafeString:
    """Short texts at their places."""
    return SafeString("".join(map(_write_caption, words)))


@register.filter
def caption(word: Caption) -> SafeString:
    """A short text at its place."""
    return SafeString(_write_caption(word))


@register.filter
def drawing(lane: Lane) -> SafeString:
    """What happened in a lane: how long something lived, the bars, the events and the words at them."""
    parts = (
        *map(_write_span, lane.spans),
        *(_write_group(group, lane.hit) for group in lane.groups),
        *map(_write_link, lane.marks),
        *map(_write_caption, lane.words),
    )
    return SafeString("".join(parts))


@register.filter
def ground(behind: Ground) -> SafeString:
    """What lies behind all lanes of a picture."""
    zone = behind.zone
    height = "6" if zone and zone.is_band else "100%"
    hatched = f'<rect fill="url(#hatch)" x="{zone.x}%" width="{zone.width}%" y="0" height="{height}"/>' if zone else ""
    breaks = (f'<line class="ll-gapline" x1="{x}%" x2="{x}%" y1="0" y2="100%"/>' for x, _ in behind.breaks)
    return SafeString(f"{_write_zone(behind, height)}{hatched}{''.join(breaks)}{_write_lines(behind)}")


@register.filter
def spark(line: Sparkline, behind: Ground) -> SafeString:
    """A lane in a row of a table: the same scale, ground and lines as in the picture, without words."""
    return SafeString(
        f'<svg class="spark" aria-hidden="true">{_write_zone(behind, "100%")}'
        f'<line class="ll-grid" x1="0" x2="100%" y1="19.5" y2="19.5"/>'
        f"{''.join(map(_write_bar, line.bars))}{''.join(map(_write_mark, line.marks))}{_write_lines(behind)}</svg>"
    )


@register.filter
def extent_line(ends: tuple[float, float] | None) -> SafeString:
    """The line below the words of the flags; nothing where there is none."""
    if ends is None:
        return SafeString("")
    return SafeString(f'<line class="ll-extent" x1="{ends[0]}%" x2="{ends[1]}%" y1="20.5" y2="20.5"/>')


@register.filter
def axis_ticks(places: Iterable[float]) -> SafeString:
    """The strokes at the times that an axis names."""
    return SafeString("".join(f'<line class="ll-base" x1="{x}%" x2="{x}%" y1="0" y2="5"/>' for x in places))


@register.filter
def axis_breaks(breaks: Iterable[AxisBreak]) -> SafeString:
    """Where an axis leaves time out, and how much where there is room for it."""
    return SafeString("".join(map(_write_break, breaks)))


def _write_bar(bar: BarPart) -> str:
    return (
        f'<rect class="ll-bar ll-bar--{bar.kind}" x="{bar.x}%" width="{bar.width}%" y="{bar.y}" height="{bar.height}"/>'
    )


def _write_caption(word: Caption) -> str:
    looks = " ".join(filter(None, (word.look, word.tier)))
    look = f' class="{looks}"' if looks else ""
    anchor = f' text-anchor="{word.anchor}"' if word.anchor != "start" else ""
    shift = f' dx="{word.dx}"' if word.dx else ""
    return f'<text{look}{anchor} x="{word.x}%"{shift} y="{word.y}">{escape(word.text)}</text>'


def _write_span(span: Span) -> str:
    if span.kind:
        line = f'<line class="ll-{span.kind}" x1="{span.x1}%" x2="{span.x2}%" y1="{span.y}" y2="{span.y}"/>'
        return f"{_open_link(span.url, span.x1, span.label)}{line}</a>"
    after = " ll-life--after" if span.is_after else ""
    return f'<line class="ll-life{after}" x1="{span.x1}%" x2="{span.x2}%" y1="{span.y}" y2="{span.y}"/>'


def _write_group(group: BarGroup, hit: int) -> str:
    place = f'<rect class="m-hit" x="{group.x}%" width="{group.width}%" y="4" height="{hit}"/>'
    return f"{_open_link(group.url, group.x, group.label)}{place}{''.join(map(_write_bar, group.bars))}</a>"


def _write_link(mark: Mark) -> str:
    return f"{_open_link(mark.url, mark.x, mark.label)}{_write_mark(mark, ' m-use--other')}</a>"


def _open_link(url: str, x: float, label: str) -> str:
    address = f' href="{escape(url)}"' if url else ""
    return f'<a{address} tabindex="-1" data-mark="{x}"><title>{escape(label)}</title>'


def _write_mark(mark: Mark, other: str = "") -> str:
    """An event: a use as a stroke, which may look otherwise where it is of others, and all else as a symbol."""
    if mark.top:
        look = f"m-use{' m-use--actor' if mark.kind == 'actor' else other if mark.kind == 'other' else ''}"
        return f'<line class="{look}" x1="{mark.x}%" x2="{mark.x}%" y1="{mark.top}" y2="{mark.y}"/>'
    return (
        f'<svg x="{mark.x}%" y="{mark.y}" width="1" height="1"><use href="#m-{mark.symbol}" x="{mark.offset}"'
        f' y="{mark.offset}" width="{mark.size}" height="{mark.size}"/></svg>'
    )


def _write_zone(behind: Ground, height: str) -> str:
    """The breaks in the scale, and the time after an end."""
    zone = behind.zone
    gaps = (f'<rect class="ll-gap" x="{x}%" width="{width}%" y="0" height="100%"/>' for x, width in behind.breaks)
    tint = f'<rect class="ll-zone" x="{zone.x}%" width="{zone.width}%" y="0" height="{height}"/>' if zone else ""
    return f"{''.join(gaps)}{tint}"


def _write_lines(behind: Ground) -> str:
    return "".join(
        f'<line class="ll-{line.kind}" x1="{line.x}%" x2="{line.x}%" y1="0" y2="100%"/>' for line in behind.lines
    )


def _write_break(part: AxisBreak) -> str:
    return (
        f'<svg x="{part.middle}%" y="0" width="1" height="1"><use href="#m-break" x="-7" y="-7" width="14" height="14"/></svg>'
        f'<line class="ll-base" x1="{part.x1}%" x2="{part.x2}%" y1="35.5" y2="35.5"/>'
        f'<line class="ll-base" x1="{part.x1}%" x2="{part.x1}%" y1="33" y2="38"/>'
        f'<line class="ll-base" x1="{part.x2}%" x2="{part.x2}%" y1="33" y2="38"/>'
        f"{_write_caption(part.word) if part.word else ''}"
    )


# --- A histogram -----------------------------------------------------------------------------------------------------


@register.filter
def histogram_bars(chart: Chart) -> SafeString:
    """The bars of a histogram, each a link to its own range of time; what is drawn ends at the ground."""
    bars = "".join(
        f'<a href="{escape(bar.url)}" aria-label="{escape(bar.label)}">'
        f'<svg x="{bar.x}%" width="{chart.room}%" height="{BASE:g}"><rect/>{bar.segments}</svg></a>'
        for bar in chart.bars
    )
    return SafeString(bars)


@register.filter
def histogram_ticks(ticks: Iterable[Tick]) -> SafeString:
    """The ticks below a histogram, each with its label for a wide screen and for a narrow one."""
    return SafeString("".join(map(_write_tick, ticks)))


def _write_tick(tick: Tick) -> str:
    strong = " is-strong" if tick.strong else ""
    wide, narrow = (
        f'<text class="hist__{look}{strong}" x="{tick.x}%" dx="{shift}" y="79">{escape(text)}</text>' if text else ""
        for look, shift, text in (("wide", 4, tick.label), ("narrow", 3, tick.short))
    )
    return f'<line class="hist__base" x1="{tick.x}%" x2="{tick.x}%" y1="66" y2="71"/>{wide}{narrow}'


# --- How many events a day has ---------------------------------------------------------------------------------------


@register.filter
def volume_bars(bars: Iterable[VolumeBar]) -> SafeString:
    """The days of the trail's chart, each a link to its search; they hold numbers, dates and our own addresses alone."""
    return SafeString("".join(map(_write_volume_bar, bars)))


@register.filter
def volume_rows(bars: Sequence[VolumeBar]) -> SafeString:
    """The same figures as rows of a table, the last day first."""
    return SafeString("".join(map(_write_volume_row, reversed(bars))))


def _write_volume_bar(bar: VolumeBar) -> str:
    day, place = bar.day, f'x="{bar.x}%" width="{bar.width}%"'
    parts = ((bar.accepted_height, bar.accepted_y, "accepted"), (bar.denied_height, bar.denied_y, "denied"))
    drawn = "".join(
        f'<rect class="volume__{name}" {place} y="{y}" height="{height}"/>' for height, y, name in parts if height
    )
    title = f"{day.day:%a} {_write_day(day.day)}: {day.events:,} events, {day.failures:,} denied"
    slot = f'<rect class="volume__slot" {place} y="14" height="74"/>'
    return f'<a href="{escape(bar.url)}" tabindex="-1"><title>{title}</title>{slot}{drawn}</a>'


def _write_volume_row(bar: VolumeBar) -> str:
    day = bar.day
    numbers = "".join(f'<td class="number">{number:,}</td>' for number in (day.events, day.failures))
    return f'<tr><td><a href="{escape(bar.url)}">{_write_day(day.day)}</a></td>{numbers}</tr>'


def _write_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
