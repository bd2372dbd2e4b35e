"""Builds what a page shows of events that are the first of their kind: badges, filters, and how far they are known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from trail.pairs import FIRST_SEEN_FIELD, PAIR_BY_NAME, PAIRS
from trail.search.bodies.first_seen import FirstSeen, FirstSeenCoverage
from trail.search.spec import Filter, Search


@dataclass(frozen=True, slots=True)
class FirstSeenBadge:
    """What is seen for the first time with a user or a token: a few words for it, and what they mean."""

    label: str
    help: str


@dataclass(frozen=True, slots=True)
class FirstSeenFilter:
    """Events of one kind of first that a search finds: how many, and the search for them alone, or the one without."""

    badge: FirstSeenBadge
    count: int
    share: int
    url: str
    active: bool


def build_badges(kinds: Iterable[str]) -> tuple[FirstSeenBadge, ...]:
    """The badges of an event that is a first of these kinds: one for the user, one for the token."""
    pairs = sorted((pair for kind in kinds if (pair := PAIR_BY_NAME.get(kind))), key=attrgetter("left"))
    badges = []
    for whose, group in groupby(pairs, attrgetter("whose")):
        pairs_of_one = list(group)
        new = ", ".join(pair.what for pair in pairs_of_one)
        badges.append(FirstSeenBadge(f"{whose}: new {new}", " ".join(pair.help for pair in pairs_of_one)))
    return tuple(reversed(badges))


def build_filters(
    firsts: FirstSeen, total: int, search: Search, link: Callable[[Search], str]
) -> list[FirstSeenFilter]:
    """The kinds of firsts that there are among what a search found, and those it is narrowed to."""
    filters = []
    for pair in PAIRS:
        chip = Filter(FIRST_SEEN_FIELD, (pair.name,))
        active, count = chip in search.filters, firsts.counts.get(pair.name, 0)
        if active or count:
            share = min(round(count * 100 / total), 100) if total else 0
            url = link(search.without_filter(chip) if active else search.with_filter(chip))
            filters.append(FirstSeenFilter(FirstSeenBadge(pair.label, pair.help), count, share, url, active))
    return filters


def describe_coverage(covered: FirstSeenCoverage, now: datetime) -> str:
    """The sentence about how far first seen is known; empty where that is to the present."""
    if not covered.is_late(now):
        return ""
    if covered.until is None:
        return "What is first seen is not known yet."
    return f"What is first seen is known among the events that had arrived by {covered.until[:19]}Z."
