"""Builds what stands beside a search to narrow it: ranges of time, facets and filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from django.urls import reverse
from django.utils.http import urlencode

from investigations.presentation.columns import LABELS
from investigations.presentation.pinned_filters import WITHOUT_CONSOLE
from investigations.presentation.times import format_day, split_clock
from investigations.presentation.timespans import TimeRange
from trail.schema import COMMON_FACETS
from trail.search.describe import describe_filter
from trail.search.execute import Page
from trail.search.facets import Facet
from trail.search.spec import STACK, Filter, Search
from trail.times import format_time, parse_relative, parse_time

Link = Callable[[Search], str]
# Values that are shown of a field, and of those that are narrowed by less often.
SHOWN_VALUES, FEWER_VALUES = 5, 3
OUTCOMES = {"success": "accepted", "failure": "denied"}
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
class RangeLinks:
    """Where the range of time leads: well-known ranges (name, address, whether it is this one), and those beside it."""

    quick: list[tuple[str, str, bool]]
    earlier: str | None = None
    later: str | None = None
    wider: str | None = None
    narrower: str | None = None


def build_range_links(search: Search, absolute: Search, page: Page | None, link: Link) -> RangeLinks:
    """The ranges beside that of a search; `absolute` is the same with absolute times. An open end is where its events end."""
    quick = [
        (name, link(replace(search, start=start, end=None)), (search.start, search.end) == (start, None))
        for name, start in QUICK
    ]
    begin = absolute.start or (page.first if page else None)
    end = absolute.end or (page.last if page else None)
    if not (begin and end):
        return RangeLinks(quick)
    shown = TimeRange(parse_time(begin), parse_time(end) + (0 if absolute.end else 1))

    def link_to(other: TimeRange) -> str:
        start, stop = other.words()
        return link(replace(search, start=start, end=stop))

    is_bounded = bool(absolute.start or absolute.end)
    return RangeLinks(
        quick,
        earlier=link_to(shown.earlier()) if absolute.start else None,
        later=link_to(shown.later()) if absolute.end else None,
        wider=link_to(shown.wider()) if is_bounded else None,
        narrower=link_to(shown.narrower()) if shown.length > 1 else None,
    )


def describe_times(search: Search) -> str:
    """The range of time of a search in a few words, as the button shows it."""
    for name, start in QUICK:
        if (search.start, search.end) == (start, None):
            return name
    if search.start and search.end:
        return f"{_describe_end(search.start)} to {_describe_end(search.end)}"
    return f"Since {_describe_end(search.start)}" if search.start else f"Until {_describe_end(search.end or '')}"


def _describe_end(time: str) -> str:
    if parse_relative(time) is not None:
        return time
    whole = format_time(parse_time(time))
    day, clock = format_day(whole), split_clock(whole)[0]
    return day if clock == "00:00:00" else f"{day}, {clock.removesuffix(':00')}"


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet, as it is and as it is shown; `share` of all events in percent, `chip` the filter that leaves it out.

    `include` and `exclude` are the addresses of the searches that keep to it, and without it, which beside a search a form does.
    """

    value: str
    shown: str
    count: int
    share: int
    include: str
    exclude: str
    chip: str
    active: bool


@dataclass(frozen=True, slots=True)
class FacetSection:
    """A field with its commonest values; `others` events have further values, a count may be `error` too small."""

    name: str
    label: str
    values: list[FacetValue]
    others: int
    error: int


def build_facets(facets: Mapping[str, Facet], total: int, search: Search, link: Link) -> list[FacetSection]:
    """The commonest values beside a search of so many events; fields without any are left out."""
    here = link(search)
    here += "" if here.endswith("?") else "&"
    return [_facet(name, facet, total, search, link, here) for name, facet in facets.items() if facet.values]


def _facet(name: str, facet: Facet, total: int, search: Search, link: Link, here: str) -> FacetSection:
    values = []
    most = SHOWN_VALUES if name in COMMON_FACETS else FEWER_VALUES
    for value, count in facet.values[:most]:
        chip = Filter(name, (value,))
        active = chip in search.filters
        values.append(
            FacetValue(
                value=value,
                shown=OUTCOMES.get(value, value) if name == STACK else value,
                count=count,
                share=round(count * 100 / total) if total else 0,
                include=link(search.without_filter(chip)) if active else f"{here}f={quote_plus(str(chip))}",
                exclude="",
                chip=f"-{chip}",
                active=active,
            )
        )
    others = facet.others + sum(count for _, count in facet.values[most:])
    return FacetSection(name, LABELS.get(name, name).lower(), values, others, facet.error)


