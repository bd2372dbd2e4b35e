"""From what the trail answers to what a template shows: cells and where they lead. Nothing here asks the trail."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from investigations.entities import LONGEST, TOKENS, page_of
from investigations.marks import Mark, marks
from trail.events import flatten, get
from trail.schema import BY_NAME, IDENTIFIERS, Kind, field_of
from trail.search.execute import Hit
from trail.search.spec import Filter, Search

# The pages of a token by the questions that they answer.
TOKEN_PAGES = (
    ("When was it first used, and from where?", "token_detail"),
    ("What it comes from, what was derived from it", "token_lineage"),
    ("What did it do before it was revoked?", "token_compromise"),
)
# Controls, zero-width characters and tags, and those that change the direction of what follows (UAX #9).
_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb"
    "\\U000e0000-\\U000e007f]"
)
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
    """One event in a table; `marks` say in which ways it is a first."""

    event_id: str
    url: str
    cells: tuple[Cell, ...]
    marks: tuple[Mark, ...] = ()


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
        if field in TOKENS:
            found += [(label, reverse(name, args=[value])) for label, name in TOKEN_PAGES]
    if base is not None and link is not None:
        found.append(("Filter for it", link(base.with_filter(Filter(field, (value,))))))
        if field in TOKENS:
            within = {"token": value, **base.to_query()}
            found.append(("This search within its lifetime", f"{reverse('search_lifetime')}?{urlencode(within, True)}"))
        found.append(("Filter it out", link(base.with_filter(Filter(field, (value,), negated=True)))))
    alone = Search(filters=(Filter(field, (value,)),))
    found.append(("Search for it alone", f"{reverse('search_begin')}?{urlencode(alone.to_query(), doseq=True)}"))
    return [(label, url) for label, url in found if len(url) < LONGEST]  # a longer one no server takes


def rows(
    hits: Sequence[Hit], columns: Sequence[str], base: Search | None = None, link: Link | None = None,
    firsts: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Row]:  # fmt: skip
    """Events as rows of a table; `firsts` says of which kinds each is a first."""
    return [
        Row(
            event_id=hit.event_id,
            url=reverse("event_detail", args=[hit.event_id]),
            cells=tuple(cell(name, get(hit.document, name), base, link) for name in columns),
            marks=marks(firsts.get(hit.event_id, ())),
        )
        for hit in hits
    ]


def fields(document: dict[str, Any]) -> list[tuple[str, Cell]]:
    """Each field of an event with its value, in the schema's order; the source record is shown apart."""
    found = {name: value for name, value in flatten(document) if name not in ("raw", "event.original")}
    order = {name: number for number, name in enumerate(BY_NAME)}
    return [(name, cell(name, found[name])) for name in sorted(found, key=lambda name: order.get(name, len(order)))]
