"""Firsts as a page shows them: marks of events, and which firsts a search can be narrowed to. Nothing here asks the trail."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from trail.pairing import BY_NAME, FIELD, PAIRINGS
from trail.search.novelty import Covered, Firsts
from trail.search.spec import Filter, Search


@dataclass(frozen=True, slots=True)
class Mark:
    """In which ways an event is a first of a user or of a token: a word for it, and what that means."""

    label: str
    help: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Firsts of one kind beside a search: how many there are, and where the search for them alone is, or the one without."""

    mark: Mark
    count: int
    url: str
    active: bool


def marks(kinds: Iterable[str]) -> tuple[Mark, ...]:
    """The marks of an event that is a first of these kinds: one for the user, one for the token."""
    known = [one for kind in kinds if (one := BY_NAME.get(kind))]
    found = []
    for whose, ours in groupby(sorted(known, key=attrgetter("left")), attrgetter("whose")):
        mine = list(ours)
        what = ", ".join(one.what for one in mine)
        found.append(Mark(f"{whose}: new {what}", " ".join(one.help for one in mine)))
    return tuple(reversed(found))


def offers(firsts: Firsts, search: Search, link: Callable[[Search], str]) -> list[Offer]:
    """The kinds of firsts that there are among what a search found, and those it is narrowed to."""
    found = []
    for pairing in PAIRINGS:
        chip = Filter(FIELD, (pairing.name,))
        active, count = chip in search.filters, firsts.counts.get(pairing.name, 0)
        if active or count:
            url = link(search.without_filter(chip) if active else search.with_filter(chip))
            found.append(Offer(Mark(pairing.label, pairing.help), count, url, active))
    return found


def note(covered: Covered, now: datetime) -> str:
    """What a page has to say of how far its marks go; nothing where that is to the present."""
    if not covered.is_late(now):
        return ""
    if covered.until is None:
        return "Which events are firsts is not known yet."
    return f"Firsts are known among the events that had arrived by {covered.until[:19]}Z."