def build_facet_values(
    name: str, counted: Sequence[tuple[str, int]], total: int, search: Search, link: Link
) -> list[FacetValue]:
    """Values of a field with their share of `total`, and the searches that keep to one or leave it out."""
    return [_facet_value(Filter(name, (value,)), count, total, search, link) for value, count in counted]


def _facet_value(chip: Filter, count: int, total: int, search: Search, link: Link) -> FacetValue:
    active, without = chip in search.filters, search.without_filter(chip)
    return FacetValue(
        value=chip.values[0],
        shown=OUTCOMES.get(chip.values[0], chip.values[0]) if chip.field == STACK else chip.values[0],
        count=count,
        share=round(count * 100 / total) if total else 0,
        include=link(without if active else search.with_filter(chip)),
        exclude=link(without.with_filter(replace(chip, negated=True))),
        chip=f"-{chip}",
        active=active,
    )


@dataclass(frozen=True, slots=True)
class ChipAction:
    """Something that can be done to a filter, and where: by a link, or where it changes what is pinned by sending a form."""

    label: str
    url: str
    post: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter as a page shows it: `value` is how an address writes it, `text` how people read it.

    `is_pinned` if this person has pinned it, `is_console` if it leaves out the console's own events.
    """

    value: str
    text: str
    filter: Filter
    is_pinned: bool
    actions: tuple[ChipAction, ...]
    removed: ChipAction
    is_console: bool = False


@dataclass(frozen=True, slots=True)
class AbsentPin:
    """A filter that is pinned and not in the search that is shown, and where it is added to it, or unpinned."""

    text: str
    filter: Filter
    added: str
    removed: str


def build_chips(search: Search, link: Link, pinned: Sequence[Filter] = ()) -> list[Chip]:
    """The filters of a search, in force or not, each with what can be done to it."""
    return [_chip(chip, chip in pinned, search, link) for chip in search.filters]


def _chip(chip: Filter, is_pinned: bool, search: Search, link: Link) -> Chip:
    def action(label: str, new: Filter | None) -> ChipAction:
        if is_pinned or (new is not None and new.pinned and not chip.pinned):
            return ChipAction(label, _pin_url(chip, new), post=True)
        changed = search.with_instead(chip, new) if new else search.without_filter(chip)
        return ChipAction(label, link(changed), post=False)

    pin = ChipAction("Pin: keep it in other searches", _pin_url(chip, replace(chip, pinned=True)), post=True)
    unpin = ChipAction("Unpin", _pin_url(chip, replace(chip, pinned=False)), post=True)
    actions = (
        action("Turn round: is" if chip.negated else "Turn round: is not", replace(chip, negated=not chip.negated)),
        action("Use it again" if chip.disabled else "Set it aside", replace(chip, disabled=not chip.disabled)),
        unpin if is_pinned else pin,
    )
    return Chip(
        value=str(chip),
        text=describe_filter(chip),
        filter=chip,
        is_pinned=is_pinned,
        actions=actions,
        removed=_remove_console(search, link) if chip == WITHOUT_CONSOLE and not is_pinned else action("Remove", None),
        is_console=chip == WITHOUT_CONSOLE,
    )


def _remove_console(search: Search, link: Link) -> ChipAction:
    """To the search with the console's own events, which says so: one that is merely begun would leave them out again."""
    address = link(search.without_filter(WITHOUT_CONSOLE))
    shown = "" if "console=shown" in address else "console=shown"
    return ChipAction("Remove", f"{address}{'' if address.endswith('?') or not shown else '&'}{shown}", post=False)


def build_absent_pins(filters: Sequence[Filter]) -> list[AbsentPin]:
    """What is pinned and not in the search that is shown."""
    return [
        AbsentPin(text=describe_filter(chip), filter=chip, added=_pin_url(chip, chip), removed=_pin_url(chip, None))
        for chip in filters
    ]


def _pin_url(old: Filter, new: Filter | None) -> str:
    """Where one filter takes the place of another among what is pinned, and in the search that is sent along."""
    return f"{reverse('search_pin')}?{urlencode({'old': str(old), 'new': str(new) if new else ''})}"
