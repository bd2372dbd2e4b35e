"""What stands beside a search to narrow it: times, facets, chips, column heads. Nothing here asks the trail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.http import urlencode

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
class Mark:
    """Something that can be done to a chip, and where: by a link, or where it changes what is pinned by sending a form."""

    label: str
    url: str
    post: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter as a page shows it: `value` is how an address writes it, `text` how people read it; `held` if the person
    has pinned it."""

    value: str
    text: str
    filter: Filter
    held: bool
    marks: tuple[Mark, ...]
    removed: Mark


@dataclass(frozen=True, slots=True)
class Away:
    """A filter that is pinned and not in the search that is shown, and where it is added to it, or unpinned."""

    text: str
    filter: Filter
    added: str
    removed: str


def chips(search: Search, link: Link, held: Sequence[Filter] = ()) -> list[Chip]:
    """The filters of a search, in force or not, each with what can be done to it."""
    return [_chip(chip, chip in held, search, link) for chip in search.filters]


def _chip(chip: Filter, held: bool, search: Search, link: Link) -> Chip:
    def mark(label: str, new: Filter | None) -> Mark:
        if held or (new is not None and new.pinned and not chip.pinned):
            return Mark(label, _pin(chip, new), post=True)
        return Mark(label, link(search.with_instead(chip, new) if new else search.without_filter(chip)), post=False)

    pinned = Mark("Unpin", _pin(chip, replace(chip, pinned=False)), post=True)
    if not held:
        pinned = Mark("Pin: keep it in other searches", _pin(chip, replace(chip, pinned=True)), post=True)
    marks = (
        mark("Turn round: is" if chip.negated else "Turn round: is not", replace(chip, negated=not chip.negated)),
        mark("Use it again" if chip.disabled else "Set it aside", replace(chip, disabled=not chip.disabled)),
        pinned,
    )
    return Chip(str(chip), worded(chip), chip, held, marks, removed=mark("Remove", None))


def away(filters: Sequence[Filter]) -> list[Away]:
    """What is pinned and not in the search that is shown."""
    return [Away(worded(chip), chip, added=_pin(chip, chip), removed=_pin(chip, None)) for chip in filters]


def _pin(old: Filter, new: Filter | None) -> str:
    """Where one filter takes the place of another among what is pinned, and in the search that is sent along."""
    return f"{reverse('search_pin')}?{urlencode({'old': str(old), 'new': str(new) if new else ''})}"
