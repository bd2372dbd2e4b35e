"""What stands beside a search to narrow it: times, facets, chips, column heads. Nothing here asks the trail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from investigations.timespans import Span, read
from trail.search.execute import Facet, Page
from trail.search.spec import Filter, Search
from trail.search.words import worded

Link = Callable[[Search], str]
QUICK = (
    ("Last 15 minutes", "now-15m"),
    ("Last hour", "now-1h"),
    ("Last 24 hours", "now-24h"),
    ("Last 7 days", "now-7d"),
    ("Last 30 days", "now-30d"),
    ("Last 90 days", "now-90d"),
    ("Last year", "now-1y"),
    ("All of history", None),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Where the range of time leads: well-known ranges (name, address, whether it is this one), and those beside it."""

    quick: list[tuple[str, str, bool]]
    earlier: str | None
    later: str | None
    wider: str | None
    narrower: str | None


def times(search: Search, now: Search, page: Page | None, link: Link) -> Times:
    """The ranges beside that of a search; `now` is the same with absolute times. An open end is where its events end."""
    quick = [
        (name, link(replace(search, start=start, end=None)), (search.start, search.end) == (start, None))
        for name, start in QUICK
    ]
    begin, end = now.start or (page.first if page else None), now.end or (page.last if page else None)
    if not (begin and end):
        return Times(quick, None, None, None, None)
    span = Span(read(begin), read(end) + (0 if now.end else 1))

    def to(other: Span) -> str:
        begin, end = other.words()
        return link(replace(search, start=begin, end=end))

    bounded = bool(now.start or now.end)
    return Times(
        quick,
        earlier=to(span.earlier()) if now.start else None,
        later=to(span.later()) if now.end else None,
        wider=to(span.wider()) if bounded else None,
        narrower=to(span.narrower()) if span.length > 1 else None,
    )


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet; `share` of all events in percent."""

    value: str
    count: int
    share: int
    include: str
    exclude: str
    active: bool


def facets(page: Page, search: Search, link: Link) -> list[tuple[str, list[FacetValue], Facet]]:
    """The commonest values beside a search: fields in the schema's order, those without any left out."""
    return [
        (name, facet_values(name, facet.values, page.total, search, link), facet)
        for name, facet in page.facets.items()
        if facet.values
    ]


def facet_values(
    name: str, counted: Sequence[tuple[str, int]], total: int, search: Search, link: Link
) -> list[FacetValue]:
    """Values of a field with their share of `total`, and the searches that keep to one or leave it out."""
    found = []
    for value, count in counted:
        chip = Filter(name, (value,))
        active = chip in search.filters
        found.append(FacetValue(
            value=value, count=count, share=round(count * 100 / total) if total else 0,
            include=link(search.without_filter(chip) if active else search.with_filter(chip)),
            exclude=link(search.without_filter(chip).with_filter(Filter(name, (value,), negated=True))), active=active,
        ))  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter as a page shows it: `value` is how an address writes it, `text` how people read it, and where its marks lead."""

    value: str
    text: str
    filter: Filter
    removed: str
    negated: str
    disabled: str
    pinned: str


def chips(search: Search, link: Link) -> list[Chip]:
    """The filters, in force or not, each with the addresses without it and with it changed."""

    def changed(old: Filter, new: Filter) -> str:
        return link(search.with_instead(old, new))

    return [
        Chip(
            value=str(chip),
            text=worded(chip),
            filter=chip,
            removed=link(search.without_filter(chip)),
            negated=changed(chip, replace(chip, negated=not chip.negated)),
            disabled=changed(chip, replace(chip, disabled=not chip.disabled)),
            pinned=changed(chip, replace(chip, pinned=not chip.pinned)),
        )
        for chip in search.filters
    ]
