"""Writes times, identifiers, sizes and what else every page shows, by name."""

import json
from typing import Any

from django import template
from django.template.defaultfilters import linebreaksbr, pluralize
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.roles import may_investigate
from core.forms import join_lines
from investigations.evidence.forms import AbsenceForm
from investigations.presentation import cells, times
from investigations.presentation.cell_markup import shorten, write_cell
from investigations.presentation.cells import build_cell
from investigations.presentation.identifiers import page_address
from investigations.working_case import read_chosen_case
from trail.integrity import signed_note
from trail.search.execute import Page
from trail.search.spec import Search

register = template.Library()


@register.simple_tag
def value(field: str, text: Any) -> SafeString:
    """A field's value with its look and, for an identifier, its questions. Stands in a sentence, so no space around it."""
    if isinstance(text, list):
        return format_html_join(", ", "{}", ((write_cell(build_cell(field, each)),) for each in text))
    return write_cell(build_cell(field, text))


@register.simple_tag
def page_link(field: str, value: Any) -> SafeString:
    """An identifier in a sentence: a link to its page, or the bare value where it has none; several of one event one by one."""
    if isinstance(value, list):
        return format_html_join(", ", "{}", ((page_link(field, each),) for each in value))
    text = cells.make_visible(str(value))
    address = page_address(field, str(value))
    if address is None:
        return format_html('<bdi class="id">{}</bdi>', text)
    return format_html('<a class="id" href="{}"><bdi>{}</bdi></a>', address, text)


@register.simple_tag
def time(value: Any, form: str = "sentence") -> SafeString:
    """A time in one of the forms of `presentation.times`; whole, and how long ago it was, on hover."""
    return times.build_time(value, form) if value else SafeString('<span class="none">never</span>')


@register.filter
def ago(value: Any) -> str:
    """How long ago a time was: `14 d ago`."""
    return times.format_ago(times.to_utc_text(value)) if value else "never"


@register.simple_tag
def search_title(page: Page | None) -> str:
    """What the tab of a search says: how many events it found, and whether a part of the trail is missing in that."""
    if not page:
        return "Search"
    events = f"{thousands(page.total)} event{pluralize(page.total)}"
    return f"Search: at least {events}, in part only" if page.missing else f"Search: {events}"


@register.inclusion_tag("components/_pin_absence.html", takes_context=True)
def pin_absence(context: template.Context, search: Search | None) -> dict[str, Any]:
    """What pins that a search found nothing; nothing for who pins nothing. The search is asked anew when it is pinned."""
    user = context["request"].user
    if search is None or not may_investigate(user):
        return {}
    words = urlencode(search.to_query(), doseq=True)
    form = AbsenceForm(user=user, initial={"search": words, "case": read_chosen_case(context["request"])})
    return {"absence": form, "csrf_token": context["csrf_token"]}


register.filter("short", shorten)
register.filter("written", write_cell)


@register.filter
def base64(data: bytes) -> str:
    """A hash as the log's formats write it."""
    return signed_note.encode(data)


@register.filter
def visible(text: Any) -> str:
    """A writer's text, with its invisible characters spelled out."""
    return cells.make_visible(str(text))


@register.filter
def lines(text: Any) -> SafeString:
    """What a person wrote, line by line, with its invisible characters spelled out; a browser's line end is none of these."""
    return SafeString(linebreaksbr(cells.make_visible(join_lines(str(text))), autoescape=True))


@register.filter
def pretty(value: Any) -> str:
    """JSON for people to read; half of a character, which no page can hold, by its number."""
    text = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return cells.make_visible(text)


@register.filter
def thousands(number: Any) -> str:
    """A number with its thousands apart; nothing for None, and for what is not there: Django has "" in its place."""
    return "" if number in (None, "") else f"{number:,}"


@register.filter
def percent(share: float) -> str:
    """A share of 1 in percent: 12.3 %, and never 0 for what is there."""
    return f"{share:.1%}" if share >= 0.001 or not share else "< 0.1%"
