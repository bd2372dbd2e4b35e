"""Two searches side by side as a template shows them. Nothing here asks the trail."""

from dataclasses import dataclass

from investigations import charts, using, wording
from investigations.charts import Chart
from trail.questions.compare import Compared, Comparison, Pair, Side
from trail.search.execute import Page
from trail.search.spec import Filter, Search

# Values of one field on a page of all fields, and on the field's own.
SHOWN, SHOWN_ALONE = 12, 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One value: its numbers, the change in words, and where each side's events are."""

    pair: Pair
    change: str
    left_url: str | None
    right_url: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One side's head."""

    words: str
    url: str | None
    total: int
    chart: Chart
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field's rows, how many more there are, and how many of each state."""

    compared: Compared
    rows: list[Row]
    more: int
    new: int
    gone: int


def columns(found: Comparison) -> list[Column]:
    """Both sides' heads, left first."""
    return [_column(side) for side in (found.left, found.right)]


def _column(side: Side) -> Column:
    page = Page(hits=[], total=side.total, bars=side.bars, facets={}, first=side.first, last=side.last)
    chart = charts.histogram(page, side.search, lambda search: using.address_of(search) or "#")
    return Column(
        wording.in_words(side.search), using.address_of(side.search), side.total, chart, side.first, side.last
    )


def fields(found: Comparison, alone: str = "") -> list[Field]:
    """Every field that differs, those with something new first; or one of them, whole."""
    most = SHOWN_ALONE if alone else SHOWN
    made = [
        _field(one, found, most)
        for one in found.fields
        if one.name == alone or (not alone and (one.pairs or one.rarer_left or one.rarer_right))
    ]
    return sorted(made, key=lambda one: not one.new)


def _field(one: Compared, found: Comparison, most: int) -> Field:
    rows = [
        Row(pair, _change(pair), _only(found.left.search, one.name, pair), _only(found.right.search, one.name, pair))
        for pair in one.pairs[:most]
    ]
    states = [pair.state for pair in one.pairs]
    return Field(one, rows, len(one.pairs) - len(rows), states.count("new"), states.count("gone"))


def _only(search: Search, name: str, pair: Pair) -> str | None:
    return using.address_of(search.with_filter(Filter(name, (pair.value,))))


def _change(pair: Pair) -> str:
    """new, gone, or how many times as frequent: ×3.2 more, ×1.5 less."""
    if pair.ratio is None:
        return pair.state
    times = max(pair.ratio, 1 / pair.ratio)
    return f"×{times:,.2f} {pair.state}" if times < 10 else f"×{times:,.0f} {pair.state}"
