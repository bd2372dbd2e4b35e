"""Builds the page that shows two searches side by side."""

from dataclasses import dataclass

from investigations.presentation import histogram, search_description
from investigations.presentation.histogram import Chart
from investigations.search_url import search_address
from trail.questions.comparison import ComparedValue, Comparison, FieldComparison, SearchSide
from trail.search.execute import Page
from trail.search.spec import Filter, Search

# Values of one field on a page of all fields, and on the field's own.
SHOWN, SHOWN_ALONE = 12, 2_000


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One value: its numbers, the change in words, and where each side's events are."""

    pair: ComparedValue
    change: str
    left_url: str | None
    right_url: str | None


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """The head of one side."""

    words: str
    url: str | None
    total: int
    chart: Chart
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field's rows, how many `more` there are, and how many values are new on the right or gone from the left."""

    compared: FieldComparison
    rows: list[ComparedRow]
    more: int
    new: int
    missing: int


def build_sides(comparison: Comparison) -> list[ComparedSide]:
    """Both sides' heads, left first."""
    return [_side(side) for side in (comparison.left, comparison.right)]


def _side(side: SearchSide) -> ComparedSide:
    page = Page(hits=[], total=side.total, bars=side.bars, facets={}, first=side.first, last=side.last)
    return ComparedSide(
        words=search_description.describe_search(side.search),
        url=search_address(side.search),
        total=side.total,
        chart=histogram.build_chart(page, side.search, lambda search: search_address(search) or "#"),
        first=side.first,
        last=side.last,
    )


def build_fields(comparison: Comparison, alone: str = "") -> list[ComparedField]:
    """Every field that differs, those with something new first; or the one named `alone`, whole."""
    most = SHOWN_ALONE if alone else SHOWN
    fields = [_field(field, comparison, most) for field in comparison.fields if _is_shown(field, alone)]
    return sorted(fields, key=lambda field: not field.new)


def _is_shown(field: FieldComparison, alone: str) -> bool:
    if alone:
        return field.name == alone
    return bool(field.pairs or field.rarer_left or field.rarer_right)


def _field(field: FieldComparison, comparison: Comparison, most: int) -> ComparedField:
    left, right = comparison.left.search, comparison.right.search
    rows = [
        ComparedRow(
            pair=pair,
            change=_describe_change(pair),
            left_url=_address_of_value(left, field.name, pair.value),
            right_url=_address_of_value(right, field.name, pair.value),
        )
        for pair in field.pairs[:most]
    ]
    states = [pair.state for pair in field.pairs]
    return ComparedField(
        compared=field,
        rows=rows,
        more=len(field.pairs) - len(rows),
        new=states.count("new"),
        missing=states.count("gone"),
    )


def _address_of_value(search: Search, name: str, value: str) -> str | None:
    return search_address(search.with_filter(Filter(name, (value,))))


def _describe_change(pair: ComparedValue) -> str:
    """new, gone, or how many times as frequent: ×3.2 more, ×1.5 less."""
    if pair.ratio is None:
        return pair.state
    times = max(pair.ratio, 1 / pair.ratio)
    return f"×{times:,.2f} {pair.state}" if times < 10 else f"×{times:,.0f} {pair.state}"
