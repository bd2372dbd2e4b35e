"""Reads and writes the addresses that compare two searches: the left one's words begin with `a.`, the right one's with `b.`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from investigations.models import ShortLink
from investigations.presentation.timespans import TimeRange
from investigations.search_url import refuse_secrets
from trail.errors import BadQuery
from trail.search.spec import Filter, Search
from trail.times import format_datetime, parse_time

LEFT, RIGHT = "a.", "b."
_LINK = re.compile(r"([0-9a-z]{10})/?$")


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """Both searches, or what is wrong with the address of them. Neither is there when nothing was asked."""

    left: Search | None = None
    right: Search | None = None
    problem: str = ""


def read_comparison_request(query: QueryDict) -> ComparisonRequest:
    """What an address compares. `field`, `a` and `b` stand for two values of one field in all of history. Never raises."""
    try:
        refuse_secrets(query)
        field, left, right = (query.get(name, "") for name in ("field", "a", "b"))
        if field and left and right:
            sides = [Search(filters=(Filter(field, (value,)),)) for value in (left, right)]
            return ComparisonRequest(left=sides[0], right=sides[1])
        if not any(name.startswith((LEFT, RIGHT)) and query.get(name) for name in query):
            return ComparisonRequest()
        return ComparisonRequest(left=_read_side(query, LEFT), right=_read_side(query, RIGHT))
    except BadQuery as error:
        return ComparisonRequest(problem=error.message)


def _read_side(query: QueryDict, prefix: str) -> Search:
    """One side; a short link of it counts for all of its words. Raises BadQuery."""
    if match := _LINK.search(query.get(f"{prefix}link", "").strip()):
        link = ShortLink.objects.filter(public_id=match[1]).first()
        if link is None:
            raise BadQuery(f"There is no short link {match[1]}.", 0)
        return Search.from_json(link.search)
    names = [name for name in query if name.startswith(prefix)]
    return Search.from_query({name.removeprefix(prefix): query.getlist(name) for name in names})


def comparison_address(left: Search, right: Search) -> str:
    """The address of the page that sets these two side by side."""
    parameters: dict[str, list[str]] = {}
    for prefix, search in ((LEFT, left), (RIGHT, right)):
        comparable = replace(search, columns=Search().columns, sort=Search().sort)
        # Also of a search for everything there is a word, so that its side is not taken for a blank.
        words: Mapping[str, list[str]] = comparable.to_query() or {"to": ["now"]}
        parameters |= {f"{prefix}{name}": list(values) for name, values in words.items()}
    return f"{reverse('compare')}?{urlencode(parameters, doseq=True)}"


def address_of_time_before(search: Search, now: datetime) -> str | None:
    """The page that compares a search with the same of the time before, as long; None where its time has no beginning."""
    absolute = search.resolved(now)
    if not absolute.start:
        return None
    end = absolute.end or format_datetime(now)
    shown = TimeRange(parse_time(absolute.start), parse_time(end))
    before, _ = shown.earlier().words()
    return comparison_address(replace(absolute, start=before, end=absolute.start), replace(absolute, end=end))


def addresses_of_two_values(search: Search) -> list[tuple[str, str]]:
    """For each filter with two values, or two filters of one field: words and the page that compares the one with the other."""
    chips = [chip for chip in search.filters if chip.operator == "is" and not chip.negated and not chip.disabled]
    addresses = []
    for chip in chips:
        if len(chip.values) == 2:
            left, right = (search.with_instead(chip, replace(chip, values=(value,))) for value in chip.values)
            addresses.append((" with ".join(chip.values), comparison_address(left, right)))
    for number, left_chip in enumerate(chips):
        for right_chip in chips[number + 1 :]:
            if left_chip.field == right_chip.field and len(left_chip.values) == len(right_chip.values) == 1:
                words = f"{left_chip.values[0]} with {right_chip.values[0]}"
                left, right = search.without_filter(right_chip), search.without_filter(left_chip)
                addresses.append((words, comparison_address(left, right)))
    return addresses
