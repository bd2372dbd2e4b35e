"""Holds a lifeline as it is drawn: every place across in percent, every place down in pixels, and every text as it is shown."""

from dataclasses import dataclass

from investigations.presentation.lifeline.scale import Scale

# Below which width of the picture a word is left out: the name of the class that says so.
TIERS = (("", 340), ("ll-mid", 600), ("ll-wide", 960))
# The symbols of components/_marks.html whose ids are not the kind itself.
SYMBOLS = {"issued": "issue", "attenuated": "att", "revoked": "rev", "accepted": "use"}


@dataclass(frozen=True, slots=True)
class Caption:
    """A short text at a place. `look` and `tier` are classes of the style sheet."""

    x: float
    y: float
    text: str
    look: str = ""
    anchor: str = "start"
    dx: float = 0
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One event, or a few at one place, as a symbol that leads to it and has a name. A use is a stroke from `top` to `y`."""

    x: float
    y: float
    kind: str
    label: str
    url: str
    size: float = 12
    top: float = 0

    @property
    def symbol(self) -> str:
        """The id of its symbol, without what all begin with."""
        return SYMBOLS.get(self.kind, self.kind)

    @property
    def offset(self) -> float:
        """Where the symbol begins so that its middle is at its place."""
        return -self.size / 2


@dataclass(frozen=True, slots=True)
class BarPart:
    """One bar of a small histogram: a link of its own it is not."""

    x: float
    width: float
    y: float
    height: float
    kind: str = "use"


@dataclass(frozen=True, slots=True)
class BarGroup:
    """The bars of one stretch, which lead together to their events and have one name."""

    x: float
    width: float
    bars: tuple[BarPart, ...]
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Span:
    """A line along a lane: while something lived, or after it had ended. One of a `kind` has a name and may have an address."""

    x1: float
    x2: float
    y: float
    is_after: bool = False
    kind: str = ""
    label: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A lane without words, for the last column of a table."""

    bars: tuple[BarPart, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the picture: its name, a small second line, and what happened. `icon` is the outline of its kind."""

    name: str
    small: str
    url: str | None
    icon: str
    height: int
    spans: tuple[Span, ...] = ()
    groups: tuple[BarGroup, ...] = ()
    marks: tuple[Mark, ...] = ()
    words: tuple[Caption, ...] = ()
    spark: Sparkline = Sparkline((), ())
    badge: tuple[str, str] | None = None

    @property
    def is_slim(self) -> bool:
        """Whether it is one of the lower lanes."""
        return self.height < 40

    @property
    def hit(self) -> int:
        """How high the part of a group is that can be pressed."""
        return self.height - 8


@dataclass(frozen=True, slots=True)
class VerticalLine:
    """A vertical line through all lanes: `revoked` or `first`."""

    x: float
    kind: str


@dataclass(frozen=True, slots=True)
class Flag:
    """What a vertical line marks: a time, its kind, what it says, and what it says where there is little room."""

    time: int
    kind: str
    text: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """What lasted from one time to another, as a line below the words of the flags: `exposed for 13 d 14 h`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Zone:
    """The time after an end, tinted and hatched; a band at the top where it would cover most of the picture."""

    x: float
    width: float
    is_band: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies behind all lanes: breaks as (x, width), the zone and the vertical lines."""

    breaks: tuple[tuple[float, float], ...] = ()
    zone: Zone | None = None
    lines: tuple[VerticalLine, ...] = ()


@dataclass(frozen=True, slots=True)
class AxisBreak:
    """A break on the axis: its ends, its middle, and its length in words where there is room."""

    x1: float
    x2: float
    middle: float
    word: Caption | None


@dataclass(frozen=True, slots=True)
class Axis:
    """Ticks, the words at them, and the breaks with their lengths."""

    ticks: tuple[float, ...]
    words: tuple[Caption, ...]
    breaks: tuple[AxisBreak, ...] = ()


@dataclass(frozen=True, slots=True)
class Brush:
    """All of the time, even: a bar a step, months, and a box on what is drawn. `start` and `end` are milliseconds since 1970."""

    says: str
    bars: tuple[BarPart, ...]
    ticks: tuple[Caption, ...]
    box: tuple[float, float]
    line: float | None
    start: int
    end: int

    @property
    def right(self) -> float:
        """Where the box ends."""
        return round(self.box[0] + self.box[1], 2)


@dataclass(frozen=True, slots=True)
class Switch:
    """One choice of a row of them, as a link."""

    name: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole lifeline. `label` tells its story in a sentence; `more` says how many values have no lane.

    `extent` are the ends of the line below the flags, in percent.
    """

    label: str
    lanes_by: tuple[Switch, ...]
    scales: tuple[Switch, ...]
    flags: tuple[Caption, ...]
    ground: Ground
    lanes: tuple[Lane, ...]
    axis: Axis
    brush: Brush
    legend: tuple[tuple[str, str], ...]
    more: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    typed: tuple[str, str] = ("", "")
    all_url: str = ""
    action: str = ""
    zone_name: str = "UTC"
    head: str = "Lifeline"
    scale: Scale | None = None
    extent: tuple[float, float] | None = None
