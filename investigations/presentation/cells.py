"""Builds the cells of a table of events, with the links of their identifiers, and makes hostile text visible."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from django.utils.http import urlencode

from core.addresses import write_address
from investigations.presentation.first_seen import FirstSeenBadge, build_badges
from investigations.presentation.identifiers import TOKENS, page_address
from investigations.search_url import fits_address
from operations.sealing.record_signatures import RecordSignature, judge_records
from trail.documents import flatten, get
from trail.schema import BY_NAME, IDENTIFIERS, Kind, field_of
from trail.search.execute import Hit
from trail.search.language.parser import find_problem
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
class EventCell:
    """One value as a page shows it. `kind` picks its look; `links` are where an identifier leads."""

    field: str
    text: str
    kind: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event in a table; `badges` say in which ways it is a first one, `signature` whether it is the console's own record."""

    event_id: str
    url: str
    cells: tuple[EventCell, ...]
    badges: tuple[FirstSeenBadge, ...] = ()
    signature: RecordSignature | None = None


def build_cell(field: str, value: Any, base: Search | None = None, link: Link | None = None) -> EventCell:
    """A value of an event; given a search, its identifiers lead to narrower searches as well."""
    text = to_text(value)
    if not text:
        return EventCell(field, "", "empty")
    if field == "event.outcome":
        return EventCell(field, text, "outcome")
    if _has_kind(field, Kind.TIME):
        return EventCell(field, text, "time")
    if field in IDENTIFIERS:
        # Of several that one event has, the menu is about the first; the event's own page has one for each.
        first = to_text(value[0]) if isinstance(value, list) else text
        return EventCell(field, text, "identifier", tuple(build_pivots(field, first, base, link)))
    return EventCell(field, text, "mono" if _has_kind(field, Kind.WILDCARD, Kind.OPAQUE) else "text")


def _has_kind(name: str, *kinds: Kind) -> bool:
    field = field_of(name)
    return field is not None and field.kind in kinds


def to_text(value: Any) -> str:
    """A value in words."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(map(to_text, value))
        case dict():
            return ", ".join(f"{name}: {to_text(member)}" for name, member in value.items())
        case _:
            return str(value)


def make_visible(text: str) -> str:
    """Text with its controls spelled out: an override of direction or a terminal escape shows itself, and does nothing.
    A text of nothing but white space shows each."""
    if text.isspace():
        return "".join("␣" if character == " " else _spell_out(character) for character in text)
    return _UNSEEN.sub(lambda match: _spell_out(match.group()), text)


def _spell_out(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"


def build_pivots(field: str, value: str, base: Search | None = None, link: Link | None = None) -> list[tuple[str, str]]:
    """Where an identifier leads, as labels and addresses: its page, its questions, then searches for it."""
    links = _question_links(field, value)
    if base is not None and link is not None:
        links.append(("Filter for it", link(base.with_filter(Filter(field, (value,))))))
        if field in TOKENS:
            within = urlencode({"token": value, **base.to_query()}, doseq=True)
            links.append(("This search within its lifetime", f"{write_address('search_lifetime')}?{within}"))
        links.append(("Filter it out", link(base.with_filter(Filter(field, (value,), negated=True)))))
    alone = Search(filters=(Filter(field, (value,)),))
    links.append(("Search for it alone", f"{write_address('search_begin')}?{urlencode(alone.to_query(), doseq=True)}"))
    return [(label, url) for label, url in links if fits_address(url)]


def build_filter_links(field: str, value: str, base: Search, link: Link) -> list[tuple[str, str]]:
    """The searches that keep to a value of a field and leave it out; none for what cannot be searched by."""
    if field_of(field) is None or find_problem(field) is not None:
        return []
    chips = (("Filter for it", Filter(field, (value,))), ("Filter it out", Filter(field, (value,), negated=True)))
    return [(label, url) for label, chip in chips if fits_address(url := link(base.with_filter(chip)))]


def _question_links(field: str, value: str) -> list[tuple[str, str]]:
    if not (page := page_address(field, value)):
        return []
    links = [("Open its page", page)]
    if field == "user.id":
        links.append(("What other tokens was this user ever issued?", f"{page}#tokens"))
    if field in TOKENS:
        links += [(label, write_address(name, value)) for label, name in TOKEN_PAGES]
    return links


def build_rows(
    hits: Sequence[Hit],
    columns: Sequence[str],
    base: Search | None = None,
    link: Link | None = None,
    kinds_by_event: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[EventRow]:
    """Events as rows of a table; `kinds_by_event` says in which ways each is a first one."""
    signatures = judge_records(hits)
    return [
        EventRow(
            event_id=hit.event_id,
            url=write_address("event_detail", hit.event_id),
            cells=tuple(build_cell(name, get(hit.document, name), base, link) for name in columns),
            badges=build_badges(kinds_by_event.get(hit.event_id, ())),
            signature=signatures.get(hit.event_id),
        )
        for hit in hits
    ]


def build_fields(document: dict[str, Any]) -> list[tuple[str, EventCell]]:
    """Each field of an event with its value, in the schema's order, several identifiers of one field one by one; the source
    record is shown apart."""
    values = {name: value for name, value in flatten(document) if name not in ("raw", "event.original")}
    order = {name: number for number, name in enumerate(BY_NAME)}
    names = sorted(values, key=lambda name: order.get(name, len(order)))
    return [
        (name, with_whole_time(build_cell(name, value)))
        for name in names
        for value in (values[name] if isinstance(values[name], list) and name in IDENTIFIERS else [values[name]])
    ]


def with_whole_time(cell: EventCell) -> EventCell:
    """A cell of an opened event: its times to the nanosecond."""
    return replace(cell, kind="whole time") if cell.kind == "time" else cell
