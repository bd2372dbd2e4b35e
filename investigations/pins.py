"""Filters that a person has pinned: they stay when another search is begun, until they are taken off. Kept in the session.

A pin is the person's own: `^` in somebody else's address pins nothing here, and what is pinned here is never added to an
address that says what it asks for. It is added where a search is begun: at the bare page, from an identifier, from the library.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from investigations.errors import Refused
from trail.errors import BadQuery
from trail.search.spec import Filter, Search

KEY = "pinned"
MOST = 12
MOST_CHARACTERS = 4_000  # together with a query they still fit into an address


def held(session: SessionBase) -> tuple[Filter, ...]:
    """The filters that are pinned, with whether each is turned round or set aside."""
    return tuple(_understood(session.get(KEY, ())))


def _understood(kept: Iterable[str]) -> Iterable[Filter]:
    for text in kept:
        try:
            yield Filter.parse(text)
        except BadQuery:
            continue  # of a field that there is no longer


def change(session: SessionBase, old: Filter | None, new: Filter | None) -> None:
    """Hold `new` in the place of `old`, if it is pinned. Raises Refused beyond what an address can carry."""
    now = list(held(session))
    at = now.index(old) if old in now else len(now)
    now[at : at + 1] = [new] if new is not None and new.pinned else []
    kept = [str(one) for one in dict.fromkeys(now)]
    if len(kept) > MOST or sum(map(len, kept)) > MOST_CHARACTERS:
        raise Refused("So much cannot be pinned: an address has to hold it all. Unpin another filter first.")
    session[KEY] = kept


def begins(query: Mapping[str, Any]) -> bool:
    """Whether an address asks for nothing of its own, whatever case is worked in."""
    return set(query) <= {"case"}


def added(search: Search, session: SessionBase) -> Search:
    """A search that is begun, with what is pinned; what it asks itself of the same filter stays as it asks."""
    plain = {_bare(chip) for chip in search.filters}
    more = tuple(chip for chip in held(session) if _bare(chip) not in plain)
    return replace(search, filters=(*search.filters, *more))


def elsewhere(search: Search, session: SessionBase) -> tuple[Filter, ...]:
    """What is pinned and not in this search, which was not begun here."""
    return tuple(chip for chip in held(session) if chip not in search.filters)


def _bare(chip: Filter) -> Filter:
    return replace(chip, negated=False, disabled=False, pinned=False)
