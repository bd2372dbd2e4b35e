"""Draws a lineage on time: a bar for each token from its birth to its end, joined to what it came from where it began."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from investigations.presentation.actors import name_actor
from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.axis import build_axis, build_flags
from investigations.presentation.lifeline.brush import build_brush
from investigations.presentation.lifeline.build import build_ground
from investigations.presentation.lifeline.choice import LifelineChoice
from investigations.presentation.lifeline.lanes import Drawing, EventsLink, build_groups, build_lane, merge_marks
from investigations.presentation.lifeline.picture import (
    Axis,
    BarGroup,
    Brush,
    Caption,
    Flag,
    Ground,
    Lane,
    Mark,
    Switch,
)
from investigations.presentation.lifeline.scale import SAME, Scale, build_scale
from investigations.presentation.lifeline.words import name_zone, write_clock, write_moment
from investigations.presentation.lineage_rows import FoldRow, LineageRow, TokenRow
from investigations.search_url import search_address
from trail.questions.drawn_lineage import DrawnEvents, DrawnLineage
from trail.questions.lifeline import LaneFigures
from trail.questions.lineage import LineageNode
from trail.search.spec import Filter, Search
from trail.times import format_time, parse_time

HIGH, LOW, FOLDED_HIGH = 60, 36, 26
BAR_Y, BAR_HEIGHT = 34, 7
STROKE = 3  # pixels by which a stroke of the actor who is chosen stands out of the bar
LABELLED = 12  # rows with a caveat and two small lines; of more, one line each
NEWCOMERS = 2
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class LifeBar:
    """While a token could be used: from its birth to its end. `state` is how it ended, `kind` how it came to be."""

    x: float
    width: float
    y: float
    state: str
    kind: str

    @property
    def end(self) -> float:
        """Where it ends."""
        return round(self.x + self.width, 2)


@dataclass(frozen=True, slots=True)
class TokenLane:
    """One row: a token, or some that are folded. `lane` is what happened, `acted` what the actor did who is chosen, `birth`
    where it began if that is drawn, `mark` its beginning, `label` what was added, `uses` how it was used in words."""

    row: LineageRow
    height: int
    indent: int
    lane: Lane | None = None
    bar: LifeBar | None = None
    mark: Mark | None = None
    label: Caption | None = None
    narrow: str = ""
    acted: Lane | None = None
    birth: float | None = None
    uses: str = ""

    @property
    def fold(self) -> FoldRow | None:
        """The folded ones, if it is a row of these."""
        return self.row if isinstance(self.row, FoldRow) else None

    @property
    def node(self) -> LineageNode | None:
        """The token, if it is one."""
        return self.row.node if isinstance(self.row, TokenRow) else None


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """From the bar of a parent down to that of a child, where the child began."""

    x: float
    y1: float
    y2: float
    is_inferred: bool


@dataclass(frozen=True, slots=True)
class LineagePicture:
    """A lineage as it is drawn; `label` tells its story in a sentence."""

    label: str
    scales: tuple[Switch, ...]
    flags: tuple[Caption, ...]
    ground: Ground
    lanes: tuple[TokenLane, ...]
    edges: tuple[EdgeLine, ...]
    height: int
    axis: Axis
    zone_name: str
    is_dense: bool
    brush: Brush
    hidden: tuple[tuple[str, str], ...]
    typed: tuple[str, str]
    all_url: str
    action: str = ""


def build_lineage_picture(
    drawn: DrawnLineage, rows: Sequence[LineageRow], choice: LifelineChoice, *, now: int
) -> LineagePicture:
    """The picture of the chosen rows."""
    lives = {row.node.ref: _find_life(row.node, drawn, now) for row in rows if isinstance(row, TokenRow)}
    marked = list(_choose_flags(drawn, [row.node for row in rows if isinstance(row, TokenRow)]))
    scale = _build_scale(drawn, lives, marked, choice, now)
    flags = [flag for flag in marked if scale.start <= flag.time <= scale.end]
    is_dense = len(rows) > LABELLED
    lanes = tuple(_build_row(row, drawn, lives, scale, is_dense=is_dense) for row in rows)
    ends = [flag.time for flag in marked if flag.kind == "revoked"]
    end = max(ends, default=None) if not drawn.lineage.alive else None
    return LineagePicture(
        label=_tell(drawn, rows, lives),
        scales=choice.name_scales(),
        flags=build_flags(flags, scale),
        ground=build_ground(scale, flags, end),
        lanes=lanes,
        edges=tuple(_join(lanes)),
        height=sum(lane.height for lane in lanes),
        axis=build_axis(scale),
        zone_name=name_zone(),
        is_dense=is_dense,
        brush=build_brush(drawn.overview, scale, end, now),
        hidden=choice.list_hidden(),
        typed=choice.typed,
        all_url=choice.write_url(**{"from": "", "to": ""}),
    )


def _find_life(node: LineageNode, drawn: DrawnLineage, now: int) -> tuple[int, int]:
    """From when to when a token could be used, as far as the trail has recorded."""
    figures = drawn.lanes.get(node.ref)
    end = parse_time(node.status.since) if node.status.since else now
    start = figures.first.time if figures else end
    return min(start, end), end


def _choose_flags(drawn: DrawnLineage, nodes: Sequence[LineageNode]) -> Iterator[Flag]:
    """Each end by revocation with how many it took, and the addresses that came after the first."""
    ends: dict[str, int] = {}
    for node in nodes:
        if node.status.state == "revoked" and node.status.since:
            ends[node.status.since] = ends.get(node.status.since, 0) + 1
    for since, number in sorted(ends.items(), key=lambda end: -end[1])[:3]:
        whole = f", all {number:,}" if number > 1 and number == drawn.lineage.tokens else ""
        time = parse_time(since)
        yield Flag(time, "revoked", f"revoked {write_clock(time, seconds=True)}{whole}", "revoked")
    for address in sorted(drawn.addresses.values, key=lambda value: value.first)[1 : 1 + NEWCOMERS]:
        yield Flag(
            _find_event(drawn, parse_time(address.first)),
            "first",
            f"first from {make_visible(address.value)[:40]}",
            "new",
        )


def _find_event(drawn: DrawnLineage, time: int) -> int:
    """The whole time of an event that is known to the millisecond, if it is among those that are listed."""
    listed: list[DrawnEvents | LaneFigures] = [*drawn.acted.values(), *drawn.denied.values(), *drawn.lanes.values()]
    times = {moment.time for events in listed for moment in events.moments}
    times |= {lane.first_accepted.time for lane in drawn.lanes.values() if lane.first_accepted}
    return min((other for other in times if 0 <= other - time < SAME), default=time)


def _build_scale(
    drawn: DrawnLineage, lives: Mapping[str, tuple[int, int]], flags: Sequence[Flag], choice: LifelineChoice, now: int
) -> Scale:
    times = [flag.time for flag in flags]
    for ref, (start, _) in lives.items():
        times.append(start)
        for events in (drawn.denied.get(ref), drawn.acted.get(ref)):
            times += [moment.time for moment in (events.moments if events else ())]
        if figures := drawn.lanes.get(ref):
            ends = (figures.first_accepted, figures.last_accepted)
            times += [moment.time for moment in (*ends, *(figures.moments if figures.is_listed else ())) if moment]
    start = parse_time(choice.start) if choice.start else min(times, default=now)
    end = parse_time(choice.end) if choice.end else max([now, *times])
    return build_scale(times, start=start, end=end, compressed=choice.is_compressed)


def _build_row(
    row: LineageRow, drawn: DrawnLineage, lives: Mapping[str, tuple[int, int]], scale: Scale, *, is_dense: bool
) -> TokenLane:
    if isinstance(row, FoldRow):
        return TokenLane(row, FOLDED_HIGH, min(row.depth, DEEPEST))
    node, (start, end) = row.node, lives[row.node.ref]
    figures = drawn.lanes.get(node.ref)
    is_attenuated = node.source is not None and not (figures and figures.first.kind == "issued")
    kind = "attenuated" if is_attenuated else "issued"
    birth = scale.place(start) if scale.start <= start <= scale.end else None
    return TokenLane(
        row,
        LOW + 8 if is_dense else HIGH,
        min(node.depth, DEEPEST),
        lane=_draw_events(node, figures, drawn, scale, end) if figures else None,
        bar=_draw_life(node, kind, (start, end), scale),
        mark=_mark_birth(node, kind, start, birth) if figures and birth is not None else None,
        label=None if is_dense or birth is None else _label_edge(node, is_attenuated, birth, scale),
        narrow=f"{make_visible(node.token_id or node.ref)[:24]} {node.source or ''}".strip(),
        acted=_draw_acts(node, figures, drawn, scale) if figures else None,
        birth=birth,
        uses=_describe_uses(node, figures),
    )


def _draw_life(node: LineageNode, kind: str, life: tuple[int, int], scale: Scale) -> LifeBar | None:
    """The bar of a token; its end is drawn where that lies within what is drawn, and nothing where all of it is outside."""
    start, end = life
    if start > scale.end or end < scale.start:
        return None
    x = scale.place(start)
    state = node.status.state if end <= scale.end else "alive"
    return LifeBar(x, round(max(scale.place(end) - x, 0.2), 2), BAR_Y, state, kind)


def _mark_birth(node: LineageNode, kind: str, start: int, x: float) -> Mark:
    url = search_address(_search_token(node)) or ""
    return Mark(x, BAR_Y + BAR_HEIGHT / 2, kind, f"{kind}, {write_moment(start)}", url, 13)


def _describe_uses(node: LineageNode, figures: LaneFigures | None) -> str:
    """How it is known what it came from, and how it was used."""
    if node.use is None:
        return f"{node.source}, never used" if node.source else "never used"
    denied = f"{node.use.refused:,} denied" if node.use.refused else ""
    accepted = f"{figures.accepted if figures else 0:,} accepted"
    return ", ".join(filter(None, (node.source, accepted, denied)))


def _search_token(node: LineageNode) -> Search:
    return Search(filters=(Filter("token.fingerprint" if node.fingerprint else "token.id", (node.ref,)),))


def _link_uses(node: LineageNode, *more: Filter) -> EventsLink:
    """Where the events of a token are found, from one time to another."""
    filters = (*_search_token(node).filters, *more)

    def link(first: int, last: int, lane: str | None, kind: str) -> str:
        return search_address(Search(filters=filters, start=format_time(first), end=format_time(last + 1))) or ""

    return link


def _draw_events(node: LineageNode, figures: LaneFigures, drawn: DrawnLineage, scale: Scale, end: int) -> Lane:
    """What happened to a token above its bar, without its own birth and end."""
    denied = drawn.denied[figures.value]
    if figures.is_listed:
        uses = tuple(moment for moment in figures.moments if moment.kind not in ("issued", "revoked", "restored"))
        figures = replace(figures, moments=uses, drawn=len(uses))
    drawing = Drawing(scale, _link_uses(node), denied.is_listed, end, firsts=False)
    lane = build_lane(figures, denied.moments, drawing, "token.id", slim=False)
    return replace(lane, spans=tuple(span for span in lane.spans if span.is_after))


def _draw_acts(node: LineageNode, figures: LaneFigures, drawn: DrawnLineage, scale: Scale) -> Lane | None:
    """What was accepted of the actor who is chosen, as strokes through the bar of the token; of many as bars upon it."""
    acted, actor = drawn.acted.get(node.ref), drawn.actor
    if acted is None or actor is None or not acted.total:
        return None
    drawing, top = Drawing(scale, _link_uses(node, actor), lists_denied=True), BAR_Y - STROKE
    base, who = BAR_Y + BAR_HEIGHT + STROKE, f" by {name_actor(actor)[:60]}"
    figures = replace(figures, moments=acted.moments, drawn=acted.total, bins=acted.bins)
    moments = acted.moments if acted.is_listed else ()
    strokes = merge_marks(moments, drawing, base, figures.value, top)
    groups = build_groups(figures, drawing, BAR_Y + BAR_HEIGHT, BAR_Y - 20)
    return Lane(
        name=figures.value,
        small="",
        url=None,
        icon="",
        height=base,
        groups=tuple(_as_actor(group, who) for group in groups),
        marks=tuple(replace(mark, kind="actor", label=mark.label + who) for mark in strokes),
    )


def _as_actor(group: BarGroup, who: str) -> BarGroup:
    bars = tuple(replace(bar, kind="actor") for bar in group.bars)
    return replace(group, bars=bars, label=group.label + who)


def _label_edge(node: LineageNode, is_attenuated: bool, x: float, scale: Scale) -> Caption | None:
    """What the edge added, below the beginning of the bar."""
    if node.source is None:
        return None
    if node.added:
        text = "+ " + ", ".join(make_visible(caveat).strip('"') for caveat in node.added)
    elif node.added is None:
        text = "what was added is not on record"
    else:
        text = "no caveat added" if is_attenuated else "issued with it, no caveat added"
    characters = max(int((100 - x) * 9.6 / 6.2) - 2, 0)
    if characters < 8:
        return None
    text = text if len(text) <= min(characters, 60) else text[: min(characters, 60) - 1] + "…"
    return Caption(x, BAR_Y + 20, text, "ll-t" if node.added else "", "start", 9, "ll-mid")


def _join(lanes: Sequence[TokenLane]) -> Iterator[EdgeLine]:
    middles: dict[str, float] = {}
    top = 0
    for lane in lanes:
        y = top + BAR_Y + BAR_HEIGHT / 2
        if isinstance(lane.row, TokenRow):
            middles[lane.row.node.ref] = y
            if lane.row.parent in middles and lane.birth is not None:
                yield EdgeLine(lane.birth, middles[lane.row.parent], y, lane.row.node.source == "inferred")
        top += lane.height


def _tell(drawn: DrawnLineage, rows: Sequence[LineageRow], lives: Mapping[str, tuple[int, int]]) -> str:
    parts = []
    for row in rows[:LABELLED]:
        if isinstance(row, TokenRow):
            start, end = lives[row.node.ref]
            name = make_visible(row.node.token_id or row.node.ref)[:60]
            state = f", {row.node.status.state} {write_moment(end)}" if row.node.status.since else ""
            parts.append(f"{name} from {write_moment(start)}{state}")
    more = f", and {drawn.lineage.tokens - len(parts):,} more" if drawn.lineage.tokens > len(parts) else ""
    return f"{drawn.lineage.tokens:,} tokens: {'; '.join(parts)}{more}. The table below has the same figures."
