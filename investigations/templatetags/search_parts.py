"""Writes the many small parts of a search page as one text each: a template would take a node for every value of them."""

import re
from collections.abc import Iterable
from functools import cache
from html import escape
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString

from core.addresses import write_address
from investigations.presentation.cells import make_visible
from investigations.presentation.columns import ColumnHead
from investigations.presentation.event_rows import TableRow
from investigations.presentation.sidebar import FacetSection, FacetValue
from trail.questions.revocations import Revocation
from trail.search.bodies.field_statistics import LISTABLE

register = template.Library()


_BETWEEN_TAGS = re.compile(r">\s{2,}<")


@register.simple_block_tag
def compact(content: str) -> SafeString:
    """A part of a page without its indentation: white space between tags is one space. Not for preformatted text."""
    return SafeString(_BETWEEN_TAGS.sub("> <", content))


@register.filter
def facet_values(values: Iterable[FacetValue]) -> SafeString:
    """The values as items of a list: a link that filters for each, and the button that filters it out."""
    return SafeString("".join(map(_write_value, values)))


@register.simple_tag
def facet_head(facet: FacetSection, query: str) -> SafeString:
    """The name of a field, and the way to all of its values; `query` is the search, to which one more parameter is written."""
    name = escape(facet.name)
    address = escape(f"{write_address('field_statistics')}{query}field={quote(facet.name, safe='/')}")
    return SafeString(
        f'<h2 title="{name}">{escape(facet.label)}<a href="{address}" data-statistics hx-boost="false"'
        f' aria-label="All values of {name}">{"more" if facet.others else "all"}</a></h2>'
    )


def _write_value(value: FacetValue) -> str:
    item, link = (' class="is-active"', ' aria-current="true"') if value.active else ("", "")
    button = "" if value.active else _write_button(value)
    return (
        f'<li{item}><a class="facet__value" href="{escape(value.include)}"{link}>'
        f'<svg aria-hidden="true"><rect width="{value.share}%"/></svg><bdi>{escape(make_visible(value.shown))}</bdi>'
        f" <b>{value.count:,}</b></a>{button}</li>"
    )


def _write_button(value: FacetValue) -> str:
    label = f"Filter out {escape(make_visible(value.value))}"
    return f'<button form="narrow-form" name="f" value="{escape(value.chip)}" aria-label="{label}">−</button>'


@register.simple_tag
def event_head(head: ColumnHead, look: str = "", zone: str = "") -> SafeString:
    """The head of a column: its name sorts by it; what else can be done with it is fetched."""
    name, menu = escape(head.name), escape(head.menu)
    classes = f' class="{look}"' if look else ""
    order = f' aria-sort="{head.direction}ending"' if head.direction else ""
    return SafeString(
        f'<th scope="col" data-column="{name}"{classes}{order}><div class="head">{_write_name(head, zone)}'
        f'<details class="pivot head__menu"><summary aria-label="Column {name}">⋮</summary>'
        f'<div class="pivot__menu"><a href="{menu}" hx-boost="false" data-head-menu>What can be done with it</a></div></details>'
        "</div></th>"
    )


def _write_name(head: ColumnHead, zone: str) -> str:
    title, label = escape(f"{head.name}: {head.help}"), escape(head.label)
    if not head.toggled:
        return f'<span class="head__name" title="{title}">{label}</span>'
    sign = {"asc": "↑", "desc": "↓"}.get(head.direction or "", "")
    arrow = f' <span aria-hidden="true">{sign}</span>' if sign else ""
    return f'<a class="head__name" href="{escape(head.toggled)}" title="{title}">{label}{escape(zone)}{arrow}</a>'


@register.filter
def stretches(rows: Iterable[TableRow]) -> list[tuple[tuple[Revocation, ...], SafeString]]:
    """Rows without a line between them as one text, each after the lines that stand above it."""
    parts: list[tuple[tuple[Revocation, ...], list[str]]] = []
    for row in rows:
        if row.lines or not parts:
            parts.append((row.lines, []))
        parts[-1][1].append(row.markup)
    return [(lines, SafeString("".join(markup))) for lines, markup in parts]


@register.simple_tag
@cache
def listable_fields() -> SafeString:
    """Every field whose values can be listed, as options."""
    return SafeString("".join(f"<option>{escape(name)}</option>" for name in LISTABLE))
