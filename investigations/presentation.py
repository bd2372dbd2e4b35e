"""From what the trail answers to what a template shows: links, cells, bars. Nothing here asks the trail."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from investigations.entities import page_of
from trail.events import flatten, get
from trail.schema import BY_NAME, IDENTIFIERS, Kind, field_of
from trail.search.execute import Bar, Facet, Hit, Page
from trail.search.spec import SORTABLE, Filter, Search

# The questions each kind of identifier can be asked.
QUESTIONS = {
    "token": (
        ("When was it first used, and from where?", "question_first_use", "token"),
        ("What did it do before it was revoked?", "question_before_revocation", "token"),
    ),
}
ASKS = {"token.id": "token", "token.fingerprint": "token", "token.parent_fingerprint": "token"}
WIDTH, HEIGHT = 960, 84
# Controls, zero-width characters, and those that change the direction of what follows (UAX #9).
_UNSEEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]")
Link = Callable[[Search], str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as a page shows it. `kind` picks its look; `links` are where an identifier leads."""

    field: str
    text: str
    kind: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One event in a table."""

    event_id: str
    url: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: from `y` down, `height` high."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class BarShape:
    """One bar of the histogram with what it leads to."""

    x: float
    width: float
    segments: tuple[Segment, ...]
    label: str
    url: str


def cell(field: str, value: Any, base: Search | None = None, link: Link | None = None) -> Cell:
    """A value of an event; given a search, its identifiers lead to narrower searches as well."""
    text = shown(value)
    known = field_of(field)
    if not text:
        return Cell(field, "", "empty")
    if field == "event.outcome":
        return Cell(field, text, "outcome")
    if known is not None and known.kind is Kind.TIME:
        return Cell(field, text, "time")
    if field in IDENTIFIERS:
        return Cell(field, text, "identifier", tuple(pivots(field, text, base, link)))
    return Cell(field, text, "mono" if known is not None and known.kind in (Kind.WILDCARD, Kind.OPAQUE) else "text")


def shown(value: Any) -> str:
    """A value in words."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(shown(one) for one in value)
        case dict():
            return ", ".join(f"{name}: {shown(one)}" for name, one in value.items())
        case _:
            return str(value)


def visible(text: str) -> str:
    """Text with its controls spelled out: an override of direction or a terminal escape shows itself, and does nothing."""
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", text)


def pivots(field: str, value: str, base: Search | None = None, link: Link | None = None) -> list[tuple[str, str]]:
    """Where an identifier leads: its page, its questions, then searches for it."""
    found = []
    if page := page_of(field, value):
        found.append(("Open its page", page))
        if field == "user.id":
            found.append(("What other tokens was this user ever issued?", f"{page}#tokens"))
    found += [
        (label, f"{reverse(name)}?{urlencode({parameter: value})}")
        for label, name, parameter in QUESTIONS.get(ASKS.get(field, ""), ())
    ]
    if base is not None and link is not None:
        found.append(("Filter for it", link(base.with_filter(Filter(field, (value,))))))
        found.append(("Filter it out", link(base.with_filter(Filter(field, (value,), negated=True)))))
    alone = Search(filters=(Filter(field, (value,)),))
    found.append(("Search for it alone", f"{reverse('search')}?{urlencode(alone.to_query(), doseq=True)}"))
    return found


def rows(
    hits: Sequence[Hit], columns: Sequence[str], base: Search | None = None, link: Link | None = None
) -> list[Row]:
    """Events as rows of a table."""
    return [
        Row(
            event_id=hit.event_id,
            url=reverse("event_detail", args=[hit.event_id]),
            cells=tuple(cell(name, get(hit.document, name), base, link) for name in columns),
        )
        for hit in hits
    ]


def fields(document: dict[str, Any]) -> list[tuple[str, Cell]]:
    """Each field of an event with its value, in the schema's order; the source record is shown apart."""
    found = {name: value for name, value in flatten(document) if name not in ("raw", "event.original")}
    order = {name: number for number, name in enumerate(BY_NAME)}
    return [(name, cell(name, found[name])) for name in sorted(found, key=lambda name: order.get(name, len(order)))]


def histogram(page: Page, search: Search, link: Link) -> list[BarShape]:
    """Bars by outcome; each leads to its own stretch of time."""
    most = max((bar.total for bar in page.bars), default=0)
    if not most:
        return []
    slot = WIDTH / len(page.bars)
    ends = [bar.start for bar in page.bars[1:]] + [_after_last(page.bars)]
    return [
        BarShape(
            x=round(number * slot, 2), width=round(max(slot - 1, 1), 2), segments=tuple(_segments(bar, most)),
            label=f"{bar.start}: {bar.total:,} events, {bar.counts.get('failure', 0):,} failed",
            url=link(replace(search, start=bar.start, end=end)),
        )
        for number, (bar, end) in enumerate(zip(page.bars, ends, strict=True))
    ]  # fmt: skip


def _segments(bar: Bar, most: int) -> list[Segment]:
    found, bottom = [], float(HEIGHT)
    for kind in ("success", "unknown", "failure"):
        if count := bar.counts.get(kind, 0):
            # One event among a million is still to be seen.
            height = round(max(count / most * (HEIGHT - 4), 1.5), 2)
            bottom = max(bottom - height, 0)
            found.append(Segment(kind, round(bottom, 2), height))
    return found


def _after_last(bars: Sequence[Bar]) -> str:
    if len(bars) < 2:
        return _plus(bars[-1].start, timedelta(seconds=1))
    first, last = (datetime.fromisoformat(bar.start) for bar in (bars[-2], bars[-1]))
    return _plus(bars[-1].start, last - first)


def _plus(time: str, step: timedelta) -> str:
    return (datetime.fromisoformat(time) + step).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


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
    found = []
    for name, facet in page.facets.items():
        if not facet.values:
            continue
        shapes = []
        for value, count in facet.values:
            chip = Filter(name, (value,))
            active = chip in search.filters
            shapes.append(FacetValue(
                value=value, count=count, share=round(count * 100 / page.total) if page.total else 0,
                include=link(search.without_filter(chip) if active else search.with_filter(chip)),
                exclude=link(search.without_filter(chip).with_filter(Filter(name, (value,), negated=True))), active=active,
            ))  # fmt: skip
        found.append((name, shapes, facet))
    return found


def chips(search: Search, link: Link) -> list[tuple[str, bool, str]]:
    """The filters in force: text, whether negated, and the address without it."""
    found = []
    for chip in search.filters:
        values = " or ".join(chip.values) if chip.values else "is there"
        found.append((f"{chip.field}: {values}", chip.negated, link(search.without_filter(chip))))
    return found


def heads(search: Search, link: Link) -> list[tuple[str, str | None, str | None]]:
    """Column heads: name, direction if sorted by it, and the address that sorts by it the other way."""
    found = []
    for name in search.columns:
        now = search.sort[1] if search.sort[0] == name else None
        then = "asc" if now == "desc" else "desc"
        found.append((name, now, link(replace(search, sort=(name, then))) if name in SORTABLE else None))
    return found
