"""Draws the lanes of a lifeline: strokes, bars, marks and counts, each at its place on the scale, named and with an address."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from investigations.event_addresses import event_address
from investigations.presentation.cells import make_visible
from investigations.presentation.identifiers import page_address
from investigations.presentation.lifeline.picture import BarGroup, BarPart, Caption, Lane, Mark, Span, Sparkline
from investigations.presentation.lifeline.scale import Scale, Stretch
from investigations.presentation.lifeline.words import write_moment
from trail.questions.lifeline import LaneFigures, Moment, TimeBin

# Marks of one kind that are nearer than this stand as a single one, in percent.
NEAR = 0.35
BAR_WIDTH, BAR_GAP = 0.58, 0.09
SPARK_BASE, SPARK_HIGH = 19, 13
ICONS = {
    "source.ip": "address",
    "service.name": "service",
    "token.id": "token",
    "token.fingerprint": "token",
    "user.id": "user",
    "resource.id": "resource",
    "organization.id": "organization",
}
_WORDS = {
    "issued": "issued",
    "attenuated": "attenuated",
    "revoked": "revoked",
    "restored": "restored",
    "denied": "denied",
    "accepted": "accepted",
    "other": "recorded",
    "first": "first time",
}
EventsLink = Callable[[int, int, str | None, str], str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What all lanes are drawn with: the scale, where the events of a stretch are, and whether each denied one is a mark.

    `link` takes the first and the last time, the lane's value (None: any) and the kind of the events; `link_event` an id.
    """

    scale: Scale
    link: EventsLink
    lists_denied: bool
    end: int | None = None
    firsts: bool = True
    link_event: Callable[[str], str] = event_address


def build_lane(figures: LaneFigures, denied: Sequence[Moment], drawing: Drawing, field: str, *, slim: bool) -> Lane:
    """The lane of one value of a field."""
    height = 30 if slim else 40
    base, top = height - 6, 11 if slim else 18
    groups = tuple(build_groups(figures, drawing, base, top))
    marks = [*_build_uses(figures, drawing, base, top), *_build_denied(figures, denied, drawing, base - 6)]
    if first := _build_first(figures, drawing, (base + top) / 2):
        marks.append(first)
    value = make_visible(figures.value)
    return Lane(
        name=value,
        small=_describe(figures),
        url=page_address(field, figures.value),
        icon=ICONS.get(field, ""),
        height=height,
        spans=tuple(_build_spans(figures, denied, drawing, base)),
        groups=groups,
        marks=tuple(marks),
        words=tuple(_build_counts(figures, denied, drawing, groups, base, top)),
        spark=_build_spark(groups, marks),
    )


def build_lifecycle(
    moments: Sequence[Moment], drawing: Drawing, names: Callable[[Moment], str], first: int | None
) -> Lane:
    """The lane of what was issued, attenuated, revoked and restored, and of the first use. `names` says what stands beside."""
    y = 15
    marks = list(merge_marks(moments, drawing, y, None))
    if first is not None:
        marks.append(
            _place(
                first, drawing, y, "first", f"first use, {write_moment(first)}", drawing.link(first, first, None, "")
            )
        )
    times = sorted(moment.time for moment in moments)
    spans: tuple[Span, ...] = ()
    if times:
        last = drawing.end or max(times[-1], drawing.scale.end)
        spans = (Span(drawing.scale.place(times[0]), drawing.scale.place(last), y),)
    words = tuple(_name_moments(moments, marks, drawing, names, y))
    return Lane("Lifecycle", "issue, attenuate, revoke", None, "", 30, spans, (), tuple(marks), words)


def _describe(figures: LaneFigures) -> str:
    texts = []
    for values in figures.beside.values():
        if values:
            texts.append(make_visible(values[0])[:60] + (" and others" if len(values) > 1 else ""))
    return ", ".join(texts)


# --- Marks -----------------------------------------------------------------------------------------------------------


def _place(time: int, drawing: Drawing, y: float, kind: str, label: str, url: str, top: float = 0) -> Mark:
    size = 14 if kind in ("first", "issued", "revoked") else 12
    return Mark(drawing.scale.place(time), y, kind, label, url, size, top)


