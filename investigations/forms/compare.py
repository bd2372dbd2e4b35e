"""Two searches in one address: the left one's words begin with `a.`, the right one's with `b.`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from investigations import timespans
from investigations.forms.search import refuse_secrets
from investigations.models import ShortLink
from investigations.timespans import Span
from trail.errors import BadQuery
from trail.moments import text_of
from trail.search.spec import Filter, Search

LEFT, RIGHT = "a.", "b."
_LINK = re.compile(r"([0-9a-z]{10})/?$")


@dataclass(frozen=True, slots=True)
class Sides:
    """Both searches, or what is wrong with the address of them. Neither is there when nothing was asked."""

    left: Search | None = None
    right: Search | None = None
    problem: str = ""


def read(query: QueryDict) -> Sides:
    """What an address compares. `field`, `a` and `b` stand for two values of one field in all of history."""
    try:
        refuse_secrets(query)
        field, one, other = (query.get(name, "") for name in ("field", "a", "b"))
        if field and one and other:
            return Sides(Search(filters=(Filter(field, (one,)),)), Search(filters=(Filter(field, (other,)),)))
        if not any(name[:2] in (LEFT, RIGHT) and query.get(name) for name in query):
            return Sides()
        return Sides(_side(query, LEFT), _side(query, RIGHT))
    except BadQuery as error:
        return Sides(problem=error.message)


def _side(query: QueryDict, prefix: str) -> Search:
    """One side; a short link of it counts for all of its words."""
    if found := _LINK.search(query.get(f"{prefix}link", "").strip()):
        link = ShortLink.objects.filter(public_id=found[1]).first()
        if link is None:
            raise BadQuery(f"There is no short link {found[1]}.", 0)
        return Search.from_json(link.search)
    return Search.from_query({name[2:]: query.getlist(name) for name in query if name.startswith(prefix)})


def address(left: Search, right: Search) -> str:
    """The page that sets these two side by side."""
    words: dict[str, list[str]] = {}
    for prefix, search in ((LEFT, left), (RIGHT, right)):
        asked = replace(search, columns=Search().columns, sort=Search().sort)
        # Also of a search for everything there is a word, so that its side is not taken for a blank.
        found: Mapping[str, list[str]] = asked.to_query() or {"to": ["now"]}
        words |= {f"{prefix}{name}": list(values) for name, values in found.items()}
    return f"{reverse('compare')}?{urlencode(words, doseq=True)}"


def with_the_time_before(search: Search, now: datetime) -> str | None:
    """The page that compares a search with the same of the time before, as long; None where its time has no beginning."""
    fixed = search.resolved(now)
    if not fixed.start:
        return None
    end = fixed.end or text_of(now)
    before, _ = Span(timespans.read(fixed.start), timespans.read(end)).earlier().words()
    return address(replace(fixed, start=before, end=fixed.start), replace(fixed, end=end))


def of_two_values(search: Search) -> list[tuple[str, str]]:
    """For each filter with two values, or two filters of one field: words and the page that compares the one with the other."""
    chips = [chip for chip in search.filters if chip.operator == "is" and not chip.negated and not chip.disabled]
    found = []
    for chip in chips:
        if len(chip.values) == 2:
            sides = [search.with_instead(chip, replace(chip, values=(value,))) for value in chip.values]
            found.append((" with ".join(chip.values), address(sides[0], sides[1])))
    for number, one in enumerate(chips):
        for other in chips[number + 1 :]:
            if one.field == other.field and len(one.values) == len(other.values) == 1:
                words = f"{one.values[0]} with {other.values[0]}"
                found.append((words, address(search.without_filter(other), search.without_filter(one))))
    return found