def merge_marks(
    moments: Iterable[Moment], drawing: Drawing, y: float, lane: str | None, top: float = 0
) -> Iterator[Mark]:
    """Events as marks; those of one kind at one place as one, which leads to all of them."""
    kinds: dict[str, list[list[Moment]]] = defaultdict(list)
    for moment in moments:
        rows = kinds[moment.kind]
        if rows and drawing.scale.place(moment.time) - drawing.scale.place(rows[-1][0].time) < NEAR:
            rows[-1].append(moment)
        else:
            rows.append([moment])
    for kind, rows in kinds.items():
        for row in rows:
            first, last = row[0], row[-1]
            label = f"{_WORDS[kind]}, {write_moment(first.time)}"
            url = drawing.link_event(first.event_id)
            if len(row) > 1:
                label = f"{len(row)} {_WORDS[kind]}, {write_moment(first.time)} to {write_moment(last.time)}"
                url = drawing.link(first.time, last.time, lane, kind)
            yield _place(first.time, drawing, y, kind, label, url, top)


def _build_uses(figures: LaneFigures, drawing: Drawing, base: float, top: float) -> Iterator[Mark]:
    if figures.is_listed:
        uses = [moment for moment in figures.moments if moment.kind != "denied"]
        as_uses = [replace(moment, kind="other" if moment.kind == "other" else "accepted") for moment in uses]
        yield from merge_marks(as_uses, drawing, base, figures.value, top)


def _build_denied(figures: LaneFigures, denied: Sequence[Moment], drawing: Drawing, y: float) -> Iterator[Mark]:
    moments = [moment for moment in figures.moments if moment.kind == "denied"] if figures.is_listed else denied
    if figures.is_listed or drawing.lists_denied:
        yield from merge_marks(moments, drawing, y, figures.value)


def _build_first(figures: LaneFigures, drawing: Drawing, y: float) -> Mark | None:
    time = figures.first.time
    if not drawing.firsts or not drawing.scale.start <= time <= drawing.scale.end:
        return None
    label = f"first time with {make_visible(figures.value)[:80]}, {write_moment(time)}"
    return _place(time, drawing, y, "first", label, drawing.link_event(figures.first.event_id))


def _build_spans(figures: LaneFigures, denied: Sequence[Moment], drawing: Drawing, base: float) -> Iterator[Span]:
    """From the first to the last use that was accepted; and from the end to the last that was denied."""
    place = drawing.scale.place
    if figures.first_accepted and figures.last_accepted:
        yield Span(place(figures.first_accepted.time), place(figures.last_accepted.time), base + 0.5)
    later = [moment.time for moment in denied if drawing.end is not None and moment.time > drawing.end]
    if later and drawing.end is not None:
        yield Span(place(drawing.end), place(max(later)), base - 6, is_after=True)


# --- Bars ------------------------------------------------------------------------------------------------------------


def build_groups(figures: LaneFigures, drawing: Drawing, base: float, top: float) -> Iterator[BarGroup]:
    """The bars of a lane that is not listed, by the stretches of the scale. What stands as a mark is in no bar."""
    if figures.is_listed:
        return
    parts: dict[Stretch, list[TimeBin]] = defaultdict(list)
    for part in figures.bins:
        middle = min(max((part.start + part.end) // 2, figures.first.time), figures.last.time)
        parts[drawing.scale.stretch_of(middle)].append(part)
    for stretch, bins in sorted(parts.items(), key=lambda item: item[0].start):
        yield from _build_group(stretch, bins, figures, drawing, base, top)


def _build_group(
    stretch: Stretch, bins: list[TimeBin], figures: LaneFigures, drawing: Drawing, base: float, top: float
) -> Iterator[BarGroup]:
    width = max(stretch.right - stretch.left, BAR_WIDTH)
    number = max(int(width / BAR_WIDTH), 1)
    uses, denied = [0] * number, [0] * number
    for part in bins:
        middle = min(max((part.start + part.end) // 2, stretch.start), stretch.end)
        slot = min((middle - stretch.start) * number // max(stretch.length, 1), number - 1)
        uses[slot] += part.count - part.denied
        denied[slot] += 0 if drawing.lists_denied else part.denied
    most = max(map(sum, zip(uses, denied, strict=True)))
    if not most:
        return
    bars = tuple(_stack(uses, denied, most, (stretch.left, width / number), base, top + 2))
    count = sum(uses) + sum(denied)
    start, end = bins[0].start, bins[-1].end
    kind = "accepted" if not any(denied) else ""
    what = ("use" if kind else "event") + ("" if count == 1 else "s")
    label = f"{count:,} {what}, {write_moment(start)} to {write_moment(end)}"
    url = drawing.link(start, end - 1, figures.value, "not denied" if drawing.lists_denied else "")
    yield BarGroup(round(stretch.left, 2), round(width, 2), bars, label, url)


def _stack(
    uses: list[int], denied: list[int], most: int, place: tuple[float, float], base: float, top: float
) -> Iterator[BarPart]:
    left, step = place
    for slot, (use, refused) in enumerate(zip(uses, denied, strict=True)):
        y = base
        for count, kind in ((use, "use"), (refused, "denied")):
            if count:
                height = max(round((base - top) * count / most, 1), 1.5)
                y = round(y - height, 1)
                yield BarPart(round(left + slot * step, 2), round(max(step - BAR_GAP, 0.2), 2), y, height, kind)


def _build_spark(groups: Sequence[BarGroup], marks: Sequence[Mark]) -> Sparkline:
    """The lane once more, in a row of a table."""
    tallest = max((bar.height for group in groups for bar in group.bars), default=1)
    bars = [
        BarPart(
            x=bar.x,
            width=bar.width,
            y=round(SPARK_BASE - bar.height * SPARK_HIGH / tallest, 1),
            height=round(bar.height * SPARK_HIGH / tallest, 1),
            kind=bar.kind,
        )
        for group in groups
        for bar in group.bars
    ]
    small = [
        Mark(mark.x, SPARK_BASE if mark.top else 12, mark.kind, "", "", size=10, top=7 if mark.top else 0)
        for mark in marks
    ]
    return Sparkline(tuple(bars), tuple(small))


# --- Words -----------------------------------------------------------------------------------------------------------


def _build_counts(
    figures: LaneFigures,
    denied: Sequence[Moment],
    drawing: Drawing,
    groups: Sequence[BarGroup],
    base: float,
    top: float,
) -> Iterator[Caption]:
    """How many events a group of bars has, and how many strokes a cluster, above them; how many were denied, behind the last."""
    for group in groups:
        if group.width > 1.6 and len(group.bars) > 1:
            y = min(bar.y for bar in group.bars) - 3
            middle = (group.bars[0].x + group.bars[-1].x + group.bars[-1].width) / 2
            yield Caption(round(middle, 2), max(y, 9), group.label.partition(" ")[0], "ll-n", "middle")
    if figures.is_listed:
        yield from _count_strokes(figures, drawing, top)
    if not (figures.is_listed or drawing.lists_denied):
        return
    times = [moment.time for moment in (figures.moments if figures.is_listed else denied) if moment.kind == "denied"]
    if len(times) > 1:
        yield Caption(drawing.scale.place(times[-1]), base - 2, f"{len(times):,}", "ll-n", "start", 9)


def _count_strokes(figures: LaneFigures, drawing: Drawing, top: float) -> Iterator[Caption]:
    rows: dict[Stretch, list[Moment]] = defaultdict(list)
    for moment in figures.moments:
        if moment.kind != "denied":
            rows[drawing.scale.stretch_of(moment.time)].append(moment)
    for row in rows.values():
        if len(row) > 2:
            middle = (drawing.scale.place(row[0].time) + drawing.scale.place(row[-1].time)) / 2
            types = {moment.named.get("resource.type", "") for moment in row}
            kind = f" {types.pop()}s" if len(types) == 1 and "" not in types else ""
            yield Caption(
                round(middle, 2),
                max(top - 5, 8),
                f"{len(row)}{make_visible(kind)[:18]}",
                "ll-n",
                "middle",
                0,
                "ll-wide",
            )


def _name_moments(
    moments: Sequence[Moment], marks: Sequence[Mark], drawing: Drawing, names: Callable[[Moment], str], y: float
) -> Iterator[Caption]:
    """What stands beside a mark, as far as there is room up to the next."""
    places = sorted({mark.x for mark in marks})
    named = set()
    for moment in moments:
        x, text = drawing.scale.place(moment.time), make_visible(names(moment))
        following = next((place for place in places if place > x + NEAR), 100.0)
        characters = int(((following - x) * 9.6 - 24) / 6.2)
        if text and x not in named and characters > 5:
            named.add(x)
            yield Caption(
                x, y + 4, text if len(text) <= characters else text[: characters - 1] + "…", "", "start", 10, "ll-wide"
            )
